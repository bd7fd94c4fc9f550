// What the Worker bundles in place of src/config/about.ts: an empty function, so that esbuild drops its calls, words and all.
export function about() {}
