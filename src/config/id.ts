/** What an id may look like. */
import * as z from "zod";

/** Ids are part of Durable Object names, metric labels and API paths, so they stay plain. */
export const ID_SHAPE = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;

export const idSchema = z
  .string()
  .regex(ID_SHAPE, "a lower-case id: letters, digits, dot, dash, underscore, at most 64 characters");
