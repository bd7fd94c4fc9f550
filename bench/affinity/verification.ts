/**
 * What a cookie costs that this isolate has not seen before; one that it has seen costs a look into a map.
 *
 * Measured in workerd, whose clock stands still while it computes: whole batches are timed from outside, less what a batch
 * of none takes.
 */
import { freePort } from "../../demo/ports.ts";
import { importKeyRing, parseKeyRing } from "../../src/affinity/key-ring.ts";
import { seal } from "../../src/affinity/sealed-session.ts";
import type { Reporter, TopicOptions } from "../figure.ts";
import { formatSpread, median } from "../statistics.ts";
import { serveWorkers } from "../workerd.ts";

const SECRET = "a secret that nobody else knows and that is long enough";
const SCOPE = "service:shop";
const PLACES = Array.from({ length: 8 }, (_, index) => `origin:o${index}`);
const BATCH = 1_000;

export async function measureVerification(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const rounds = quick ? 11 : 61;
  const ring = await importKeyRing(parseKeyRing("S", SECRET), crypto.subtle);
  const file = new URL("cookies.workerd.ts", import.meta.url);
  const vars = { SECRET, SCOPE, PLACES: JSON.stringify(PLACES) };
  const workerd = await serveWorkers([{ name: "cookies", file, vars }], await freePort());
  const url = `http://${workerd.addresses.get("cookies")!}/`;
  try {
    const open = async (cookies: readonly string[]) => {
      const startedMs = performance.now();
      const answer = await fetch(url, { method: "POST", body: JSON.stringify(cookies) });
      const accepted = Number(await answer.text());
      if (accepted !== cookies.length) throw new Error(`Expected ${cookies.length} cookies accepted, got ${accepted}`);
      return performance.now() - startedMs;
    };
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const cookies: string[] = [];
      for (let index = 0; index < BATCH; index++) {
        const id = (round * BATCH + index).toString(16).padStart(16, "0");
        const places = [PLACES[index % PLACES.length]!];
        cookies.push(await seal(ring, SCOPE, { id, epoch: 0, issuedMs: 1_000, expiresMs: 2_000, places }));
      }
      const noneMs = await open([]);
      times.push(((await open(cookies)) - noneMs) * (1_000 / BATCH));
    }
    report.note(
      `${rounds} batches of ${BATCH} different cookies opened in workerd: ${formatSpread(times, 1)} us a cookie, the batch's way there and back included`,
    );
    report.figure({
      figure: "cookie verification, p50",
      value: median(times),
      unit: "us",
      target: { atMost: 50 },
    });
  } finally {
    await workerd.stop();
  }
}
