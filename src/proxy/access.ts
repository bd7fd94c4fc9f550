/** Who may come in, by client address. */
import ipaddr from "ipaddr.js";

/** @param address the client's address as the edge gives it; null when unknown */
export type AccessList = (address: string | null) => boolean;

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Prepares the check. `deny` is stronger than `allow`; an empty `allow` lets everybody in; an unknown address is let in
 * only where nothing is listed.
 */
export function accessList(rules: { allow: readonly string[]; deny: readonly string[] }): AccessList {
  if (rules.allow.length === 0 && rules.deny.length === 0) return () => true;
  const allow = rules.allow.map(toRange);
  const deny = rules.deny.map(toRange);
  return (text) => {
    if (text === null || !ipaddr.isValid(text)) return false;
    const address = ipaddr.process(text);
    if (matches(address, deny)) return false;
    return allow.length === 0 || matches(address, allow);
  };
}

function toRange(text: string): Range {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

function matches(address: ipaddr.IPv4 | ipaddr.IPv6, ranges: readonly Range[]): boolean {
  return ranges.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));
}
