import { KwasmError } from "#base";
import { waveLimits } from "./limits.ts";

const space = /(?:[ \t\r\n]|\/\/[^\n]*)*/y;
const labelPattern = /%?[A-Za-z][0-9A-Za-z]*(?:-[0-9A-Za-z]+)*/y;

/** Reads a text in WAVE from its beginning to its end; where it is wrong, the error says at which letter and what to write. */
export class WaveReader {
  readonly text: string;
  position = 0;

  constructor(text: string) {
    this.text = text;
    const { textLettersMax } = waveLimits;
    if (text.length <= textLettersMax) return;
    throw new KwasmError(
      "limit-exceeded",
      `read a call of "${text.length}" letters: at most "${textLettersMax}" are read`,
    );
  }

  /** Passes spaces and comments, then tells whether `token` stands there. */
  sees(token: string): boolean {
    this.#match(space);
    return this.text.startsWith(token, this.position);
  }

  /** As `sees`, and passes the token. */
  eats(token: string): boolean {
    if (!this.sees(token)) return false;
    this.position += token.length;
    return true;
  }

  expect(token: string): void {
    if (!this.eats(token)) throw this.fail(`"${token}" is expected`);
  }

  /** What a sticky pattern matches here, passed. */
  take(pattern: RegExp): string | undefined {
    this.#match(space);
    return this.#match(pattern);
  }

  /** A label, with the percent sign that tells it from a word of the language. */
  label(what: string): string {
    const label = this.take(labelPattern);
    if (label === undefined) throw this.fail(`${what} is expected`);
    return label;
  }

  /** Whether this very word stands here, and not one that only begins so; it is passed. */
  eatsWord(word: string): boolean {
    const start = this.position;
    if (this.take(labelPattern) === word) return true;
    this.position = start;
    return false;
  }

  /** Values between an opening and a closing token, with commas between; one may stand at the end. */
  series(open: string, close: string, read: () => void): void {
    this.expect(open);
    while (!this.eats(close)) {
      read();
      if (this.eats(",")) continue;
      this.expect(close);
      return;
    }
  }

  expectEnd(): void {
    this.#match(space);
    if (this.position < this.text.length) throw this.fail("the end is expected");
  }

  /** The error for what stands here. */
  fail(problem: string, start: number = this.position): KwasmError {
    const rest = this.text.slice(start, start + 20);
    const found = rest === "" ? "the end" : JSON.stringify(rest);
    return new KwasmError(
      "invalid-argument",
      `read a call in WAVE: ${problem} at letter "${start + 1}", where ${found} stands`,
    );
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.text)?.[0];
    if (match !== undefined) this.position += match.length;
    return match;
  }
}
