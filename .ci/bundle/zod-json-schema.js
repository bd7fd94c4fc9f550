// In the place of what makes JSON Schemas of zod's schemas: zod ties it to every schema, and only `npm run docs` uses it,
// which does not run in the Worker. 6 KB gzipped.
const notBundled = () => () => {
  throw new Error("JSON Schemas are not bundled with the Worker");
};
export const createToJSONSchemaMethod = notBundled;
export const createStandardJSONSchemaMethod = notBundled;
