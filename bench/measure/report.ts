import { parseArgs } from "node:util";

/** One line of a report: what was measured, and its figures by column. */
export interface Row {
  readonly what: string;
  readonly figures: Readonly<Record<string, number>>;
}

export interface Report {
  readonly bench: string;
  /** What the columns are, their units, and the goal. */
  readonly notes: readonly string[];
  readonly rows: readonly Row[];
}

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } }, strict: false });

/** Prints a table, or with `--json` one line for programs. */
export function printReport(report: Report): void {
  const node = process.version;
  if (values["json"] === true) console.log(JSON.stringify({ ...report, node, date: new Date().toISOString() }));
  else printTable(report);
}

function printTable({ bench, notes, rows }: Report): void {
  console.log(`${bench} (Node ${process.version})`);
  const columns = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  const cells = rows.map(({ what, figures }) => [what, ...columns.map((column) => formatFigure(figures[column]))]);
  const table = [["", ...columns], ...cells];
  const widths = table[0]?.map((_, index) => Math.max(...table.map((line) => line[index]?.length ?? 0))) ?? [];
  for (const [first = "", ...others] of table) {
    const [width = 0, ...otherWidths] = widths;
    const figures = others.map((cell, index) => cell.padStart(otherWidths[index] ?? 0));
    console.log([first.padEnd(width), ...figures].join("  ").trimEnd());
  }
  for (const note of notes) console.log(`- ${note}`);
}

function formatFigure(figure: number | undefined): string {
  if (figure === undefined) return "";
  return Math.abs(figure) >= 100 ? figure.toFixed(0) : figure.toPrecision(3);
}
