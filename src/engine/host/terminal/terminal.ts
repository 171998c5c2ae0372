import { alwaysReady, type Cancel, type Pollable, Signal } from "../pollable.ts";
import { type InputStream, type OutputStream, streamBytesMax } from "../stream.ts";
import { LineDiscipline, type TerminalSignal } from "./line-discipline.ts";

/** Typed bytes looked at in one go: a paste must not keep the thread from the guests on it. */
const TYPED_BYTES_MAX = 4096;

export interface TerminalOptions {
  /** What is typed; without it nobody ever types anything, which is not the end of it. Belongs to the terminal. */
  readonly input?: InputStream | undefined;
  /** The screen. Belongs to the terminal. */
  readonly output: OutputStream;
  /** A key asked for a signal. */
  readonly onSignal: (signal: TerminalSignal) => void;
}

/** The three streams of a guest that sits at a terminal. */
export interface Terminal {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/**
 * Makes a terminal of two streams of bytes: what is typed is shown and goes through the line discipline, and a newline
 * of the guest also returns to the line's start (ONLCR). The kernel's own terminals would do the same, but need somebody
 * who pumps their bytes for as long as the guest lives, and Node writes to them blocking. A guest of WASI has no
 * call that could tell the difference: it can set no mode and ask for no size.
 */
export function openTerminal(options: TerminalOptions): Terminal {
  return new SoftwareTerminal(options);
}

class SoftwareTerminal implements Terminal {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly #options: TerminalOptions;
  readonly #discipline = new LineDiscipline();
  readonly #changed = new Signal();
  /** An empty line is an end of file, which is told once. */
  readonly #lines: Uint8Array[] = [];
  #isHungUp = false;
  #handles = 3;
  #listening: Cancel | undefined;

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.stdin = this.#makeInput();
    this.stdout = this.#makeOutput();
    this.stderr = this.#makeOutput();
    this.#listen();
  }

  #makeInput(): InputStream {
    const readable: Pollable = {
      isReady: () => this.#lines.length > 0 || this.#isHungUp,
      onReady: (callback) => this.#changed.onReady(callback),
    };
    return {
      isTerminal: true,
      readable,
      available: () => this.#lines[0]?.length ?? 0,
      read: (bytesMax) => this.#read(bytesMax),
      close: this.#makeClose(),
    };
  }

  /** Each byte may become two. */
  #makeOutput(): OutputStream {
    const { output } = this.#options;
    const capacity = (): number => Math.floor(output.capacity() / 2);
    return {
      isTerminal: true,
      writable: { isReady: () => isReady(capacity), onReady: (callback) => output.writable.onReady(callback) },
      capacity,
      write: (bytes) => output.write(returnLines(bytes)),
      flush: () => output.flush(),
      close: this.#makeClose(),
    };
  }

  /** The two streams underneath are closed with the last of the three. */
  #makeClose(): () => void {
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.#handles -= 1;
      if (this.#handles === 0) this.#close();
    };
  }

  #close(): void {
    this.#listening?.();
    this.#options.input?.close();
    this.#options.output.close();
  }

  #read(bytesMax: number): Uint8Array | "ended" | undefined {
    const line = this.#lines.shift();
    if (line === undefined) return this.#isHungUp ? "ended" : undefined;
    if (line.length > bytesMax) this.#lines.unshift(line.subarray(bytesMax));
    this.#listen();
    return line.length === 0 ? "ended" : line.subarray(0, bytesMax);
  }

  /** Typing is heard also while the guest does not read, for it may be what ends the guest. */
  #listen(): void {
    const { input } = this.#options;
    if (input === undefined || this.#isHungUp || this.#listening !== undefined || !this.#hasRoom()) return;
    const hear = (): void => {
      this.#listening = undefined;
      this.#hear(input);
      if (this.#handles > 0) this.#listen();
    };
    this.#listening = input.readable.isReady() ? alwaysReady.onReady(hear) : input.readable.onReady(hear);
  }

  #hasRoom(): boolean {
    return this.#lines.reduce((bytes, line) => bytes + line.length + 1, 0) < streamBytesMax;
  }

  #hear(input: InputStream): void {
    const typed = readOrEnd(input);
    if (typed === "ended") this.#hangUp();
    else if (typed !== undefined) this.#type(typed);
  }

  #type(bytes: Uint8Array): void {
    const { echo, lines, signal } = this.#discipline.type(bytes);
    this.#show(echo);
    if (signal !== undefined) this.#lines.length = 0;
    this.#lines.push(...lines);
    if (this.#lines.length > 0) this.#changed.fire();
    if (signal !== undefined) this.#options.onSignal(signal);
  }

  #hangUp(): void {
    const rest = this.#discipline.takeRest();
    if (rest.length > 0) this.#lines.push(rest);
    this.#isHungUp = true;
    this.#changed.fire();
  }

  /** What a screen that nobody reads has no room for is not shown, as with the kernel's terminals. */
  #show(echo: Uint8Array): void {
    const { output } = this.#options;
    const room = isReady(() => output.capacity()) ? roomOf(output) : 0;
    if (room > 0 && echo.length > 0) output.write(echo.subarray(0, room));
  }
}

/** Whether a write would go on, be it with an error. */
function isReady(capacity: () => number): boolean {
  try {
    return capacity() > 0;
  } catch {
    // The write itself will tell what is wrong.
    return true;
  }
}

function roomOf(output: OutputStream): number {
  try {
    return output.capacity();
  } catch {
    // A screen that is gone shows nothing.
    return 0;
  }
}

function readOrEnd(input: InputStream): Uint8Array | "ended" | undefined {
  try {
    return input.read(TYPED_BYTES_MAX);
  } catch {
    // A line that broke is one that was hung up.
    return "ended";
  }
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

function returnLines(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(NEWLINE)) return bytes;
  const returned: number[] = [];
  for (const byte of bytes) {
    if (byte === NEWLINE) returned.push(CARRIAGE_RETURN);
    returned.push(byte);
  }
  return Uint8Array.from(returned);
}
