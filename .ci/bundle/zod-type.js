// The part of zod to which @hono/zod-openapi adds its `openapi` method.
export { ZodType } from "../../node_modules/zod/index.js";
