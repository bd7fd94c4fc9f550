/** Everything on, sessions included: what calls are counted with, and what the textbook design is measured against. */
import { affinitySchema } from "../../src/config/affinity.ts";
import type { Config } from "../../src/config/schema.ts";
import fairleadConfig from "../hot-path/fairlead.config.ts";

const SERVICE = "bench";

const COOKIE = "home";

/** The configuration of the hot path with a session's cookie on. */
export function everythingOn(): Config {
  const service = fairleadConfig.services[SERVICE]!;
  const affinity = affinitySchema.parse({ mode: "cookie", cookie: { name: COOKIE, secure: false } });
  return { ...fairleadConfig, services: { [SERVICE]: { ...service, affinity } } };
}

/** What cookies are signed with, as a variable of the Worker. */
export const SESSION_SECRETS = { SESSION_SECRET: "a secret for benches that is long enough" };
