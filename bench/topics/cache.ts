/** Topic `cache`: nothing private or purged shared, origins spared. */
import type { RunTopic } from "../figure.ts";
import { measureCollapse } from "../cache/collapse.ts";
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
  report.note("How fast hits are beside a bare pass-through: topic `hot-path`.");
};
