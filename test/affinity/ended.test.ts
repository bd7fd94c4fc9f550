import { describe, expect, it } from "vitest";
import { change, emptySection } from "../../src/agreement/section.ts";
import { sessionRuleKey, type SessionRule } from "../../src/agreement/session-rule.ts";
import { isEnded } from "../../src/affinity/ended.ts";
import type { Session } from "../../src/affinity/session.ts";

const session: Session = { id: "aa", epoch: 1, issuedMs: 0, expiresMs: 9, places: ["pool:p", "origin:o1"] };

/** A section at version 1 in which the given rules come at version 2. */
function rules(...made: SessionRule[]) {
  const section = emptySection<SessionRule>();
  change(section, []);
  change(
    section,
    made.map((rule) => ({ key: sessionRuleKey(rule), value: rule })),
  );
  return section;
}

describe("an operator", () => {
  it.each<[string, SessionRule, boolean]>([
    ["the session", { kind: "revocation", session: "aa", expiresAtMs: 9 }, true],
    ["another session", { kind: "revocation", session: "ab", expiresAtMs: 9 }, false],
    ["all of its origin", { kind: "affinity-epoch", origin: "o1", expiresAtMs: 9 }, true],
    ["all of another origin", { kind: "affinity-epoch", origin: "o2", expiresAtMs: 9 }, false],
    ["all of its service", { kind: "affinity-epoch", service: "s", expiresAtMs: 9 }, true],
    ["all of another service", { kind: "affinity-epoch", service: "t", expiresAtMs: 9 }, false],
  ])("ends %s", (_what, rule, ended) => {
    expect(isEnded(session, "s", rules(rule))).toBe(ended);
  });

  it("ends no session that began under the epoch, but revokes for good", () => {
    const later = { ...session, epoch: 2 };
    expect(isEnded(later, "s", rules({ kind: "affinity-epoch", origin: "o1", expiresAtMs: 9 }))).toBe(false);
    expect(isEnded(later, "s", rules({ kind: "revocation", session: "aa", expiresAtMs: 9 }))).toBe(true);
  });

  it("has ended nothing when the rule was taken back", () => {
    const section = rules({ kind: "revocation", session: "aa", expiresAtMs: 9 });
    change(section, [{ key: "revoked/aa", value: null }]);
    expect(isEnded(session, "s", section)).toBe(false);
  });
});
