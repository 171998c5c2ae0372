import type { Directory, DirectoryEntry } from "../../host/index.ts";

/** Names taken from the host at once. */
const entriesReadAhead = 64;

/** `directory-entry-stream`: has a handle of its own, so that streams do not disturb each other. */
export class EntryStream {
  readonly #directory: Directory;
  #ahead: readonly DirectoryEntry[] = [];
  #next = 0;
  #cookie = 0n;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  /** The next name, without `.` and `..`; none at the end. */
  read(): DirectoryEntry | undefined {
    for (;;) {
      if (this.#next === this.#ahead.length) {
        this.#ahead = this.#directory.entries(this.#cookie, entriesReadAhead);
        this.#next = 0;
      }
      const entry = this.#ahead[this.#next];
      if (entry === undefined) return undefined;
      this.#next += 1;
      this.#cookie = entry.cookie;
      if (entry.name !== "." && entry.name !== "..") return entry;
    }
  }

  drop(): void {
    this.#directory.close();
  }
}
