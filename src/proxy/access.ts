/** Who may come in, by client address. */
import ipaddr from "ipaddr.js";

/** @param address the client's address as the edge gives it; null when unknown */
export type AccessList = (address: string | null) => boolean;

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Ranges of one rule, IPv4 as numbers: nearly every request asks, and nearly every address is one. */
interface Ranges {
  readonly ipv4: readonly { readonly base: number; readonly mask: number }[];
  readonly ipv6: readonly Range[];
}

/**
 * Prepares the check. `deny` is stronger than `allow`; an empty `allow` lets everybody in; an unknown address is let in
 * only where nothing is listed.
 */
export function accessList(rules: { allow: readonly string[]; deny: readonly string[] }): AccessList {
  if (rules.allow.length === 0 && rules.deny.length === 0) return () => true;
  const allow = rangesOf(rules.allow);
  const deny = rangesOf(rules.deny);
  return (text) => {
    if (text === null) return false;
    const address = numberOf(text) ?? parsed(text);
    if (address === null || matches(address, deny)) return false;
    return rules.allow.length === 0 || matches(address, allow);
  };
}

function rangesOf(texts: readonly string[]): Ranges {
  const ranges = texts.map(toRange);
  return {
    ipv4: ranges.flatMap(([base, bits]) =>
      base.kind() === "ipv4" ? [{ base: numberOf(base.toString())!, mask: maskOf(bits) }] : [],
    ),
    ipv6: ranges.filter(([base]) => base.kind() === "ipv6"),
  };
}

function toRange(text: string): Range {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

/** A shift by 32 would shift by nothing. */
function maskOf(bits: number): number {
  return bits === 0 ? 0 : -1 << (32 - bits);
}

const DOT = 46;
const ZERO = 48;
const NINE = 57;

/** An IPv4 address in its usual notation as 32 bits; null for anything else. */
function numberOf(text: string): number | null {
  let address = 0;
  let octet = -1;
  let dots = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (octet === -1 || ++dots > 3) return null;
      address = (address << 8) | octet;
      octet = -1;
      continue;
    }
    // A leading zero means octal to some and nothing to others.
    if (code < ZERO || code > NINE || octet === 0) return null;
    octet = (octet === -1 ? 0 : octet * 10) + code - ZERO;
    if (octet > 255) return null;
  }
  return dots === 3 && octet !== -1 ? (address << 8) | octet : null;
}

/** Any other notation; IPv4 written as IPv6 is IPv4. */
function parsed(text: string): number | ipaddr.IPv6 | null {
  if (!ipaddr.isValid(text)) return null;
  const address = ipaddr.process(text);
  return address.kind() === "ipv4" ? numberOf(address.toString()) : (address as ipaddr.IPv6);
}

function matches(address: number | ipaddr.IPv6, { ipv4, ipv6 }: Ranges): boolean {
  return typeof address === "number"
    ? ipv4.some(({ base, mask }) => ((address ^ base) & mask) === 0)
    : ipv6.some((range) => address.match(range));
}
