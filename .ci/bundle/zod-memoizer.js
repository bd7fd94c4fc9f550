// In the place of zod's watch for values that refer to themselves, which zod does without where there is none: what the Worker
// parses was JSON or is written in the configuration, and neither can. 1 KB gzipped, and parsing is quicker.
export const memoizer = () => undefined;
export const isRecursiveSchema = () => false;
export const isBackEdge = () => false;
export class $ZodCyclicError extends Error {}
