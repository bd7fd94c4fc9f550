/** Who is asking and what they may do. */
import type { Scope } from "../config/scope.ts";

export interface Principal {
  /** As the audit log names them: `token:ops`, `access:ann@example.com`. */
  readonly name: string;
  readonly scopes: readonly Scope[];
}

/** Whether a principal may do what asks for `scope`. `admin` may do everything; no other scope includes another. */
export function mayDo(principal: Principal, scope: Scope): boolean {
  return principal.scopes.includes(scope) || principal.scopes.includes("admin");
}
