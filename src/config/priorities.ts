/** What the configuration may say of priority levels: which requests matter more when not all can be served. */
import { about } from "#about";
import * as z from "zod";
import { fieldNameSchema } from "./header.ts";
import { PRIORITIES } from "./priority-levels.ts";
import { pathPatternSchema } from "./path-pattern.ts";

export const prioritySchema = z.enum(PRIORITIES);

export type Priority = z.output<typeof prioritySchema>;

const ruleSchema = z.strictObject({
  level: prioritySchema.meta(about("The level of requests that fit all of the following.")),
  paths: z.array(pathPatternSchema).default([]).meta(about("Paths it is for. Empty: all.")),
  header: z
    .strictObject({
      name: fieldNameSchema.meta(about("Name of the field.")),
      value: z.string().optional().meta(about("Its value, exactly. Without it: the field is there.")),
    })
    .optional()
    .meta(about("A request field. Anyone can send it: strip it at the client's edge if that matters.")),
  claim: z
    .strictObject({
      name: z.string().min(1).meta(about("Name of the claim.")),
      value: z.string().optional().meta(about("Its value, exactly. Without it: the claim is there.")),
    })
    .optional()
    .meta(about("A claim of a JWT verified as `auth` says.")),
});

export const prioritiesSchema = z.strictObject({
  rules: z.array(ruleSchema).max(100).default([]).meta(about("The first that fits a request decides.")),
  default: prioritySchema
    .optional()
    .meta(
      about("The level of requests that no rule fits. Without it: that of the limits that count them, else `normal`."),
    ),
});

export type PrioritiesConfig = z.output<typeof prioritiesSchema>;
