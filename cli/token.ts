// `npm run token -- --name ops --scopes read,operate [--tokens tokens.json]`: makes a token for the control plane.
//
// The token goes to stderr, for its owner; the list of stored tokens (hashes only) to stdout, so that one command sets
// it:   npm run -s token -- --name ops --scopes admin | npx wrangler secret put ADMIN_TOKENS
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { adminTokenSchema, adminTokensSchema, makeToken, type AdminToken } from "../src/config/admin-token.ts";
import { SCOPES, type Scope } from "../src/config/scope.ts";

const USAGE = `Usage: npm run -s token -- --name <name> --scopes <scope,...> [--tokens <file>]
  --name    who this is, as the audit log will say
  --scopes  of ${SCOPES.join(", ")}
  --tokens  file with the list (hashes only) to which this token is added; created if it is not there`;

process.exitCode = await main(process.argv.slice(2));

/** @returns the exit code: 0 made, 2 a wrong command line or token file. */
async function main(args: string[]): Promise<number> {
  try {
    const text = { type: "string" } as const;
    const { values } = parseArgs({ args, options: { name: text, scopes: text, tokens: text } });
    const name = adminTokenSchema.shape.name.safeParse(values.name ?? "");
    if (!name.success) throw new Error(`Expected \`--name\` to be ${name.error.issues[0]?.message}`);
    const scopes = (values.scopes ?? "").split(",").filter((scope) => scope !== "");
    const unknown = scopes.find((scope) => !(SCOPES as readonly string[]).includes(scope));
    if (unknown !== undefined || scopes.length === 0)
      throw new Error(`Expected \`--scopes\` to be some of ${SCOPES.join(", ")}, got "${unknown ?? ""}"`);

    const existing = values.tokens === undefined ? [] : storedTokens(values.tokens);
    if (existing.some((token) => token.name === name.data))
      throw new Error(`Expected \`--name\` to be a new name, got "${name.data}", which the file has`);
    const { token, stored } = await makeToken(name.data, scopes as Scope[]);
    const list = JSON.stringify([...existing, stored]);
    if (values.tokens !== undefined) writeFileSync(values.tokens, `${list}\n`);
    console.error(
      `Token for "${name.data}" (${scopes.join(", ")}); it is shown this once and stored nowhere:\n\n  ${token}\n`,
    );
    console.log(list);
    return 0;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
}

function storedTokens(path: string): AdminToken[] {
  if (!existsSync(path)) return [];
  const parsed = adminTokensSchema.safeParse(JSON.parse(readFileSync(path, "utf8")));
  if (!parsed.success) throw new Error(`Expected ${path} to be a list of tokens as this command writes it`);
  return parsed.data;
}
