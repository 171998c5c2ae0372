/** A line that is being typed holds as much as Linux' own (N_TTY_BUF_SIZE), its newline included. */
export const LINE_BYTES_MAX = 4096;

/** What keys ask for that a guest cannot catch: it ends by them. */
export type TerminalSignal = "SIGINT" | "SIGQUIT";

/** What came of some typed bytes. */
export interface Typed {
  /** To be shown to whoever types. */
  readonly echo: Uint8Array;
  /** Lines that are complete, with their newlines; an empty one is the end of file that control-D at a line's start means. */
  readonly lines: readonly Uint8Array[];
  /** The last signal; what was typed before it does not count any more. */
  readonly signal?: TerminalSignal;
}

const NEWLINE = 0x0a;
const ESCAPED_DELETE = 0x3f;
const key = {
  controlC: 0x03,
  controlD: 0x04,
  backspace: 0x08,
  tab: 0x09,
  carriageReturn: 0x0d,
  controlR: 0x12,
  controlU: 0x15,
  controlV: 0x16,
  controlW: 0x17,
  controlZ: 0x1a,
  controlBackslash: 0x1c,
  delete: 0x7f,
} as const;
const signalsByKey: ReadonlyMap<number, TerminalSignal> = new Map<number, TerminalSignal>([
  [key.controlC, "SIGINT"],
  [key.controlBackslash, "SIGQUIT"],
]);
const BELL = "\u0007";
const RUB_OUT = "\b \b";

/**
 * What a terminal of Linux does with typed bytes in the mode that programs find it in (termios(3): ICANON, ECHO,
 * ECHOE, ECHOCTL, ISIG, ICRNL, IUTF8): they are shown, may be corrected, and reach the program line by line. No guest
 * can ask for another mode. Nothing can be stopped by control-Z, which is shown and has no effect.
 */
export class LineDiscipline {
  #line: number[] = [];
  /** After control-V: the next byte stands for itself. */
  #isLiteral = false;

  type(bytes: Uint8Array): Typed {
    const typing = new Typing();
    for (const byte of bytes) this.#typeByte(byte, typing);
    return typing.result();
  }

  /** What stands in the line that nobody completed; it is taken out. */
  takeRest(): Uint8Array {
    return Uint8Array.from(this.#line.splice(0));
  }

  #typeByte(byte: number, typing: Typing): void {
    if (this.#isLiteral) {
      this.#isLiteral = false;
      this.#append(byte, typing);
      return;
    }
    const signal = signalsByKey.get(byte);
    if (signal !== undefined) {
      this.#line = [];
      typing.signal(signal, shown(byte));
      return;
    }
    this.#edit(byte, typing);
  }

  #edit(byte: number, typing: Typing): void {
    switch (byte) {
      case NEWLINE:
      case key.carriageReturn:
        typing.show("\r\n");
        typing.complete([...this.#line.splice(0), NEWLINE]);
        return;
      case key.controlD:
        typing.complete(this.#line.splice(0));
        return;
      case key.backspace:
      case key.delete:
        this.#rubOut(this.#lastCharacterStart(), typing);
        return;
      case key.controlU:
        this.#rubOut(0, typing);
        return;
      case key.controlW:
        this.#rubOut(this.#lastWordStart(), typing);
        return;
      case key.controlR:
        typing.show(`${shown(byte)}\r\n`);
        for (const typed of this.#line) typing.showByte(typed);
        return;
      case key.controlV:
        this.#isLiteral = true;
        return;
      case key.controlZ:
        typing.show(shown(byte));
        return;
      default:
        this.#append(byte, typing);
    }
  }

  #append(byte: number, typing: Typing): void {
    // Room for the newline, without which a full line could never be completed.
    if (this.#line.length >= LINE_BYTES_MAX - 1) {
      typing.show(BELL);
      return;
    }
    this.#line.push(byte);
    typing.showByte(byte);
  }

  #rubOut(start: number, typing: Typing): void {
    for (const byte of this.#line.splice(start)) typing.show(RUB_OUT.repeat(columnsOf(byte)));
  }

  #lastCharacterStart(): number {
    let start = Math.max(0, this.#line.length - 1);
    while (start > 0 && isContinuation(this.#line[start])) start -= 1;
    return start;
  }

  #lastWordStart(): number {
    let start = this.#line.length;
    while (start > 0 && isSpace(this.#line[start - 1])) start -= 1;
    while (start > 0 && !isSpace(this.#line[start - 1])) start -= 1;
    return start;
  }
}

/** Collects what one look at typed bytes gives. */
class Typing {
  readonly #echo: Uint8Array[] = [];
  #lines: Uint8Array[] = [];
  #signal: TerminalSignal | undefined;

  show(text: string): void {
    this.#echo.push(Buffer.from(text, "latin1"));
  }

  showByte(byte: number): void {
    this.#echo.push(isControl(byte) ? Buffer.from(shown(byte)) : Uint8Array.of(byte));
  }

  complete(line: readonly number[]): void {
    this.#lines.push(Uint8Array.from(line));
  }

  signal(signal: TerminalSignal, text: string): void {
    this.#lines = [];
    this.#signal = signal;
    this.show(text);
  }

  result(): Typed {
    const signal = this.#signal === undefined ? {} : { signal: this.#signal };
    return { echo: Buffer.concat(this.#echo), lines: this.#lines, ...signal };
  }
}

/** A control character as terminals show it: `^C`. */
function shown(byte: number): string {
  return `^${String.fromCharCode(byte === key.delete ? ESCAPED_DELETE : byte + 0x40)}`;
}

function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== key.tab) || byte === key.delete;
}

function columnsOf(byte: number): number {
  if (isContinuation(byte)) return 0;
  return isControl(byte) ? 2 : 1;
}

/** Any byte of a character in UTF-8 but its first. */
function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === key.tab;
}
