/** `/docs`: the reference as a page of our own, made on the Worker from the OpenAPI document; no script, no CDN. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { documentOf } from "./document.ts";
import { operationsOf, scopeOf, type Operation } from "./operations.ts";
import type { WholeApp } from "./resources.ts";
import type { ApiEnv, System } from "./system.ts";

const STYLE = `:root{color-scheme:light dark;--edge:color-mix(in srgb,CanvasText 18%,Canvas)}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:64rem;padding:1rem 1.25rem 4rem}
nav ul{columns:18rem;list-style:none;padding:0}a{color:LinkText}
h2{border-bottom:1px solid var(--edge);margin-top:3rem}h3{margin:2rem 0 .25rem;overflow-wrap:anywhere}
code,pre{font-family:ui-monospace,monospace;font-size:.875rem}
pre{border:1px solid var(--edge);border-radius:.375rem;overflow-x:auto;padding:.75rem}
.method{text-transform:uppercase}.scope{border:1px solid var(--edge);border-radius:1rem;font-size:.8rem;padding:.1rem .6rem}
table{border-collapse:collapse;width:100%}td,th{border-top:1px solid var(--edge);padding:.3rem .6rem .3rem 0;text-align:left;vertical-align:top}
`;

export function addReferencePage(app: OpenAPIHono<ApiEnv>, _system: System, whole: WholeApp): void {
  let page: string | undefined;
  app.get("/docs/style.css", (c) => c.body(STYLE, 200, { "Content-Type": "text/css; charset=utf-8" }));
  app.get("/docs", async (c) => c.html((page ??= pageOf(withExamplesOnly(await whole())))));
}

/**
 * The routes of an app, without the schemas of what is sent and answered: the page shows the examples, and making a document is
 * mostly making those schemas, some 150 ms of CPU that anybody may ask for.
 */
export function withExamplesOnly({ openAPIRegistry }: OpenAPIHono<ApiEnv>): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>();
  for (const definition of openAPIRegistry.definitions) {
    if (definition.type !== "route") continue;
    const { request: { body, ...parameters } = {}, responses, ...route } = definition.route;
    app.openAPIRegistry.registerPath({
      ...route,
      request: body === undefined ? parameters : { ...parameters, body: exampleOnly(body) },
      responses: Object.fromEntries(
        Object.entries(responses).map(([status, response]) => [status, exampleOnly(response)]),
      ),
    });
  }
  return app;
}

function exampleOnly<Part extends object>(part: Part): Part {
  const { content } = part as { content?: Readonly<Record<string, object>> };
  if (content === undefined) return part;
  return {
    ...part,
    content: Object.fromEntries(Object.entries(content).map(([type, media]) => [type, { ...media, schema: {} }])),
  };
}

function pageOf(app: OpenAPIHono<ApiEnv>): string {
  const document = documentOf(app);
  const operations = operationsOf(document);
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const sections = tags.map((tag) => {
    const own = operations.filter((operation) => operation.tag === tag);
    return `<h2 id="${slug(tag)}">${escape(tag)}</h2>${own.map(operationHtml).join("")}`;
  });
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Fairlead API</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="stylesheet" href="/docs/style.css"></head>
<body><h1>${escape(document.info.title)}</h1>${paragraphs(document.info.description ?? "")}
<p>The same as <a href="/api/v1/openapi.json">OpenAPI 3.1</a> (needs a token).</p>
<nav aria-label="Resources"><ul>${tags.map((tag) => `<li><a href="#${slug(tag)}">${escape(tag)}</a></li>`).join("")}</ul></nav>
<main>${sections.join("")}</main></body></html>`;
}

function operationHtml(operation: Operation): string {
  const { method, path, summary, description, parameters, body, answers } = operation;
  const scope = scopeOf(operation);
  const rows = parameters.map(({ name, place, required, description: text }) => [
    `<code>${escape(name)}</code>`,
    `${place}${required ? "" : ", optional"}`,
    code(text),
  ]);
  return `<section><h3><code><span class="method">${method}</span> ${escape(path)}</code></h3>
<p>${code(summary)} <span class="scope">${scope === null ? "public" : `scope ${scope}`}</span></p>
${paragraphs(description)}
${rows.length === 0 ? "" : `<table><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr>${rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("")}</table>`}
${body === undefined ? "" : `<p>Body</p><pre>${escape(JSON.stringify(body, null, 2))}</pre>`}
<table><tr><th>Status</th><th>Meaning</th></tr>${answers.map(({ status, description: text }) => `<tr><td>${status}</td><td>${code(text)}</td></tr>`).join("")}</table>
${answers.map(({ example }) => (example === undefined ? "" : `<pre>${escape(typeof example === "string" ? example : JSON.stringify(example, null, 2))}</pre>`)).join("")}</section>`;
}

function paragraphs(text: string): string {
  return text === "" ? "" : `<p>${text.split("\n\n").map(code).join("</p><p>")}</p>`;
}

/** Escapes, and sets what is between backticks as code. */
function code(text: string): string {
  return escape(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}
