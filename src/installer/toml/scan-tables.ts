/** Where a table of a TOML text stands: from the first character of its header's line to the next header's, or the end. */
export interface TableRange {
  readonly path: readonly string[];
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the headers of tables in a text that need not be valid TOML: K3s' templates have lines of Go's templates in
 * them. What looks like a header in a string or an array of several lines is none. Arrays of tables end a table, and are
 * not listed themselves.
 */
export function scanTables(text: string): readonly TableRange[] {
  const headers: { path: readonly string[] | undefined; start: number }[] = [];
  let state: ValueState = { depth: 0, quote: "" };
  let offset = 0;
  for (const line of text.split(/(?<=\n)/u)) {
    const isHeader = state.depth === 0 && state.quote === "" && /^\s*\[/u.test(line);
    if (isHeader) headers.push({ path: parseHeader(line), start: offset });
    else state = scanValues(line, state);
    offset += line.length;
  }
  return headers.flatMap(({ path, start }, index) => {
    const end = headers[index + 1]?.start ?? text.length;
    return path === undefined ? [] : [{ path, start, end }];
  });
}

/** What is open at the end of a line: brackets, and a string of several lines by its quotes. */
interface ValueState {
  readonly depth: number;
  readonly quote: "" | '"""' | "'''";
}

function scanValues(line: string, state: ValueState): ValueState {
  let { depth, quote } = state;
  // Keys have no brackets outside quotes, so the whole line is looked at, and keys are strings as values are.
  const tokens = /"""|'''|\\.|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#.*|[[\]{}]/gu;
  for (let index = 0; ;) {
    if (quote !== "") {
      const end = endOfLongString(line, index, quote);
      if (end === undefined) return { depth, quote };
      quote = "";
      index = end;
    }
    tokens.lastIndex = index;
    const token = tokens.exec(line)?.[0];
    if (token === undefined) return { depth, quote };
    index = tokens.lastIndex;
    if (token === '"""' || token === "'''") quote = token;
    else if (token === "[" || token === "{") depth += 1;
    else if (token === "]" || token === "}") depth = Math.max(0, depth - 1);
  }
}

function endOfLongString(line: string, from: number, quote: '"""' | "'''"): number | undefined {
  const pattern = quote === '"""' ? /\\[^]|"{3,5}/gu : /'{3,5}/gu;
  pattern.lastIndex = from;
  for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
    if (!match[0].startsWith("\\")) return pattern.lastIndex;
  }
  return undefined;
}

/** The keys of `[a."b.c".d]`; undefined for `[[a]]` and for what is no header. */
function parseHeader(line: string): readonly string[] | undefined {
  const key = String.raw`"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+`;
  const whole = new RegExp(String.raw`^\s*\[\s*((?:${key})(?:\s*\.\s*(?:${key}))*)\s*\]\s*(?:#.*)?\s*$`, "u").exec(
    line,
  );
  if (whole === null) return undefined;
  const keys = whole[1]?.match(new RegExp(key, "gu")) ?? [];
  return keys.map((text) => (/^["']/u.test(text) ? text.slice(1, -1) : text));
}
