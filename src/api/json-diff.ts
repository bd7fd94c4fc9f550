/** Where two JSON documents differ, by pointer. */

export interface JsonChange {
  /** JSON pointer as a URI fragment (RFC 6901 section 6): `#/services/shop/pools/eu/origins/0/weight`. */
  readonly pointer: string;
  /** Absent: there was nothing. */
  readonly before?: unknown;
  /** Absent: there is nothing. */
  readonly after?: unknown;
}

/** @returns every place at which they differ, as deep as it can be told, in the order of `after` */
export function jsonDiff(before: unknown, after: unknown, pointer = "#"): JsonChange[] {
  if (Object.is(before, after)) return [];
  if (!isNode(before) || !isNode(after) || Array.isArray(before) !== Array.isArray(after)) {
    return [{ pointer, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
  }
  const names = [...new Set([...Object.keys(after), ...Object.keys(before)])];
  return names.flatMap((name) => {
    const step = encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));
    return jsonDiff(own(before, name), own(after, name), `${pointer}/${step}`);
  });
}

function isNode(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function own(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}
