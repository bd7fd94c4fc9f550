/** The words that steering and its rules share in the configuration: policies, keys, countries, lists of pools. */
import * as z from "zod";
import { idSchema } from "./id.ts";

const POLICY_NAMES = [
  "failover",
  "round-robin",
  "weighted-round-robin",
  "random",
  "weighted-random",
  "least-outstanding",
  "least-connections",
  "least-response-time",
  "latency",
  "proximity",
  "geo",
  "consistent-hash",
  "maglev",
  "rendezvous",
  "health-aware",
  "adaptive",
] as const;

export type PolicyName = (typeof POLICY_NAMES)[number];

export const policySchema = z.enum(POLICY_NAMES);

/** Where the key of a request comes from. */
export const hashKeySchema = z
  .string()
  .regex(
    /^(?:ip|path|(?:header|cookie|query|jwt):[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/,
    '"ip", "path", "header:<name>", "cookie:<name>", "query:<name>" or "jwt:<claim>"',
  );

export const poolListSchema = z.array(idSchema).min(1);
export const countrySchema = z
  .string()
  .regex(/^[A-Z][A-Z0-9]$/, "a country code of two capital letters (ISO 3166-1, or T1 for Tor)");
