/** What the configuration may say of who a client is: how its JWT is verified. */
import { about } from "#about";
import * as z from "zod";
import { fieldNameSchema } from "./header.ts";

const ALGORITHMS = [
  "HS256",
  "HS384",
  "HS512",
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const;

const jwtSchema = z.strictObject({
  jwks: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta(about("Where the issuer publishes its keys (RFC 7517). This or `secret`.")),
  secret: z
    .string()
    .min(1)
    .optional()
    .meta(about("Name of the Worker secret that tokens are signed with (HS256 and so on). This or `jwks`.")),
  algorithms: z
    .array(z.enum(ALGORITHMS))
    .min(1)
    .optional()
    .meta(about("Signatures accepted. Default: HS256 with `secret`, RS256, ES256 and EdDSA with `jwks`.")),
  issuer: z.string().min(1).optional().meta(about("The `iss` a token must have.")),
  audience: z.string().min(1).optional().meta(about("The `aud` a token must have.")),
  header: fieldNameSchema
    .default("Authorization")
    .meta(about("The field that carries the token, with or without `Bearer`.")),
  clockToleranceSeconds: z
    .int()
    .min(0)
    .max(300)
    .default(5)
    .meta(about("How far the issuer's clock may be off, in seconds.")),
});

export const authSchema = z.strictObject({
  jwt: jwtSchema.meta(about("How a JSON Web Token is verified. Its claims count only if it passes.")),
});

export type JwtConfig = z.output<typeof jwtSchema>;
