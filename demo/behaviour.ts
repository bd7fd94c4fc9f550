/** How an origin can misbehave, what may be said about it, and which requests it concerns. */

const MODES = ["ok", "error", "slow", "hang", "reset", "down"] as const;
const RESET_POINTS = ["head", "body"] as const;

export interface Behaviour {
  /**
   * `ok`: answers. `error`: answers `status`. `slow`: waits `delayMs` longer, then answers. `hang`: takes the request and never answers.
   * `reset`: resets the TCP connection. `down`: nobody listens on the port, and open connections are destroyed.
   */
  readonly mode: (typeof MODES)[number];
  /** What `error` answers, 400 to 599. */
  readonly status: number;
  /** How much longer `slow` takes, in ms. */
  readonly delayMs: number;
  /** Share of requests affected, 0 to 1; the others are answered. `down` concerns the listener, so all. */
  readonly rate: number;
  /** Where `reset` happens: before any byte of the answer, or after the head and half of the body. */
  readonly at: (typeof RESET_POINTS)[number];
}

export const HEALTHY: Behaviour = { mode: "ok", status: 503, delayMs: 2000, rate: 1, at: "body" };

/** A field of a behaviour that cannot be taken. */
export interface BehaviourProblem {
  readonly field: string;
  readonly expected: string;
  readonly received: unknown;
}

interface Rule {
  readonly expected: string;
  accepts(value: unknown): boolean;
}

const RULES: Readonly<Record<keyof Behaviour, Rule>> = {
  mode: oneOf(MODES),
  status: between("an integer", 400, 599, Number.isInteger),
  delayMs: between("a number", 0, 600_000, Number.isFinite),
  rate: between("a number", 0, 1, Number.isFinite),
  at: oneOf(RESET_POINTS),
};

/**
 * Reads a behaviour from parsed JSON. `mode` is required, the rest has defaults; fields that do not concern the mode are
 * checked all the same, then ignored.
 */
export function parseBehaviour(
  input: unknown,
): { readonly behaviour: Behaviour } | { readonly problems: readonly BehaviourProblem[] } {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    return { problems: [{ field: "body", expected: 'a JSON object such as {"mode":"down"}', received: input }] };
  }
  const given = new Map(Object.entries(input));
  const problems: BehaviourProblem[] = [];
  for (const [field, received] of given) {
    if (!Object.hasOwn(RULES, field)) {
      problems.push({ field, expected: `one of the fields ${Object.keys(RULES).join(", ")}`, received });
    }
  }
  for (const [field, rule] of Object.entries(RULES)) {
    if (!given.has(field) && field !== "mode") continue;
    if (!rule.accepts(given.get(field))) problems.push({ field, expected: rule.expected, received: given.get(field) });
  }
  return problems.length > 0 ? { problems } : { behaviour: { ...HEALTHY, ...Object.fromEntries(given) } };
}

/**
 * Whether the `nth` request (from 1) under a behaviour is affected. Affected requests are spread evenly instead of drawn by lot,
 * so that a rate of 0.5 means every second request, in every run.
 */
export function isAffected(nth: number, rate: number): boolean {
  return Math.floor(nth * rate) > Math.floor((nth - 1) * rate);
}

function oneOf(values: readonly string[]): Rule {
  return {
    expected: `one of ${values.map((value) => JSON.stringify(value)).join(", ")}`,
    accepts: (value) => values.some((one) => one === value),
  };
}

function between(kind: string, min: number, max: number, isKind: (value: unknown) => boolean): Rule {
  return {
    expected: `${kind} from ${min} to ${max}`,
    accepts: (value) => isKind(value) && (value as number) >= min && (value as number) <= max,
  };
}
