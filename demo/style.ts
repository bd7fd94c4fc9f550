/** How the demo prints: colours where somebody looks, plain text elsewhere, tables in both. */

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

/** Colours for a terminal, unless NO_COLOR says otherwise (no-color.org: any value but the empty one). */
export function styleFor(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): Style {
  const noColor = environment["NO_COLOR"];
  const plain = stream.isTTY !== true || (noColor !== undefined && noColor !== "") || environment["TERM"] === "dumb";
  const paint = (open: number, close: number) => (text: string) =>
    plain ? text : `\u001B[${open}m${text}\u001B[${close}m`;
  return { bold: paint(1, 22), dim: paint(2, 22), good: paint(32, 39), bad: paint(31, 39) };
}

/** Rows as aligned text: the first column to the left, the others to the right. Cells carry no colours. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("   ")
      .trimEnd(),
  );
}
