/** What a purge is about and since which epoch: one entry of the view's `purges` section. */

export interface PurgeMark {
  /** `hash`: entries folded together at compaction, by hash of the exact target. */
  readonly kind: "everything" | "host" | "prefix" | "url" | "tag" | "hash";
  /** Only answers stored for this service; null: any. */
  readonly service: string | null;
  readonly value: string;
  /** Soft: what is purged may be served while it is revalidated. */
  readonly soft: boolean;
  /** Answers whose fetch began under an earlier epoch are purged. Set by the ControlPlane: the version of the change. */
  readonly epoch: number;
}

/** What a purge is about. A later one about the same only raises its epoch. */
export function purgeKey(mark: Omit<PurgeMark, "epoch">): string {
  return JSON.stringify([mark.kind, mark.service, mark.soft, mark.value]);
}
