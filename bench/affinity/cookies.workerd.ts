/** Opens the cookies that it is sent, a JSON array, and answers how many it accepted. */
import { importKeyRing, parseKeyRing, type KeyRing } from "../../src/affinity/key-ring.ts";
import { open } from "../../src/affinity/sealed-session.ts";

/** What the bench seals them with. */
interface Bindings {
  readonly SECRET: string;
  readonly SCOPE: string;
  readonly PLACES: string;
}

let ring: KeyRing | undefined;

export default {
  async fetch(request, { SECRET, SCOPE, PLACES }): Promise<Response> {
    ring ??= await importKeyRing(parseKeyRing("SECRET", SECRET), crypto.subtle);
    const places = JSON.parse(PLACES) as string[];
    const cookies = request.method === "POST" ? await request.json<string[]>() : [];
    let accepted = 0;
    for (const cookie of cookies) if ((await open(ring, SCOPE, cookie, places)) !== null) accepted++;
    return new Response(String(accepted));
  },
} satisfies ExportedHandler<Bindings>;
