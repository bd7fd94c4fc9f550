/** The rules by which the modelled caches read and write: the real ones, and looser ones that it must tell from them. */
import { purgeEntries, type LogLimits } from "../../../src/cache/purge-log.ts";

/** The log is short here, so that folding is the rule and not the exception. */
const LIMITS: LogLimits = { maxExact: 15, foldedAtOnce: 5, maxHashes: 24 };

/** What of the epochs an answer could be stored under is taken. */
type EpochOf = (begunUnder: number, arrivedUnder: number) => number;

export interface CacheRules {
  readonly mayServeStored: (holdsLease: boolean) => boolean;
  /** The purges by which what is stored is judged: those known when the request came in, or those known now. */
  readonly judgedBy: "on receipt" | "now";
  readonly epochOfAnswer: EpochOf;
  readonly epochOfConfirmation: EpochOf;
  /** Whether who waited for another's fetch judges what came of it. */
  readonly followersJudge: boolean;
  /** Whether an entry that was found not purged is asked again when there are new purges. */
  readonly asksAgain: boolean;
  /** Whether what was purged hard is kept to stand in for an origin that fails. */
  readonly rescuesPurged: boolean;
  readonly entriesOfPurge: (...of: Parameters<typeof purgeEntries>) => ReturnType<typeof purgeEntries>;
}

export const REAL: CacheRules = {
  mayServeStored: (holdsLease) => holdsLease,
  judgedBy: "now",
  epochOfAnswer: (begunUnder) => begunUnder,
  epochOfConfirmation: (begunUnder) => begunUnder,
  followersJudge: true,
  asksAgain: true,
  rescuesPurged: false,
  entriesOfPurge: (section, asked) => purgeEntries(section, asked, LIMITS),
};

/** Rules that come to mind first. Each serves what was purged to somebody who asked after that was a fact. */
export const LOOSER: Readonly<Record<string, Partial<CacheRules>>> = {
  "a hit needs no lease": { mayServeStored: () => true },
  "judged by what was known before the lease was waited for": { judgedBy: "on receipt" },
  "stored under the epoch it arrived under": { epochOfAnswer: (_begunUnder, arrivedUnder) => arrivedUnder },
  "confirmed under the epoch the 304 arrived under": {
    epochOfConfirmation: (_begunUnder, arrivedUnder) => arrivedUnder,
  },
  "who waited takes the leader's word": { followersJudge: false },
  "found not purged once is not purged": { asksAgain: false },
  "what was purged is better than an error": { rescuesPurged: true },
  "folded purges are forgotten": {
    entriesOfPurge: (section, asked) =>
      purgeEntries(section, asked, LIMITS).filter(({ value }) => value === null || value.kind !== "hash"),
  },
};
