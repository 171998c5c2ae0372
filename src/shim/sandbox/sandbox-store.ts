import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { KwasmError, type Log, writeFileAtomic } from "#base";

import { parseRecord, type SandboxRecord } from "./sandbox-record.ts";

/** Pods of a node, with room: kubelet's own limit is 110 by default, and 5,000 are the most that anybody runs. */
const SANDBOXES_MAX = 16_384;

/** Records of sandboxes by namespace and id, each in a file that is replaced as a whole. */
export class SandboxStore {
  readonly #directory: string;
  readonly #recordsMax: number;
  readonly #records = new Map<string, SandboxRecord>();

  /** Reads what an earlier process left. A file that is no record is left out, and the log says so. */
  constructor(directory: string, log: Log, recordsMax = SANDBOXES_MAX) {
    this.#recordsMax = recordsMax;
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(directory)) {
      if (!name.endsWith(".json")) continue;
      try {
        const record = parseRecord(readFileSync(join(directory, name), "utf8"));
        this.#records.set(keyOf(record.namespace, record.id), record);
      } catch (error) {
        log.warn("a sandbox is forgotten", { name, reason: KwasmError.from(error, `read "${name}"`).message });
      }
    }
  }

  get(namespace: string, id: string): SandboxRecord | undefined {
    return this.#records.get(keyOf(namespace, id));
  }

  list(): readonly SandboxRecord[] {
    return [...this.#records.values()];
  }

  /** Throws `limit-exceeded` for a new one where there are as many as allowed. */
  put(record: SandboxRecord): void {
    const key = keyOf(record.namespace, record.id);
    if (!this.#records.has(key) && this.#records.size >= this.#recordsMax) {
      throw new KwasmError(
        "limit-exceeded",
        `keep sandbox "${record.id}": there are ${String(this.#recordsMax)}; remove pods first`,
      );
    }
    writeFileAtomic(this.#pathOf(key), JSON.stringify(record), 0o600);
    this.#records.set(key, record);
  }

  delete({ namespace, id }: SandboxRecord): void {
    const key = keyOf(namespace, id);
    rmSync(this.#pathOf(key), { force: true });
    this.#records.delete(key);
  }

  #pathOf(key: string): string {
    return join(this.#directory, `${key}.json`);
  }
}

/** No identifier holds the sign between. */
function keyOf(namespace: string, id: string): string {
  return `${namespace}~${id}`;
}
