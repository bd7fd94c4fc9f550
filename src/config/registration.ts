/** What the configuration says of origins that register themselves at runtime. */
import { about } from "#about";
import * as z from "zod";
import { REGISTRATION_PATTERN } from "./registration-pattern.ts";

export const registrationSchema = z.strictObject({
  allow: z
    .array(
      z
        .string()
        .regex(
          REGISTRATION_PATTERN,
          'scheme and host, optionally port and path prefix: "https://*.origins.example.com:8443/app"',
        ),
    )
    .default([])
    .meta(
      about(
        'URLs that may register: scheme and host ("*." stands for one label or more), the scheme\'s own port unless one is given, below the path if one is given. Empty: none may.',
      ),
    ),
});
