/** Turns what the schemas found wrong with a request into one problem that names every field. */
import type { Hook } from "@hono/zod-openapi";
import { describeProblem, expectation, problemsOf, type ConfigProblem } from "../config/problem.ts";
import { ApiProblem, type FieldError } from "./problem.ts";
import type { ApiEnv } from "./system.ts";

/** For every route of the control plane. */
// eslint-disable-next-line typescript/no-explicit-any -- the hook is asked about every route's input and answer.
export const refuseInvalid: Hook<any, ApiEnv, any, any> = (result) => {
  if (result.success) return;
  const inBody = result.target === "json";
  const problems = problemsOf(result.error.issues, Reflect.get(result, "data"));
  throw invalid(problems.map((problem) => fieldError(problem, inBody)));
};

/** A problem about one member of the body that the schema has nothing against. */
export function wrongMember(path: readonly PropertyKey[], expected: string, received: unknown): ApiProblem {
  return invalid([fieldError(expectation(path, expected, received), true)]);
}

/** A problem about fields. */
export function invalid(errors: readonly FieldError[]): ApiProblem {
  const [first, ...more] = errors;
  const detail = `${first?.detail ?? "The request is not valid"}${more.length > 0 ? ` (and ${more.length} more)` : ""}.`;
  return new ApiProblem("not-valid", detail, { errors });
}

/** One wrong field of a body, or one wrong parameter. */
export function fieldError(problem: ConfigProblem, inBody: boolean): FieldError {
  const detail = describeProblem(problem, inBody ? "body" : "request");
  return inBody ? { pointer: problem.pointer, detail } : { parameter: problem.path.split(".")[0]!, detail };
}
