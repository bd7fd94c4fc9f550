/** Sessions in and out of cookies: sealed with the newest key, opened with any key of the ring. */
import { decodeCookie, encodeClaims, encodeCookie } from "./cookie.ts";
import type { KeyRing } from "./key-ring.ts";
import type { Session } from "./session.ts";

export interface OpenedSession {
  readonly session: Session;
  /** An old key signed it, so that it should be sealed again. */
  readonly isOldKey: boolean;
  /** A place that it names is known here. */
  readonly isPlaced: boolean;
}

/**
 * The value of a session's cookie.
 *
 * @param scope who may open it: the service or the group
 */
export async function seal(ring: KeyRing, scope: string, session: Session): Promise<string> {
  const [key] = ring;
  await key.names.learn(session.places.filter((place) => rawName(place) === null));
  const names = session.places.map((place) => rawName(place) ?? key.names.nameOf(place)!);
  const payload = encodeClaims({ ...session, names });
  return encodeCookie(payload, await key.sign(scope, payload));
}

/**
 * Opens a cookie's value. Anything that was not sealed with a key of the ring for this scope is null: forged, truncated,
 * oversized, of another service. Whether the session still lives is not judged here.
 *
 * @param places those a session may be at here; others, of a group's other services, stay opaque names
 */
export async function open(
  ring: KeyRing,
  scope: string,
  text: string,
  places: Iterable<string>,
): Promise<OpenedSession | null> {
  const decoded = decodeCookie(text);
  if (decoded === null) return null;
  const { claims, payload, mac } = decoded;
  for (const key of ring) {
    if (!(await key.verify(scope, payload, mac))) continue;
    await key.names.learn(places);
    const { names, ...kept } = claims;
    const isOldKey = key !== ring[0];
    const isKnown = (name: string) => key.names.placeOf(name) !== undefined;
    // Names are a key's own: what an old key called something unknown here, nobody can tell the new one.
    const at = names.flatMap((name) => key.names.placeOf(name) ?? (isOldKey ? [] : opaquePlace(name)));
    return { session: { ...kept, places: at }, isOldKey, isPlaced: names.some(isKnown) };
  }
  return null;
}

function opaquePlace(name: string): string {
  return `name:${name}`;
}

/** The name itself, where nothing more is known of a place. */
function rawName(place: string): string | null {
  return place.startsWith("name:") ? place.slice("name:".length) : null;
}
