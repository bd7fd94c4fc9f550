// What the Worker bundles as "@hono/zod-validator": a validator looks at its schema when it is made, and that would make the schema
// (deferred.js): here both are made for the first request to validate.
import { zValidator as original } from "../../node_modules/@hono/zod-validator/dist/index.mjs";
import { settled } from "./deferred.js";

export function zValidator(target, schema, hook) {
  let validator;
  return (c, next) => (validator ??= original(target, settled(schema), hook))(c, next);
}
