// `npm run token -- --name ops --scopes read,operate [--tokens tokens.json]`: makes a token for the control plane.
//
// The token goes to stderr, for its owner; the list of stored tokens (hashes only) to stdout, so that one command sets
// it:   npm run -s token -- --name ops --scopes admin | npx wrangler secret put ADMIN_TOKENS
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { adminTokenSchema, adminTokensSchema, makeToken, type AdminToken } from "../src/config/admin-token.ts";
import { SCOPES, type Scope } from "../src/config/scope.ts";

const USAGE = `Usage: npm run -s token -- --name <name> --scopes <scope,...> [--tokens <file>]
  --name    who this is, as the audit log will say
  --scopes  of ${SCOPES.join(", ")}
  --tokens  file with the list (hashes only) to which this token is added; created if it is not there
  --help    this page`;

process.exitCode = await main(process.argv.slice(2));

/** @returns the exit code: 0 made, 2 a wrong command line or token file. */
async function main(args: string[]): Promise<number> {
  try {
    const text = { type: "string" } as const;
    const help = { type: "boolean", short: "h" } as const;
    const { values } = parseArgs({ args, options: { name: text, scopes: text, tokens: text, help } });
    if (values.help === true) {
      console.log(USAGE);
      return 0;
    }
    const name = adminTokenSchema.shape.name.safeParse(values.name ?? "");
    if (!name.success)
      throw new Error(`Expected \`--name\` to be ${name.error.issues[0]?.message}, got "${values.name ?? ""}"`);
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
  let text;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new Error(`Expected \`--tokens\` to be a file, got ${path}: ${(error as Error).message}`, { cause: error });
  }
  const parsed = adminTokensSchema.safeParse(parsedJson(text));
  if (!parsed.success)
    throw new Error(`Expected \`--tokens\` to be a list of tokens as this command writes it, got ${path}`);
  return parsed.data;
}

/** undefined for what is not JSON. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
