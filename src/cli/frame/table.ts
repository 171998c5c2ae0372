/** Spaces between columns, as kubectl has them. */
const COLUMN_GAP = 3;

/** Rows under their headings, each column as wide as its widest cell; the last one is not padded. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = headings.length === 0 ? rows : [headings, ...rows];
  const widths = lines.reduce<number[]>((known, line) => {
    return line.map((cell, column) => Math.max(known[column] ?? 0, cell.length));
  }, []);
  return lines.map((line) => `${line.map((cell, column) => pad(cell, widths, column)).join("")}\n`).join("");
}

function pad(cell: string, widths: readonly number[], column: number): string {
  return column === widths.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + COLUMN_GAP);
}
