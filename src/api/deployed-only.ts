/** What a change at runtime may not touch: it decides who may make one, and where hubs are. */
export const DEPLOYED_ONLY = ["admin", "regions", "registration"] as const;
