import { KwasmError } from "#base";

/** One way in which a server wants to be asked; RFC 9110, section 11.6.1. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const space = /[ \t]*/y;
const quoted = /"((?:[^"\\]|\\[^])*)"/y;
const token68 = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y;

/** Reads WWW-Authenticate, several of them joined by commas included. */
export function parseChallenges(text: string): readonly Challenge[] {
  const scan = new Scanner(text);
  const challenges: Challenge[] = [];
  for (;;) {
    scan.skipSeparators();
    if (scan.isAtEnd) return challenges;
    const scheme = scan.require(token, "a scheme").toLowerCase();
    challenges.push({ scheme, parameters: readParameters(scan) });
  }
}

function readParameters(scan: Scanner): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  if (scan.take(space) === "") {
    scan.endItem();
    return parameters;
  }
  for (;;) {
    const start = scan.at;
    const name = scan.take(token);
    scan.take(space);
    if (name === undefined || !scan.takeText("=")) {
      scan.at = start;
      // What is no parameter is a token68 after the scheme, or begins the next challenge.
      if (parameters.size === 0 && scan.take(token68) !== undefined) scan.endItem();
      return parameters;
    }
    scan.take(space);
    const value = scan.take(quoted) ?? scan.take(token);
    if (value === undefined) {
      scan.at = start;
      scan.require(token68, "a value");
      scan.endItem();
      return parameters;
    }
    parameters.set(name.toLowerCase(), value.startsWith('"') ? unquote(value) : value);
    scan.endItem();
    if (scan.isAtEnd) return parameters;
  }
}

function unquote(value: string): string {
  return value.slice(1, -1).replaceAll(/\\([^])/g, "$1");
}

class Scanner {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#text.length;
  }

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  takeText(text: string): boolean {
    const isThere = this.#text.startsWith(text, this.at);
    if (isThere) this.at += text.length;
    return isThere;
  }

  require(pattern: RegExp, what: string): string {
    const found = this.take(pattern);
    if (found !== undefined) return found;
    throw new KwasmError("corrupt", `reading a WWW-Authenticate header: ${what} was expected at position ${this.at}`);
  }

  /** After an item comes a comma or the end. */
  endItem(): void {
    const before = this.at;
    this.skipSeparators();
    if (this.isAtEnd || this.#text.slice(before, this.at).includes(",")) return;
    throw new KwasmError("corrupt", `reading a WWW-Authenticate header: a comma was expected at position ${this.at}`);
  }

  skipSeparators(): void {
    while (this.take(/[ \t,]+/y) !== undefined);
  }
}
