import assert from "node:assert/strict";
import { test } from "node:test";

import { findLoader, listSharedLibraries, parseListing } from "./shared-libraries.ts";

function check(listed: string, expected: Readonly<Record<string, string>>): void {
  const libraries = parseListing(listed, "/bin/program");
  assert.deepEqual(Object.fromEntries(libraries.map(({ name, path }) => [name, path])), expected);
}

test("libraries are listed by the names that the program asks for, the loader among them", () => {
  check(
    `\tlinux-vdso.so.1 (0x00007f1)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f2)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f3)
`,
    { "libc.so.6": "/lib/x86_64-linux-gnu/libc.so.6", "ld-linux-x86-64.so.2": "/lib64/ld-linux-x86-64.so.2" },
  );
  check(
    `\tlibc.so.6 => /lib/aarch64-linux-gnu/libc.so.6 (0x0000ffff1)
\t/lib/ld-linux-aarch64.so.1 => /lib/aarch64-linux-gnu/ld-linux-aarch64.so.1 (0x0000ffff2)
`,
    {
      "libc.so.6": "/lib/aarch64-linux-gnu/libc.so.6",
      "ld-linux-aarch64.so.1": "/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1",
    },
  );
});

test("a library that is not there is an error that names it", () => {
  assert.throws(() => parseListing("\tlibatomic.so.1 => not found\n", "/bin/program"), {
    code: "not-found",
    message: /"libatomic\.so\.1"/u,
  });
});

test("a program without a loader is an error", () => {
  assert.throws(() => parseListing("", "/bin/program"), { code: "unsupported" });
  assert.throws(() => findLoader([{ name: "libc.so.6", path: "/lib/libc.so.6" }]), { code: "unsupported" });
});

test("the Node that runs this has a loader and a C library", () => {
  const libraries = listSharedLibraries(process.execPath);
  assert.ok(libraries.includes(findLoader(libraries)));
  assert.ok(libraries.some(({ name }) => name.startsWith("libc.")));
});
