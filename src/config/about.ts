/** The words that the configuration's reference has for a field. */

/**
 * A field's description, as `.meta` takes it. The Worker does without: its bundle has .ci/bundle/about.js in place of this
 * module (wrangler.toml, `alias`), and 7 KB of words stay at home.
 */
export function about(description: string): { description: string } {
  return { description };
}
