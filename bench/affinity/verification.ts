/**
 * What a cookie costs that this isolate has not seen before; one that it has seen costs a look into a map.
 *
 * Measured in workerd, whose clock stands still while it computes: whole batches are timed from outside, less what a batch
 * of none takes.
 */
import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { importKeyRing, parseKeyRing } from "../../src/affinity/key-ring.ts";
import { seal } from "../../src/affinity/sealed-session.ts";
import { startWorkerd } from "../../demo/workerd.ts";
import type { Reporter, TopicOptions } from "../figure.ts";
import { formatSpread, median } from "../statistics.ts";

const SECRET = "a secret that nobody else knows and that is long enough";
const SCOPE = "service:shop";
const PLACES = Array.from({ length: 8 }, (_, index) => `origin:o${index}`);
const BATCH = 1_000;

/** A Worker that opens the cookies it is sent: the very sources, put into one module. */
async function worker(): Promise<string> {
  const files = ["cookie.ts", "key-ring.ts", "sealed-session.ts"];
  const sources = await Promise.all(
    files.map((file) => readFile(new URL(`../../src/affinity/${file}`, import.meta.url), "utf8")),
  );
  const joined = stripTypeScriptTypes(sources.join("\n"))
    .replaceAll(/^import [^;]*;$/gm, "")
    .replaceAll(/^export /gm, "");
  return `${joined}
let ring;
export default {
  async fetch(request) {
    ring ??= await importKeyRing(parseKeyRing("S", ${JSON.stringify(SECRET)}), crypto.subtle);
    const cookies = await request.json();
    let accepted = 0;
    for (const cookie of cookies) if ((await open(ring, "${SCOPE}", cookie, ${JSON.stringify(PLACES)})) !== null) accepted++;
    return new Response(String(accepted));
  },
};`;
}

export async function measureVerification(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const rounds = quick ? 11 : 61;
  const ring = await importKeyRing(parseKeyRing("S", SECRET), crypto.subtle);
  const workerd = await startWorkerd({ bridge: await worker() });
  try {
    const open = async (cookies: readonly string[]) => {
      const startedMs = performance.now();
      const answer = await fetch(`http://127.0.0.1:${workerd.bridgePort}/`, {
        method: "POST",
        body: JSON.stringify(cookies),
      });
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
