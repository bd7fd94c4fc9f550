/** The priority levels; apart from their schema, so that the request path does not load it. */

/** From the last to be turned away to the first. */
export const PRIORITIES = ["critical", "high", "normal", "low", "background"] as const;
