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

/** What a purge is about. */
export type Purge = Omit<PurgeMark, "epoch">;

/** The key of a purge's entry: what it is about. A later one about the same only raises its epoch. */
export function purgeKey({ kind, service, soft, value }: Purge): string {
  return JSON.stringify([kind, service, soft, value]);
}

/** What the purge was about whose key this is; told of entries that were removed, since nothing else is left of them. */
export function purgeOf(key: string): Purge {
  const [kind, service, soft, value] = JSON.parse(key) as [Purge["kind"], string | null, boolean, string];
  return { kind, service, soft, value };
}
