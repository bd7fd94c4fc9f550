/** What is kept of a response besides its bytes: enough to judge it later by every rule of this room. */
import type { ExchangeTimes } from "./age.ts";
import type { FieldPairs } from "./fields.ts";
import type { ContentRange } from "./range.ts";
import type { Selection } from "./vary.ts";

export interface StoredResponse {
  /** Host, path and the query parameters that count, without scheme: what URL, prefix and host purges look at. */
  readonly target: string;
  /** The real status; a store may have to write another one. */
  readonly status: number;
  readonly statusText: string;
  /** The fields that may be reused, lower case. */
  readonly fields: FieldPairs;
  readonly times: ExchangeTimes;
  /** `Age` as it came; the field itself is written anew on every answer. */
  readonly initialAge: string | null;
  /** The purge epoch its fetch or latest validation began under. */
  readonly epoch: number;
  readonly tags: readonly string[];
  /** The request fields that selected it. */
  readonly selection: Selection;
  /** Which part of the representation the body is; null: all of it. */
  readonly range: ContentRange | null;
  /** The request carried `Authorization`; kept so that the rules can be asked again after a validation. */
  readonly authorized: boolean;
  /** The request carried cookies that are not in the key. */
  readonly cookied: boolean;
}
