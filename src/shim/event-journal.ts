import type { Log } from "#base";
import { Journal } from "#node";

import type { TimedEvent } from "./event-publisher.ts";

type Entry =
  | {
      readonly op: "event";
      readonly event: Omit<TimedEvent, "event"> & { readonly type: string; readonly value: string };
    }
  | { readonly op: "sent" };

/** Events that containerd has not taken yet, in a file: they outlive the process that has to tell them. */
export class EventJournal {
  readonly #journal: Journal<Entry>;
  readonly #log: Log;
  readonly #waiting: TimedEvent[] = [];

  private constructor(journal: Journal<Entry>, entries: readonly Entry[], log: Log) {
    this.#journal = journal;
    this.#log = log;
    for (const entry of entries) {
      if (entry.op === "sent") this.#waiting.shift();
      else this.#waiting.push(decode(entry.event));
    }
  }

  /** Events of a file that is damaged are lost; containerd asks for the states of tasks when it starts again. */
  static open(path: string, log: Log): EventJournal {
    const { journal, entries } = Journal.openOrBegin(path, readEntry, log);
    return new EventJournal(journal, entries, log);
  }

  /** The oldest event that waits. */
  get first(): TimedEvent | undefined {
    return this.#waiting[0];
  }

  get length(): number {
    return this.#waiting.length;
  }

  add(event: TimedEvent): void {
    this.#waiting.push(event);
    this.#write(() => this.#journal.append({ op: "event", event: encode(event) }));
  }

  /** The oldest one was taken, or is given up. */
  removeFirst(): TimedEvent | undefined {
    const event = this.#waiting.shift();
    this.#write(() => {
      this.#journal.append({ op: "sent" });
      if (!this.#journal.isWorthRewriting(this.#waiting.length)) return;
      this.#journal.rewrite(this.#waiting.map((waiting) => ({ op: "event", event: encode(waiting) })));
    });
    return event;
  }

  close(): void {
    this.#journal.close();
  }

  /** Where the disk takes no more, events outlive this process no longer, and go on all the same. */
  #write(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#log.warn("write an event down failed", { reason: String(error) });
    }
  }
}

function encode({ event, ...rest }: TimedEvent) {
  return { ...rest, type: event.typeUrl, value: Buffer.from(event.value).toString("base64") };
}

function decode({ type, value, ...rest }: Extract<Entry, { op: "event" }>["event"]): TimedEvent {
  return { ...rest, event: { typeUrl: type, value: Buffer.from(value, "base64") } };
}

/** The journal is control's own file; its shape is trusted once it is an entry at all. */
function readEntry(value: unknown): Entry {
  if (typeof value !== "object" || value === null || !("op" in value)) throw new TypeError("a line is not an entry");
  if (value.op === "event" && !("event" in value && hasValue(value.event))) {
    throw new TypeError("an event says nothing");
  }
  return value as Entry;
}

function hasValue(event: unknown): boolean {
  return typeof event === "object" && event !== null && "value" in event && typeof event.value === "string";
}
