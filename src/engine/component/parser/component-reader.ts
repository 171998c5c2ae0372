import { KwasmError } from "#base";
import { ByteReader, formatOffset } from "../../loader/index.ts";
import { componentLimits } from "../limits.ts";

/** Counts over a whole file, shared by the readers of its parts. */
export interface FileCounts {
  definitions: number;
  modules: number;
}

/** Reads what components are made of; the positions in its errors are those of the file. */
export class ComponentReader extends ByteReader {
  readonly counts: FileCounts;

  constructor(bytes: Uint8Array, range: { start: number; end: number }, counts: FileCounts) {
    super(bytes, range.start, range.end);
    this.counts = counts;
  }

  override corrupt(problem: string, cause?: unknown): KwasmError {
    return invalidComponent(this.position, problem, cause);
  }

  /** A reader of the next `length` bytes, which this one passes. */
  part(length: number, what: string): ComponentReader {
    const start = this.position;
    this.skip(length, what);
    return new ComponentReader(this.bytes, { start, end: this.position }, this.counts);
  }

  /** A counted list; each entry counts as a definition of the file where `limit` says so. */
  list<T>(what: string, limit: number, read: () => T): T[] {
    const entries: T[] = [];
    for (let left = this.count(what, limit); left > 0; left -= 1) entries.push(read());
    return entries;
  }

  /** Entries of a section. */
  definitions<T>(what: string, read: () => T): T[] {
    return this.list(what, componentLimits.definitionsMax, () => {
      this.countDefinition();
      return read();
    });
  }

  countDefinition(): void {
    this.counts.definitions += 1;
    const limit = componentLimits.definitionsMax;
    if (this.counts.definitions > limit) throw tooMuch("definitions", this.counts.definitions, limit);
  }

  optional<T>(what: string, read: () => T): T | undefined {
    const present = this.byte(what);
    if (present > 1) throw this.corrupt(`${what} is neither there nor not there`);
    return present === 1 ? read() : undefined;
  }

  peek(): number | undefined {
    return this.position < this.end ? this.bytes[this.position] : undefined;
  }

  flag(what: string): boolean {
    const value = this.byte(what);
    if (value > 1) throw this.corrupt(`${what} has unknown bits`);
    return value === 1;
  }
}

/** What is not a component, said with its place in the file. */
export function invalidComponent(offset: number, problem: string, cause?: unknown): KwasmError {
  const message = `reading a component: ${problem} at byte "${formatOffset(offset)}"; build the component anew`;
  return new KwasmError("corrupt", message, cause === undefined ? {} : { cause });
}

/** What the specification has and we do not run. */
export function unsupportedComponent(offset: number, feature: string): KwasmError {
  const message = `reading a component: it uses ${feature} at byte "${formatOffset(offset)}", which is not run here; build it without`;
  return new KwasmError("unsupported", message);
}

/** A component that holds more of something than is allowed. */
export function tooMuch(what: string, value: number, limit: number): KwasmError {
  return new KwasmError("limit-exceeded", `reading a component: it has "${value}" ${what}, at most "${limit}" are run`);
}
