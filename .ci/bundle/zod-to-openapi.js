// What the Worker bundles as "@asteasolutions/zod-to-openapi": the same, given schemas where the routes have what stands for them
// (deferred.js). It adds nothing to zod when it is loaded: zod-used.js does.
import { OpenApiGeneratorV31 as Original } from "../../node_modules/@asteasolutions/zod-to-openapi/dist/index.mjs";
import { settled } from "./deferred.js";

export { OpenAPIRegistry, getOpenApiMetadata } from "../../node_modules/@asteasolutions/zod-to-openapi/dist/index.mjs";

export class OpenApiGeneratorV31 extends Original {
  constructor(definitions, options) {
    super(settled(definitions), options);
  }
}

// Nobody asks for 3.0.
export function OpenApiGeneratorV3() {}
export function extendZodWithOpenApi() {}
