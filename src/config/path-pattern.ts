/** How a configuration writes the paths that it is about: as requests' paths are compared, or no request would ever match. */
import * as z from "zod";

/**
 * A path after RFC 3986 sections 6.2.2.1 to 6.2.2.3, its stars left alone: no character that a URL has escaped only, escapes in
 * capitals and of nothing that needs none, no dot segment. A limit on `/admin%2f*` or `/café` would hold for nobody.
 */
const COMPARABLE =
  /^(?!.*\/\.\.?(?:\/|$))(?:[\w.~!$&'()*+,;=:@/-]|%(?!2[DE]|3\d|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])[\dA-F]{2})*$/;

const COMPARABLE_WORDS =
  'a path as requests are compared: in ASCII, escapes in capitals and only where needed ("%2F", "~"), no "." or ".." segment';

const PATTERN = { error: 'a path that starts with "/", optionally ending in "*"', abort: true };

/** An exact path, or what comes before a final star. */
export const pathPatternSchema = z
  .string()
  .regex(/^\/[^?#*]*\*?$/, PATTERN)
  .regex(COMPARABLE, COMPARABLE_WORDS);

const STARRED = { error: 'a path that starts with "/" or "*"; "*" stands for anything', abort: true };

/** A path in which each star stands for any run of characters. */
export const starredPathSchema = z
  .string()
  .regex(/^[/*][^?#]*$/, STARRED)
  .regex(COMPARABLE, COMPARABLE_WORDS);
