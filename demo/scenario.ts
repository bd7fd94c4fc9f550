/** The contract between the demo and its scenarios: what one is given, and what it says at the end. */

/** What a scenario plays on: four origins, a Worker and the control server, all up. */
export interface Stage {
  /** The Worker's, on 127.0.0.1. */
  readonly port: number;
  /** The control server, for example `http://127.0.0.1:9100`. */
  readonly controlUrl: string;
  /** Adds a line to the timeline. */
  readonly tell: (event: string) => void;
  /** Aborted when the demo is to end; a scenario then rejects soon. */
  readonly signal: AbortSignal;
}

/** A promise that the scenario puts to the test. */
export interface Check {
  readonly promise: string;
  readonly kept: boolean;
  /** What was seen. */
  readonly seen: string;
}

export interface ScenarioResult {
  readonly checks: readonly Check[];
  /** What was measured, by name with its unit in it; null where it never came to pass. */
  readonly figures: Readonly<Record<string, number | null>>;
  /** The closing table: a heading row, then rows of text. */
  readonly table: readonly (readonly string[])[];
  /** Rows under the table: what was measured, in words. */
  readonly summary: readonly (readonly [what: string, measured: string])[];
  /** The first errors that clients saw. */
  readonly errors: readonly string[];
}

export interface Scenario {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  play(stage: Stage): Promise<ScenarioResult>;
}

/** Whether every promise was kept. A scenario without promises has shown nothing. */
export function hasPassed({ checks }: ScenarioResult): boolean {
  return checks.length > 0 && checks.every(({ kept }) => kept);
}

/**
 * Tells the control server how an origin is to behave.
 *
 * @throws Error with what the control server objected to
 */
export async function behave({ controlUrl }: Stage, origin: string, behaviour: object): Promise<void> {
  const answer = await fetch(`${controlUrl}/origins/${origin}`, { method: "POST", body: JSON.stringify(behaviour) });
  if (!answer.ok) throw new Error(`The control server refused ${JSON.stringify(behaviour)}: ${await answer.text()}`);
}
