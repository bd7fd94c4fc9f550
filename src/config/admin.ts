/** What the configuration says of the control plane: where it answers and whom it trusts besides its tokens. */
import { about } from "#about";
import * as z from "zod";
import { SCOPES } from "./scope.ts";

const adminHostSchema = z
  .string()
  .regex(/^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, 'a host in lower case without port: exact or "*.example.com"');

const grantSchema = z.strictObject({
  emails: z
    .array(z.string().regex(/^(?:\*|[^@\s*]+)@[^@\s*]+$/, 'an e-mail address, or "*@example.com"'))
    .default([])
    .meta(about('People, by e-mail address; "*@example.com" is everybody there.')),
  serviceTokens: z
    .array(z.string().min(1))
    .default([])
    .meta(about("Access service tokens, by client id (`common_name`).")),
  scopes: z.array(z.enum(SCOPES)).min(1).meta(about("What they may do.")),
});

const accessSchema = z.strictObject({
  team: z
    .string()
    .regex(/^[a-z0-9-]+$/, "the team name: what comes before .cloudflareaccess.com")
    .meta(about("Your Zero Trust team: `<team>.cloudflareaccess.com` issues and signs the tokens.")),
  audience: z.string().min(1).meta(about("The Access application's audience (AUD) tag.")),
  grants: z
    .array(grantSchema)
    .default([])
    .meta(about("Who may do what; all that match add up. Nobody listed: nobody let in.")),
});

export const adminSchema = z.strictObject({
  hosts: z
    .array(adminHostSchema)
    .default(["localhost", "127.0.0.1", "*.workers.dev"])
    .meta(about("Hosts that reach the control plane, where no service matches.")),
  access: accessSchema
    .optional()
    .meta(about("Cloudflare Access in front of the admin hosts; its identities are let in beside the tokens.")),
  corsOrigins: z
    .array(z.url({ protocol: /^https?$/ }).regex(/^https?:\/\/[^/]+$/, "an origin: scheme, host and port, no path"))
    .default([])
    .meta(about("Web origins whose pages may call the API from a browser. Empty: none but its own.")),
});

export type AdminConfig = z.output<typeof adminSchema>;
export type AccessConfig = NonNullable<AdminConfig["access"]>;
