/** How a wrong field of a configuration is told: its path, what was expected and what came. */
import type { z } from "zod";

export interface ConfigProblem {
  /** The field, dotted: `services.demo.pools.eu.origins.0.weight`. */
  readonly path: string;
  /** The same as a JSON pointer in a URI fragment (RFC 6901 section 6): `#/services/demo/pools/eu`. */
  readonly pointer: string;
  readonly expected: string;
  /** What came, shortened. */
  readonly received: string;
}

type Issue = z.core.$ZodIssue;

/** Builds a problem from a path, an expectation and the value that was there. */
export function expectation(path: readonly PropertyKey[], expected: string, received: unknown): ConfigProblem {
  return { path: path.map(String).join("."), pointer: jsonPointer(path), expected, received: display(received) };
}

function jsonPointer(path: readonly PropertyKey[]): string {
  const escaped = path.map((key) => String(key).replaceAll("~", "~0").replaceAll("/", "~1"));
  return `#${escaped.map((key) => `/${encodeURIComponent(key)}`).join("")}`;
}

/**
 * ``Expected `weight` to be a number >= 0, got -1``.
 *
 * @param whole what the whole is called, where the problem is about no single field
 */
export function describeProblem(problem: ConfigProblem, whole = "config"): string {
  return `Expected \`${problem.path === "" ? whole : problem.path}\` to be ${problem.expected}, got ${problem.received}`;
}

/**
 * Turns zod's issues into problems, one a field.
 *
 * @param issues from a failed `safeParse`
 * @param input  the value that was parsed; what came is read from it
 */
export function problemsOf(issues: readonly Issue[], input: unknown): ConfigProblem[] {
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) =>
          expectation([...issue.path, key], "absent (no such field)", at(input, [...issue.path, key])),
        )
      : [expectation(issue.path, expectedBy(issue), at(input, issue.path))],
  );
}

/** What zod calls otherwise than people who write JSON. */
const KINDS: Readonly<Record<string, string>> = { int: "integer", record: "object" };

/** What zod says of a union that was given no words of its own. */
const UNWORDED = "Invalid input";

function expectedBy(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return withArticle(KINDS[issue.expected] ?? issue.expected);
    case "too_small":
      return bound(issue.origin, issue.inclusive === false ? ">" : ">=", issue.minimum);
    case "too_big":
      return bound(issue.origin, issue.inclusive === false ? "<" : "<=", issue.maximum);
    case "invalid_value":
      return (issue.values.length > 1 ? "one of " : "") + issue.values.map((value) => JSON.stringify(value)).join(", ");
    case "invalid_union":
      if (issue.message !== UNWORDED) return issue.message;
      return (
        [...new Set(issue.errors.flatMap((branch) => branch.slice(0, 1).map(expectedBy)))].join(" or ") || issue.message
      );
    case "invalid_key":
      return `named by ${issue.issues.map(expectedBy).join(" and ")}`;
    case "invalid_format":
      return issue.format === "regex" || issue.format === "starts_with" ? issue.message : `a valid ${issue.format}`;
    default:
      return issue.message;
  }
}

function bound(origin: string, sign: string, limit: number | bigint): string {
  if (origin === "string") return `a string of ${sign} ${limit} characters`;
  if (origin === "array") return `a list of ${sign} ${limit} elements`;
  return `a number ${sign} ${limit}`;
}

function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const key of path) here = typeof here === "object" && here !== null ? Reflect.get(here, key) : undefined;
  return here;
}

function display(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number") return String(value);
  const text = asJson(value) ?? withArticle(typeof value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** undefined for what JSON has no word for: a function, a bigint, an object that contains itself. */
function asJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
