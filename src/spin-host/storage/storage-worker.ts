import { parentPort, workerData } from "node:worker_threads";
import { placeOf } from "./database-place.ts";
import { KeyValueFile } from "./key-value-file.ts";
import { storageLimits } from "./limits.ts";
import type { StorageAnswer, StorageCall, StorageFailure, StorageFiles, StorageRequest } from "./messages.ts";
import { SqlConnection } from "./sql-connection.ts";

/**
 * The thread that has the files of one application's stores: SQLite works where it is called, and what a guest's
 * statement takes must hold up no other guest. It is ended where a call takes too long.
 */
const files = workerData as StorageFiles;
const database = placeOf(files.sqlitePath);
/** Memory stays for as long as somebody is connected to it. */
let kept: SqlConnection | undefined;
let keyValue: KeyValueFile | undefined;
const connections = new Map<number, SqlConnection>();
/** Calls that another connection's transaction keeps from their turn, in the order in which they came. */
let waiting: { readonly request: StorageRequest; readonly untilMs: number }[] = [];

parentPort?.on("message", (request: StorageRequest) => {
  const untilMs = performance.now() + storageLimits.busyMsMax;
  if (!perform(request, untilMs)) {
    waiting.push({ request, untilMs });
    // A little later than that, so that it has waited for long enough then.
    setTimeout(retryWaiting, storageLimits.busyMsMax + 10);
    return;
  }
  retryWaiting();
});

/** Somebody may have ended a transaction, or waited for long enough. */
function retryWaiting(): void {
  waiting = waiting.filter(({ request, untilMs }) => !perform(request, untilMs));
}

/** Whether the call is answered. */
function perform({ id, call }: StorageRequest, untilMs: number): boolean {
  try {
    answer({ id, value: valueOf(call) });
  } catch (error) {
    if (isBusy(error) && performance.now() < untilMs) return false;
    answer({ id, failure: failureOf(error) });
  }
  return true;
}

function answer(message: StorageAnswer): void {
  parentPort?.postMessage(message);
}

function valueOf(call: StorageCall): unknown {
  switch (call.kind) {
    case "connect":
      kept ??= new SqlConnection(database);
      connections.set(call.connection, new SqlConnection(database));
      return undefined;
    case "execute":
      return connections.get(call.connection)?.execute(call.statement, call.parameters);
    case "disconnect":
      connections.get(call.connection)?.close();
      connections.delete(call.connection);
      return undefined;
    default:
      return keyValueOf(call, (keyValue ??= new KeyValueFile(placeOf(files.keyValuePath))));
  }
}

type KeyValueCall = Exclude<StorageCall, { readonly kind: "connect" | "execute" | "disconnect" }>;

function keyValueOf(call: KeyValueCall, file: KeyValueFile): unknown {
  switch (call.kind) {
    case "get":
      return call.keys.map((key) => file.get(key));
    case "set":
      return file.setAll(call.pairs);
    case "delete":
      return file.deleteAll(call.keys);
    case "exists":
      return file.get(call.key) !== undefined;
    case "keys":
      return file.keys();
    case "increment":
      return file.increment(call.key, call.delta);
    case "swap":
      return file.swap(call.key, call.expected, call.value);
  }
}

/** Result codes of SQLite, whose lowest byte says the kind. */
const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;

function isBusy(error: unknown): boolean {
  return resultCodeOf(error) === SQLITE_BUSY;
}

function resultCodeOf(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
}

function failureOf(error: unknown): StorageFailure {
  const message = error instanceof Error ? error.message : String(error);
  return { kind: resultCodeOf(error) === SQLITE_FULL ? "full" : "other", message };
}
