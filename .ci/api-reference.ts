/** Writes the reference of the HTTP API from its OpenAPI document: one section a resource, one part an operation. */
import { controlPlaneApp } from "../src/api/app.ts";
import { documentOf } from "../src/api/document.ts";
import { operationsOf, scopeOf, type Operation } from "../src/api/operations.ts";
import type { System } from "../src/api/system.ts";
import { defineConfig } from "../src/config/define.ts";

const PREAMBLE = `# HTTP API

<!-- Generated from the routes in src/api by \`npm run docs\`. Edit the routes, not this page. -->

The same as a running deployment shows at \`/docs\`, and as OpenAPI 3.1 at \`/api/v1/openapi.json\` (with a token).`;

const LIMITS = `## Limits

- Bodies are JSON of at most 1 MiB; unknown fields are refused, and every wrong field is named.
- Lists have \`limit\` (1 to 1000, by default 100) and \`cursor\`: what the page before gave as \`next\`; \`next\` null is the end.
- A \`POST\` with an \`Idempotency-Key\` is done once; the same key with another body is answered 422.
- Five failed attempts with wrong credentials from an address are free; then it waits, longer each time, and is told how long.
- What is asked of every region's hub names those that did not answer within 1.5 s in \`hubs.away\`, and leaves out what they know.`;

/** The page as Markdown. */
export async function apiReference(): Promise<string> {
  // Only the routes are looked at, and none is called: the deployment behind them is never asked for anything.
  const config = defineConfig({
    services: {
      demo: {
        hosts: ["demo.localhost"],
        pools: { only: { region: "weur", origins: [{ id: "only", url: "https://origin.example.com" }] } },
      },
    },
  });
  const document = documentOf(await controlPlaneApp({ config } as System));
  const operations = operationsOf(document);
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const sections = tags.map((tag) => {
    const own = operations.filter((operation) => operation.tag === tag);
    return [`## ${tag}`, ...own.map(operationText)].join("\n\n");
  });
  return `${[PREAMBLE, document.info.description ?? "", LIMITS, ...sections].join("\n\n")}\n`;
}

function operationText(operation: Operation): string {
  const { method, path, summary, description, parameters, body, answers } = operation;
  const scope = scopeOf(operation);
  const success = answers.find(({ status }) => status.startsWith("2"));
  const errors = answers.filter(({ status }) => !status.startsWith("2"));
  return [
    `### \`${method.toUpperCase()} ${path}\``,
    `${sentence(summary)} ${scope === null ? "Public." : `Scope \`${scope}\`.`}`,
    ...(description === "" ? [] : [description]),
    ...(parameters.length === 0
      ? []
      : [
          parameters
            .map(
              ({ name, place, required, description: text }) =>
                `- \`${name}\` (${place}${required ? "" : ", optional"}): ${text}`,
            )
            .join("\n"),
        ]),
    ...(body === undefined ? [] : ["Body:", code(body)]),
    ...(success === undefined ? [] : [`${success.status}: ${success.description}`]),
    ...(success?.example === undefined ? [] : [code(success.example)]),
    ...(errors.length === 0 ? [] : [errors.map(({ status, description: text }) => `- ${status}: ${text}`).join("\n")]),
  ].join("\n\n");
}

function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

function code(example: unknown): string {
  return typeof example === "string"
    ? `\`\`\`\n${example.trimEnd()}\n\`\`\``
    : `\`\`\`json\n${JSON.stringify(example, null, 2)}\n\`\`\``;
}
