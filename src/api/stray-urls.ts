/** URLs in a body that no service answers, as a refusal names them. */
import type { FieldError } from "./problem.ts";
import type { System } from "./system.ts";

/** @param urls as they were written: an international name is looked up in Punycode, as requests have it */
export function strayUrls(system: System, urls: readonly string[]): FieldError[] {
  return urls.flatMap((url, index) =>
    system.locate(URL.parse(url)?.href ?? url).service !== null
      ? []
      : [
          {
            pointer: `#/urls/${index}`,
            detail: `Expected \`urls.${index}\` to be a URL that a service answers, got "${url}"`,
          },
        ],
  );
}
