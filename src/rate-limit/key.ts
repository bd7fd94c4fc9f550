/** Who a request counts for: the first key of a limit that can be computed, last the client's address. */
import { cookieValue } from "../steering/cookie-value.ts";

/** What a key may be made of. Claims are verified ones only. */
export interface KeyFacts {
  header(name: string): string | null;
  /** Path as rules compare it, and the target with its query as it came. */
  readonly path: string;
  readonly target: string;
  readonly method: string;
  readonly country: string | null;
  readonly asn: number | null;
  readonly clientAddress: string | null;
  claim(name: string): string | null;
}

/** Reads one part of a key from a request; null when the request has no such thing. */
type Part = (facts: KeyFacts) => string | null;

/** Longer values are no name of anybody: they count as absent, so that nobody fills an isolate's memory with them. */
const LONGEST_VALUE = 1_024;

/** Separates the parts of a key; no field, path or claim can contain it unescaped where it matters. */
const SEPARATOR = "\u0000";

/**
 * Prepares the keys of a limit.
 *
 * @param keys as the configuration has them: each one part, or several joined by "+"
 * @returns the key of a request: which entry it is, and its values; never empty
 */
export function keyReader(keys: readonly string[]): (facts: KeyFacts) => string {
  const entries = keys.map((key) => key.split("+").map(partOf));
  return (facts) => {
    for (let i = 0; i < entries.length; i++) {
      const value = joined(entries[i]!, facts);
      if (value !== null) return `${keys[i]}${SEPARATOR}${value}`;
    }
    return `ip${SEPARATOR}${address(facts) ?? "unknown"}`;
  };
}

/**
 * The key that `keyReader` would read: for an operator who names it.
 *
 * @param entry  which entry of the limit's `key`, as the configuration has it ("ip", "ip+path")
 * @param values one for each of its parts
 * @throws RangeError when there are more or fewer values than parts
 */
export function keyFor(entry: string, values: readonly string[]): string {
  const parts = entry.split("+");
  if (parts.length !== values.length)
    throw new RangeError(`Expected ${parts.length} values for the key \`${entry}\`, got ${values.length}`);
  const spelled = values.map((value, i) => (parts[i] === "ip" && value.includes(":") ? networkOf(value) : value));
  return [entry, ...spelled].join(SEPARATOR);
}

/** Names of the claims that keys are made of. */
export function claimsIn(keys: readonly string[]): string[] {
  return keys.flatMap((key) => key.split("+").flatMap((part) => (part.startsWith("jwt:") ? [part.slice(4)] : [])));
}

function joined(parts: readonly Part[], facts: KeyFacts): string | null {
  let key = "";
  for (const part of parts) {
    const value = part(facts);
    if (value === null || value === "" || value.length > LONGEST_VALUE) return null;
    key += key === "" ? value : SEPARATOR + value;
  }
  return key;
}

function partOf(text: string): Part {
  const colon = text.indexOf(":");
  const kind = colon === -1 ? text : text.slice(0, colon);
  const name = text.slice(colon + 1);
  switch (kind) {
    case "ip":
      return address;
    case "path":
      return (facts) => facts.path;
    case "method":
      return (facts) => facts.method;
    case "country":
      return (facts) => facts.country;
    case "asn":
      return (facts) => (facts.asn === null ? null : String(facts.asn));
    case "api-key":
      return (facts) => facts.header("X-API-Key");
    case "header":
      return (facts) => facts.header(name);
    case "cookie":
      return (facts) => cookieValue(facts.header("Cookie"), name);
    case "query":
      return (facts) => query(facts.target, name);
    case "jwt":
      return (facts) => facts.claim(name);
    case "constant":
      return () => name;
    default:
      throw new Error(`Expected a kind of key, got ${JSON.stringify(text)}`);
  }
}

function address({ clientAddress }: KeyFacts): string | null {
  return clientAddress === null || !clientAddress.includes(":") ? clientAddress : networkOf(clientAddress);
}

/** Four groups as RFC 5952 spells them, and more to come. */
const SPELLED_OUT = /^(?:(?:0|[1-9a-f][0-9a-f]{0,3}):){3}(?:0|[1-9a-f][0-9a-f]{0,3})(?=:)/;

/** The first 64 bits of an IPv6 address, in one spelling; an IPv4 address written as IPv6 is an IPv4 address. */
export function networkOf(address: string): string {
  // Nearly all addresses come so.
  const network = SPELLED_OUT.exec(address);
  return network === null ? networkOfAny(address) : `${network[0]}::/64`;
}

function networkOfAny(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1]!;
  const [head = "", tail] = address.split("%")[0]!.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  // A dotted end stands for two groups, all of them beyond the first 64 bits or zero.
  const groups = right.length + (right.at(-1)?.includes(".") === true ? 1 : 0);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - groups);
  const all = [...left, ...Array.from({ length: zeros }, () => "0"), ...right];
  const network = all.slice(0, 4).map((group) => (Number.parseInt(group, 16) || 0).toString(16));
  return `${network.join(":")}::/64`;
}

/** The first value of a query parameter, as it came: an escape more or less is another value. */
function query(target: string, name: string): string | null {
  const start = target.indexOf("?");
  if (start === -1) return null;
  for (const pair of target.slice(start + 1).split("&")) {
    const equals = pair.indexOf("=");
    if (equals !== -1 && pair.slice(0, equals) === name) return pair.slice(equals + 1);
  }
  return null;
}
