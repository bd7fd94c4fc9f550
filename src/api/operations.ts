/** The OpenAPI document read as a list of operations: for the reference page, the Markdown reference and the tests. */
import type { OpenApiDocument } from "./document.ts";

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  /** Of each way to be let in, the scopes it asks for; empty: public. */
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly {
    readonly name: string;
    readonly place: string;
    readonly required: boolean;
    readonly description: string;
  }[];
  /** An example of the body, if it takes one. */
  readonly body: unknown;
  readonly answers: readonly { readonly status: string; readonly description: string; readonly example: unknown }[];
}

const METHODS = ["get", "post", "put", "delete"] as const;

/** Every operation, in the order in which the routes were added. */
export function operationsOf(document: OpenApiDocument): Operation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      if (operation === undefined) return [];
      return [
        {
          method,
          path,
          tag: operation.tags?.[0] ?? "Other",
          summary: operation.summary ?? "",
          description: operation.description ?? "",
          security: operation.security ?? [],
          parameters: (operation.parameters ?? []).flatMap((parameter) =>
            "$ref" in parameter
              ? []
              : [
                  {
                    name: parameter.name,
                    place: parameter.in,
                    required: parameter.required ?? false,
                    description: parameter.description ?? "",
                  },
                ],
          ),
          body: exampleOf(operation.requestBody),
          answers: Object.entries(operation.responses ?? {}).map(([status, response]) => ({
            status,
            description: (response as { description?: string }).description ?? "",
            example: exampleOf(response),
          })),
        },
      ];
    }),
  );
}

/** The scope an operation asks for; null: it is public. */
export function scopeOf(operation: Operation): string | null {
  return operation.security[0]?.["token"]?.[0] ?? null;
}

function exampleOf(part: unknown): unknown {
  const content = (part as { content?: Record<string, { example?: unknown }> } | undefined)?.content;
  return Object.values(content ?? {})[0]?.example;
}
