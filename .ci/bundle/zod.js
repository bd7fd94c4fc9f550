// What the Worker bundles as "zod" (wrangler.toml, `alias`): all of it by name, so that what nobody uses is left out,
// and as `z` only what @hono/zod-openapi extends. Its `import { z }` would otherwise bring every translation: 50 KB gzipped.
export * from "../../node_modules/zod/index.js";
export * as z from "./zod-type.js";
