/** Topic `cache`: nothing private or purged shared, origins spared, hits faster than a bare pass-through. */
import type { RunTopic } from "../figure.ts";
import { measureCollapse } from "../cache/collapse.ts";
import { measureHits } from "../cache/hits.ts";
import { measureModel } from "../cache/model.ts";
import { measurePurges } from "../cache/purges.ts";
import { measureSharing } from "../cache/sharing.ts";
import { measureZipf } from "../cache/zipf.ts";

export const run: RunTopic = async (report, options) => {
  measureSharing(report, options);
  measureZipf(report, options);
  measureModel(report, options);
  await measureCollapse(report);
  await measurePurges(report, options);
  await measureHits(report, options);
};
