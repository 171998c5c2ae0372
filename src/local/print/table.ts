/** Blanks between the columns of `get`, as kubectl has them. */
const COLUMN_GAP = 3;

/** Rows below their headers; every column as wide as its widest cell, the last one too, as kubectl's tables are. */
export function formatTable(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headers.map((header, column) =>
    rows.reduce((width, row) => Math.max(width, (row[column] ?? "").length), header.length),
  );
  return [headers, ...rows].map((row) => `${formatRow(row, widths)}\n`).join("");
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => cell.padEnd((widths[column] ?? 0) + COLUMN_GAP))
    .join("")
    .trimEnd();
}
