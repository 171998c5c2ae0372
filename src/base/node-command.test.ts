import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { nodeCommand, type StartedNode } from "./node-command.ts";

function check(started: StartedNode, expected: readonly string[]): void {
  assert.deepEqual(nodeCommand(started), expected);
}

test("a Node that the kernel started is started by its own path, whatever it was called by", () => {
  check({ execPath: "/usr/bin/node", argv0: "node" }, ["/usr/bin/node"]);
  check({ execPath: "/opt/ld-tools/node", argv0: "sh" }, ["/opt/ld-tools/node"]);
});

test("a Node that a loader runs is started by that loader, with the libraries beside it", () => {
  for (const loader of ["ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "ld64.so.2", "ld-musl-x86_64.so.1"]) {
    const words = ["--inhibit-cache", "--library-path", "/opt/v/lib", "/opt/v/bin/node"];
    const execPath = `/opt/v/lib/${loader}`;
    check({ execPath, argv0: "/opt/v/bin/node" }, [execPath, ...words]);
  }
});

test("the command of this process starts a Node of the same version", () => {
  const [program, ...words] = nodeCommand();
  assert.equal(execFileSync(program, [...words, "--version"], { encoding: "utf8" }), `${process.version}\n`);
});
