/** Whether an operator has ended a session: revoked it, or all of its service or of its origin. */
import type { SectionState } from "../agreement/section.ts";
import { originEpochKey, revocationKey, serviceEpochKey, type SessionRule } from "../agreement/session-rule.ts";
import { originOf } from "./places.ts";
import type { Session } from "./session.ts";

/**
 * @param service the one that asks
 * @param rules   as the view has them
 */
export function isEnded(session: Session, service: string, rules: SectionState<SessionRule>): boolean {
  if (rules.entries.size === 0) return false;
  if (stands(rules, revocationKey(session.id))) return true;
  if (epochOf(rules, serviceEpochKey(service)) > session.epoch) return true;
  return session.places.some((place) => {
    const origin = originOf(place);
    return origin !== null && epochOf(rules, originEpochKey(origin)) > session.epoch;
  });
}

function stands({ entries }: SectionState<SessionRule>, key: string): boolean {
  const entry = entries.get(key);
  return entry !== undefined && entry.value !== null;
}

/** The version that ended all, 0 when none did. A rule that was forgotten says nothing: what it was about is over. */
function epochOf({ entries }: SectionState<SessionRule>, key: string): number {
  const entry = entries.get(key);
  return entry === undefined || entry.value === null ? 0 : entry.version;
}
