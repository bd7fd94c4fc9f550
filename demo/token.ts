/** The demo's own token for the control plane: made at its start, told to whoever started it, gone when it ends. */
import { makeToken } from "../src/config/admin-token.ts";

export interface DemoToken {
  /** To be sent as `Authorization: Bearer`. */
  readonly token: string;
  /** What the Worker gets: its `ADMIN_TOKENS`. */
  readonly secret: string;
}

/** @returns null when the developer has set tokens of their own */
export async function demoToken(secrets: Readonly<Record<string, string>>): Promise<DemoToken | null> {
  if (secrets["ADMIN_TOKENS"] !== undefined) return null;
  const { token, stored } = await makeToken("demo", ["admin"]);
  return { token, secret: JSON.stringify([stored]) };
}
