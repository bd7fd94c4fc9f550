// What the Worker bundles as "@asteasolutions/zod-to-openapi": the same, given schemas where the routes have what stands for them
// (deferred.js). It adds nothing to zod when it is loaded: zod.js does, when zod is.
import * as original from "../../node_modules/@asteasolutions/zod-to-openapi/dist/index.mjs";
import { settled } from "./deferred.js";

export const { OpenAPIRegistry, getOpenApiMetadata } = original;
export class OpenApiGeneratorV31 extends original.OpenApiGeneratorV31 {
  constructor(definitions, options) {
    super(settled(definitions), options);
  }
}

// Nobody asks for 3.0.
export class OpenApiGeneratorV3 {}
export function extendZodWithOpenApi() {}
