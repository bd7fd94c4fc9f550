/** What a service may say about sessions: what tells them apart, where they stay, for how long, and when they move. */
import { about } from "#about";
import * as z from "zod";
import { fieldNameSchema } from "./header.ts";
import { idSchema } from "./id.ts";

const MAX_SECONDS = 2_592_000;

const cookieSchema = z.strictObject({
  name: fieldNameSchema
    .max(64)
    .default("__Host-fairlead")
    .meta(
      about(
        "Name of the cookie. Browsers hold a name that starts with `__Host-` to `secure`, no `domain`, and https; for plain http on a local machine choose another name and `secure: false`.",
      ),
    ),
  sameSite: z
    .enum(["Lax", "Strict", "None"])
    .default("Lax")
    .meta(about("When browsers send it along with requests from other sites.")),
  secure: z.boolean().default(true).meta(about("Sent over https only.")),
  domain: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, "a domain in lower case, without a leading dot")
    .optional()
    .meta(about("Hosts under this domain share the cookie. Absent: only the host that set it.")),
  partitioned: z
    .boolean()
    .default(false)
    .meta(about("Kept apart for each top-level site that embeds the service (CHIPS).")),
});

export const affinitySchema = z
  .strictObject({
    mode: z
      .enum(["cookie", "ip-cookie", "header", "ip", "jwt", "query", "none"])
      .default("cookie")
      .meta(
        about(
          "What tells sessions apart. `cookie`: one that Fairlead sets and signs with the secret `SESSION_SECRET`; costs no Durable Object call. `ip-cookie`: the same, and clients that do not keep it stay by address. `header`, `query`: the field or parameter `name`. `ip`: the client's address. `jwt`: a claim of the bearer token, not verified. Requests without the key have no session. `none`: off.",
        ),
      ),
    name: z
      .string()
      .min(1)
      .max(128)
      .optional()
      .meta(about("The request field (`header`) or query parameter (`query`) that names the session.")),
    claim: z.string().min(1).default("sub").meta(about("The claim that names the session, with `jwt`.")),
    ttlSeconds: z
      .int()
      .min(1)
      .max(MAX_SECONDS)
      .default(82_800)
      .meta(about("A session ends so long after it began, in seconds.")),
    idleSeconds: z
      .int()
      .min(1)
      .max(MAX_SECONDS)
      .default(1_800)
      .meta(
        about(
          "With `sliding`: a session ends so long after its last request, in seconds. Renewals are spared for a tenth of it.",
        ),
      ),
    sliding: z
      .boolean()
      .default(true)
      .meta(about("Requests prolong the session, up to `ttlSeconds`. Without it only `ttlSeconds` counts.")),
    onUnavailable: z
      .enum(["temporary", "sticky", "none"])
      .default("temporary")
      .meta(
        about(
          "What happens to a session whose origin is out. `temporary`: served elsewhere until it is back. `sticky`: moves for good. `none`: 503.",
        ),
      ),
    drainSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(300)
      .meta(
        about(
          "How long a draining origin keeps its sessions, in seconds; afterwards its WebSockets are closed with 1012, spread over a moment. 0: not at all; WebSockets then pass without a relay through the Worker.",
        ),
      ),
    scope: z
      .enum(["origin", "pool"])
      .default("origin")
      .meta(about("Where a session stays: on one origin, or within one pool whose policy chooses each time.")),
    group: idSchema
      .optional()
      .meta(
        about(
          "Services of one group put a user on pools of the same name. They must tell sessions apart in the same way, and in cookie mode share the cookie.",
        ),
      ),
    cookie: cookieSchema.prefault({}).meta(about("The cookie of `cookie` and `ip-cookie`.")),
  })
  .meta(about("Sessions that stay where they began."));

export type AffinityConfig = z.output<typeof affinitySchema>;
export type AffinityCookie = AffinityConfig["cookie"];
