import { closeSync, fstatSync, openSync, renameSync, writevSync } from "node:fs";

/** kubelet's defaults are 10Mi and five files; one predecessor is kept here, so a container holds 20 MiB at most. */
const LOG_FILE_BYTES_MAX = 10 * 1024 * 1024;

/**
 * One container's log, appended to and rotated: past LOG_FILE_BYTES_MAX the file becomes `<path>.1`, replacing the one
 * before, and a new one begins. A reader that follows notices that the path is another inode.
 */
export class LogFile {
  readonly #path: string;
  readonly #bytesMax: number;
  #fd: number;
  #bytes: number;

  constructor(path: string, bytesMax: number = LOG_FILE_BYTES_MAX) {
    this.#path = path;
    this.#bytesMax = bytesMax;
    this.#fd = openSync(path, "a", 0o640);
    this.#bytes = fstatSync(this.#fd).size;
  }

  /** Appends records; throws Node's error where the disk takes no more, and the records are lost then. */
  write(records: readonly Uint8Array[]): void {
    if (records.length === 0) return;
    if (this.#bytes >= this.#bytesMax) this.#rotate();
    this.#bytes += writevSync(this.#fd, records);
  }

  close(): void {
    if (this.#fd < 0) return;
    closeSync(this.#fd);
    this.#fd = -1;
  }

  #rotate(): void {
    closeSync(this.#fd);
    renameSync(this.#path, `${this.#path}.1`);
    this.#fd = openSync(this.#path, "a", 0o640);
    this.#bytes = 0;
  }
}
