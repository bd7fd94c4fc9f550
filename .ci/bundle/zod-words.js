// In the place of zod's English: src/config/problem.ts says what was expected, and asks zod only for what is here. 1 KB gzipped.
function wordsFor({ code, format, pattern, prefix }) {
  if (code !== "invalid_format") return "Invalid input";
  return `Invalid string: must ${format === "starts_with" ? `start with "${prefix}"` : `match pattern ${pattern}`}`;
}

/** As zod's own locales are made. */
export const words = () => ({ localeError: wordsFor });
