/** What an operator may be allowed to do with the control plane. */

export const SCOPES = ["read", "operate", "purge", "config", "audit", "admin"] as const;

/**
 * - `read`: see configuration, state and figures
 * - `operate`: drain, weigh, steer, trip and recover: overrides on what is configured
 * - `purge`: purge and warm the cache
 * - `config`: change the configuration, roll it back, register origins
 * - `audit`: read who did what
 * - `admin`: everything, resets included
 */
export type Scope = (typeof SCOPES)[number];
