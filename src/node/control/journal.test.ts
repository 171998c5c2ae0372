import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";

import { silentLog } from "#base";

import { LINE_BYTES_MAX } from "../channel/index.ts";
import { Journal } from "./journal.ts";
import { entriesOf, type JournalEntry, readEntry, replay } from "./journal-entries.ts";

function withJournal(run: (path: string) => void): void {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-journal-"));
  run(join(directory.path, "journal"));
}

function write(path: string, entries: readonly JournalEntry[]): void {
  const { journal } = Journal.open(path, readEntry);
  for (const entry of entries) journal.append(entry);
  journal.close();
}

function read(path: string): { entries: readonly JournalEntry[]; isTorn: boolean } {
  const { journal, entries, isTorn } = Journal.open(path, readEntry);
  journal.close();
  return { entries, isTorn };
}

const gone: JournalEntry = { op: "workload-gone", id: "a" };

test("entries are read back, also after a reopening", () => {
  withJournal((path) => {
    write(path, [gone]);
    write(path, [{ op: "sandbox-gone", id: "b" }]);
    assert.deepEqual(read(path), { entries: [gone, { op: "sandbox-gone", id: "b" }], isTorn: false });
  });
});

test("a torn last line is dropped for good", () => {
  withJournal((path) => {
    write(path, [gone]);
    appendFileSync(path, '{"op":"sand');
    assert.deepEqual(read(path), { entries: [gone], isTorn: true });
    assert.deepEqual(read(path), { entries: [gone], isTorn: false });
  });
});

for (const damage of ["not json\n", "7\n", "{}\n"]) {
  test(`a journal that says ${JSON.stringify(damage)} is corrupt and is left as it is`, () => {
    withJournal((path) => {
      writeFileSync(path, damage);
      assert.throws(() => read(path), { code: "corrupt" });
      assert.equal(readFileSync(path, "utf8"), damage);
    });
  });
}

test("a damaged journal is moved aside, as often as it happens, and the next begins empty", () => {
  withJournal((path) => {
    for (const damage of ["not json\n", "{}\n"]) {
      writeFileSync(path, damage);
      const opened = Journal.openOrBegin(path, readEntry, silentLog);
      assert.deepEqual([opened.entries, opened.isDamaged], [[], true]);
      opened.journal.append(gone);
      opened.journal.close();
      assert.equal(readFileSync(`${path}.damaged`, "utf8"), damage);
      const again = Journal.openOrBegin(path, readEntry, silentLog);
      assert.deepEqual([again.entries, again.isDamaged], [[gone], false]);
      again.journal.close();
    }
  });
});

test("an entry longer than what is read again is refused, and the journal stays whole", () => {
  withJournal((path) => {
    const { journal } = Journal.open(path, readEntry);
    const emptyBytes = JSON.stringify({ op: "workload-gone", id: "" }).length + 1;
    const longest: JournalEntry = { op: "workload-gone", id: "x".repeat(LINE_BYTES_MAX - emptyBytes) };
    journal.append(longest);
    assert.throws(() => journal.append({ ...longest, id: `${longest.id}x` }), { code: "limit-exceeded" });
    journal.append(gone);
    journal.close();
    assert.deepEqual(read(path).entries, [longest, gone]);
  });
});

test("a disk that is full loses the entry and nothing else", () => {
  const journalModule = join(import.meta.dirname, "journal.ts");
  withJournal((path) => {
    // A process may be forbidden to write files past a size; its writes are cut there, as on a full disk.
    const program = `
      import { Journal } from ${JSON.stringify(journalModule)};
      process.on("SIGXFSZ", () => undefined);
      const { journal } = Journal.open(${JSON.stringify(path)}, (value) => value);
      journal.append(${JSON.stringify(gone)});
      try { journal.append({ op: "workload-gone", id: "b".repeat(8_000) }); } catch (error) { console.log(error.code); }
      journal.append(${JSON.stringify(gone)});
      journal.close();`;
    const shell = 'ulimit -f 2; exec "$0" --input-type=module --disable-warning=ExperimentalWarning -e "$1"';
    const output = execFileSync("/bin/sh", ["-c", shell, process.execPath, program], { encoding: "utf8" });
    assert.equal(output, "limit-exceeded\n");
    assert.deepEqual(read(path), { entries: [gone, gone], isTorn: false });
  });
});

test("a rewritten journal says what the long one said", () => {
  withJournal((path) => {
    const { journal } = Journal.open(path, readEntry);
    for (let lines = 0; lines < 2_010; lines++) journal.append(gone);
    assert.ok(journal.isWorthRewriting(1));
    journal.rewrite([gone]);
    assert.ok(!journal.isWorthRewriting(1));
    journal.append(gone);
    journal.close();
    assert.deepEqual(read(path).entries, [gone, gone]);
  });
});

const id = fc.constantFrom("a", "b", "c");
const exit = { code: 1, reason: "Error", message: "", startedAtMs: 1, finishedAtMs: 2 } as const;
const anyEntry: fc.Arbitrary<JournalEntry> = fc.oneof(
  id.map((name): JournalEntry => ({ op: "sandbox", spec: { id: name, group: "g", listeners: [] } })),
  id.map((name): JournalEntry => ({ op: "sandbox-gone", id: name })),
  id.map((name): JournalEntry => ({ op: "workload", spec: specOf(name) })),
  fc
    .tuple(id, fc.nat())
    .map(([name, memoryBytesMax]): JournalEntry => ({ op: "limits", id: name, limits: { memoryBytesMax } })),
  fc.tuple(id, fc.boolean()).map(([name, isPaused]): JournalEntry => ({ op: "paused", id: name, isPaused })),
  id.map((name): JournalEntry => ({ op: "input-closed", id: name })),
  id.map((name): JournalEntry => ({ op: "placed", id: name, cell: "c", guest: 7 })),
  id.map((name): JournalEntry => ({ op: "started", id: name, atMs: 5 })),
  id.map((name): JournalEntry => ({ op: "exited", id: name, exit, cpuNanoseconds: 9 })),
  id.map((name): JournalEntry => ({ op: "workload-gone", id: name })),
);

function specOf(name: string) {
  return {
    id: name,
    sandboxId: "s",
    module: { path: "/m", digest: "sha256:0" },
    args: [],
    env: [],
    mounts: [],
    output: { kind: "discard" },
    memoryBytesMax: 1,
  } as const;
}

test("the shortest journal of a state replays to that state", () => {
  fc.assert(
    fc.property(fc.array(anyEntry), (entries) => {
      const state = replay(entries);
      assert.deepEqual(replay(entriesOf(state)), state);
    }),
  );
});
