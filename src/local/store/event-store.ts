import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Clock } from "#base";
import type { KubeEvent, ObjectKey } from "../kinds/index.ts";
import { diskFailure } from "./disk-failure.ts";
import { timestampOf } from "./timestamp.ts";

/** Events of the whole machine, oldest forgotten first: a day of a busy machine, in about 2 MB. */
export const EVENT_COUNT_MAX = 5_000;

/** Characters of one message; a trap with its stack may be longer, and its start says what happened. */
const EVENT_MESSAGE_LENGTH_MAX = 1_024;

/** How many rows over the limit are let pass before the oldest are removed in one go. */
const TRIM_STEP = 100;

export interface NewEvent {
  readonly type: KubeEvent["type"];
  readonly reason: string;
  readonly message: string;
  readonly source: string;
  readonly about: ObjectKey;
}

/** What happened to objects. The same event again is counted on its row instead of adding one. */
export class EventStore {
  readonly #clock: Clock;
  readonly #repeat: StatementSync;
  readonly #insert: StatementSync;
  readonly #trim: StatementSync;
  readonly #ofObject: StatementSync;
  readonly #ofNamespace: StatementSync;
  #rowCount: number;

  constructor(database: DatabaseSync, clock: Clock) {
    this.#clock = clock;
    this.#repeat = database.prepare(
      "UPDATE events SET count = count + 1, last_at = ? WHERE namespace = ? AND kind = ? AND name = ? AND type = ? AND reason = ? AND message = ? AND source = ?",
    );
    this.#insert = database.prepare(
      "INSERT INTO events (last_at, namespace, kind, name, type, reason, message, source, first_at, count) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
    );
    this.#trim = database.prepare(
      "DELETE FROM events WHERE id NOT IN (SELECT id FROM events ORDER BY last_at DESC, id DESC LIMIT ?)",
    );
    this.#ofObject = database.prepare(
      "SELECT * FROM events WHERE namespace = ? AND kind = ? AND name = ? ORDER BY last_at, id",
    );
    this.#ofNamespace = database.prepare("SELECT * FROM events WHERE namespace = ? ORDER BY last_at, id");
    this.#rowCount = Number(database.prepare("SELECT count(*) AS n FROM events").get()?.["n"] ?? 0);
  }

  /** An event that the disk does not take is lost: it only tells of what happens, which must go on. */
  record(event: NewEvent): void {
    try {
      this.#record(event);
    } catch (error) {
      const failure = diskFailure(error, "record an event");
      if (failure.code !== "unavailable") throw failure;
    }
  }

  #record(event: NewEvent): void {
    const now = timestampOf(this.#clock.nowMs());
    const { kind, name, namespace = "" } = event.about;
    const message = event.message.slice(0, EVENT_MESSAGE_LENGTH_MAX);
    const row = [now, namespace, kind, name, event.type, event.reason, message, event.source] as const;
    if (Number(this.#repeat.run(...row).changes) > 0) return;
    this.#insert.run(...row, now);
    this.#rowCount += 1;
    if (this.#rowCount < EVENT_COUNT_MAX + TRIM_STEP) return;
    this.#trim.run(EVENT_COUNT_MAX);
    this.#rowCount = EVENT_COUNT_MAX;
  }

  /** Oldest first. */
  listOf(about: ObjectKey): KubeEvent[] {
    return this.#ofObject.all(about.namespace ?? "", about.kind, about.name).map(eventOfRow);
  }

  listIn(namespace: string): KubeEvent[] {
    return this.#ofNamespace.all(namespace).map(eventOfRow);
  }
}

function eventOfRow(row: Record<string, unknown>): KubeEvent {
  const namespace = String(row["namespace"]);
  const key = { kind: String(row["kind"]), name: String(row["name"]) };
  return {
    type: row["type"] === "Warning" ? "Warning" : "Normal",
    reason: String(row["reason"]),
    message: String(row["message"]),
    source: String(row["source"]),
    count: Number(row["count"]),
    firstTimestamp: String(row["first_at"]),
    lastTimestamp: String(row["last_at"]),
    involvedObject: namespace === "" ? key : { ...key, namespace },
  };
}
