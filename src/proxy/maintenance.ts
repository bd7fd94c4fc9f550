/** What a service in maintenance answers, and to whom. */
import type { Maintenance } from "../config/maintenance.ts";
import { accessList, type AccessList } from "./access.ts";

const passes = new WeakMap<Maintenance, AccessList>();

/**
 * The answer in the place of everything else; null for a client that may pass.
 *
 * @param clientAddress as the edge gives it
 */
export function maintenanceAnswer(
  maintenance: Maintenance,
  method: string,
  clientAddress: string | null,
): Response | null {
  if (maintenance.allow.length > 0 && mayPass(maintenance, clientAddress)) return null;
  const { status, body, contentType, retryAfterSeconds } = maintenance;
  const empty = body === "" || method === "HEAD" || [204, 205, 304].includes(status);
  const headers = new Headers({ "Cache-Control": "no-store" });
  if (!empty || method === "HEAD") headers.set("Content-Type", contentType);
  if (retryAfterSeconds !== null) headers.set("Retry-After", String(retryAfterSeconds));
  return new Response(empty ? null : body, { status, headers });
}

function mayPass(maintenance: Maintenance, clientAddress: string | null): boolean {
  let allows = passes.get(maintenance);
  if (allows === undefined) passes.set(maintenance, (allows = accessList({ allow: maintenance.allow, deny: [] })));
  return allows(clientAddress);
}
