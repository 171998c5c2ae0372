import type { FileEdit } from "./plan.ts";

/** Lines around a change that are shown with it. */
const CONTEXT_LINES = 3;
/** Programs have lines too, and nobody wants to read them. */
const SHOWN_BYTES_MAX = 256 * 1024;

/** Changes of files as a unified diff, without those that change nothing. */
export function formatDiff(edits: readonly FileEdit[]): string {
  return edits.map(formatEdit).join("");
}

function formatEdit({ path, before, after }: FileEdit): string {
  const [old, next] = [before?.content, after?.content];
  if (old === undefined ? next === undefined : next !== undefined && old.equals(next)) return "";
  const header = `--- ${old === undefined ? "/dev/null" : path}\n+++ ${next === undefined ? "/dev/null" : path}\n`;
  if ([old, next].some((content) => content !== undefined && isOpaque(content, path))) {
    const size = next === undefined ? "removed" : `${String(next.byteLength)} bytes`;
    return `${header}@@ a program, ${size} @@\n`;
  }
  return header + formatHunks(linesOf(old), linesOf(next));
}

function isOpaque(content: Buffer, path: string): boolean {
  return content.byteLength > SHOWN_BYTES_MAX || content.includes(0) || /\/containerd-shim-[^/]*$/u.test(path);
}

function linesOf(content: Buffer | undefined): readonly string[] {
  return content === undefined || content.byteLength === 0 ? [] : content.toString().split(/(?<=\n)/u);
}

/**
 * One hunk from the first line that differs to the last: what we change is in one or two places, and a person reads all
 * of it.
 */
function formatHunks(old: readonly string[], next: readonly string[]): string {
  const shorter = Math.min(old.length, next.length);
  let head = 0;
  while (head < shorter && old[head] === next[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === next.at(-1 - tail)) tail += 1;
  const start = Math.max(0, head - CONTEXT_LINES);
  const end = Math.max(0, tail - CONTEXT_LINES);
  const [oldLength, nextLength] = [old.length - end - start, next.length - end - start];
  const lines = [
    ...old.slice(start, head).map((line) => ` ${line}`),
    ...old.slice(head, old.length - tail).map((line) => `-${line}`),
    ...next.slice(head, next.length - tail).map((line) => `+${line}`),
    ...old.slice(old.length - tail, old.length - end).map((line) => ` ${line}`),
  ];
  const text = lines.map((line) => (line.endsWith("\n") ? line : `${line}\n\\ No newline at end of file\n`)).join("");
  return `@@ -${formatRange(start, oldLength)} +${formatRange(start, nextLength)} @@\n${text}`;
}

function formatRange(start: number, length: number): string {
  return `${String(length === 0 ? start : start + 1)},${String(length)}`;
}
