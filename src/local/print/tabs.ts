import type { DescribeLine } from "../kinds/index.ts";

/** Blanks after the widest cell of a column. */
const CELL_PADDING = 2;
const BLANKS_PER_LEVEL = 2;

/**
 * Aligns lines as Go's text/tabwriter does: a column is a run of neighbouring lines that all have a cell there which
 * another one follows; it is as wide as its widest cell.
 */
export function alignLines(lines: readonly DescribeLine[]): string {
  const rows = lines.map(({ level, cells }) => {
    const [first = "", ...rest] = cells;
    return [`${" ".repeat(level * BLANKS_PER_LEVEL)}${first}`, ...rest];
  });
  const widths = rows.map((row): number[] => row.map(() => 0));
  const columns = Math.max(0, ...rows.map((row) => row.length));
  for (let column = 0; column < columns; column++) widenColumn(rows, widths, column);
  return rows
    .map(
      (row, index) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[index]?.[column] ?? 0))
          .join("")
          .trimEnd()}\n`,
    )
    .join("");
}

function widenColumn(rows: readonly (readonly string[])[], widths: readonly number[][], column: number): void {
  let start = 0;
  while (start < rows.length) {
    let end = start;
    let width = 0;
    while (end < rows.length && column < (rows[end]?.length ?? 0) - 1) {
      width = Math.max(width, (rows[end]?.[column] ?? "").length + CELL_PADDING);
      end += 1;
    }
    for (let row = start; row < end; row++) widths[row]?.splice(column, 1, width);
    start = Math.max(end, start + 1);
  }
}
