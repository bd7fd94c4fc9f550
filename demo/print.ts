/** What the demo says when it is up, and when a scenario has ended. */
import type { Company } from "./company.ts";
import type { DemoOptions } from "./options.ts";
import type { Origin } from "./origin.ts";
import { PLACES, cfBlob } from "./places.ts";
import { hasPassed, type ScenarioResult } from "./scenario.ts";
import { table, type Style } from "./style.ts";

type Print = (line?: string) => void;

/** Where everything is, and what to try. */
export function printWelcome(
  print: Print,
  style: Style,
  options: DemoOptions,
  { origins, token }: Pick<Company, "origins" | "token">,
): void {
  const worker = `localhost:${options.port}`;
  const control = `localhost:${options.controlPort}/origins`;
  const ask = `curl -s -H 'Host: demo.localhost'`;
  print(`\n${style.good("Fairlead is up")} on http://${worker}, in front of four origins:\n`);
  const rows = origins.map(({ spec, url }) => [spec.name, spec.id, spec.region, url]);
  for (const line of table([...rows, ["control", "", "", `http://${control}`]])) print(`  ${line}`);
  const tries = [
    ["the nearest origin answers", `${ask} ${worker}/hello`],
    ["as a client in Tokyo", `${ask} -H 'MF-CF-Blob: ${cfBlob(PLACES.tokyo)}' ${worker}/hello`],
    ["why that origin", `${ask} -D - -o /dev/null ${worker}/hello`],
    ["kill us-east, ask again, bring it back", `curl -s ${control}/us-east -d '{"mode":"down"}'`],
    ["", `curl -s ${control}/us-east -d '{"mode":"ok"}'`],
    ["who received how much", `curl -s ${control}`],
    ...operations(worker, token),
  ] as const;
  print("\nTry");
  for (const [what, command] of tries) {
    if (what !== "") print(style.dim(`  # ${what}`));
    print(`  ${command}`);
  }
  print(`\nOther modes: ${["error", "slow", "hang", "reset"].join(", ")}. Ctrl-C ends it all.\n`);
}

/** What an operator does; without a token of the demo's own it is the developer's that counts. */
function operations(worker: string, token: string | null): [what: string, command: string][] {
  const api = `http://${worker}/api/v1/loadbalancer`;
  const call = `curl -s -H 'Authorization: Bearer ${token ?? "<a token of yours>"}'`;
  return [
    [
      "as an operator, drain an origin and put it back",
      `${call} -H 'Content-Type: application/json' ${api}/instances/demo/use1/drain -d '{"reason":"trying"}'`,
    ],
    ["", `${call} -X DELETE ${api}/overrides/administrative%2Fuse1`],
    ["all that can be done", `http://${worker}/docs`],
  ];
}

/** `us-east is now slow (delayMs 2000, rate 0.5)`: only what concerns the mode. */
export function describeChange(origin: Origin, style: Style): string {
  const { mode, status, delayMs, rate, at } = origin.behaviour();
  const share = `rate ${rate}`;
  const details = {
    ok: [],
    down: [],
    hang: [share],
    error: [`status ${status}`, share],
    slow: [`delayMs ${delayMs}`, share],
    reset: [`at ${at}`, share],
  }[mode];
  return `${style.bold(origin.spec.name)} is now ${mode}${details.length > 0 ? ` (${details.join(", ")})` : ""}`;
}

/** The closing table, the figures, and which promises were kept. */
export function printResult(print: Print, style: Style, result: ScenarioResult): void {
  const [heading = [], ...rows] = table(result.table);
  print(`\n  ${style.bold(heading.toString())}`);
  for (const row of rows) print(`  ${row}`);
  print();
  for (const line of table(result.summary)) print(`  ${line}`);
  print();
  for (const { promise, kept, seen } of result.checks) {
    print(`  ${kept ? style.good("kept  ") : style.bad("BROKEN")}  ${promise} ${style.dim(`(${seen})`)}`);
  }
  for (const error of result.errors) print(`  ${style.bad("error")}   ${error}`);
  print(`\n${hasPassed(result) ? style.good("Every promise was kept.") : style.bad("A promise was broken.")}`);
}
