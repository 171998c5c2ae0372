import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { isNativeProgram } from "./is-native-program.ts";

const wasm = "\0asm\u0001\0\0\0";
const elf = "\x7fELF\u0002\u0001\u0001";
const script = "#!/bin/sh\n";

interface Case {
  readonly args: readonly string[];
  /** Under the root file system, but for `volume/…`, which is bound at /mnt. */
  readonly files?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  readonly path?: string;
}

function ask({ args, files = {}, links = {}, workingDirectory = "/", path = "/sbin:/bin" }: Case) {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-native-"));
  for (const [name, content] of Object.entries(files)) {
    const place = join(folder.path, name.startsWith("volume/") ? "" : "root", name);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, content);
  }
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(folder.path, "root", name));
  const bind = { type: "bind", options: ["rbind", "rw"] };
  return isNativeProgram({
    args,
    env: [["PATH", path]],
    workingDirectory,
    rootPath: join(folder.path, "root"),
    isRootReadOnly: false,
    mounts: [
      { ...bind, source: join(folder.path, "volume"), destination: "/mnt" },
      { ...bind, source: join(folder.path, "volume/tool"), destination: "/opt/tool" },
      { ...bind, source: "/dev/null", destination: "/dev/null" },
      { type: "proc", source: "proc", destination: "/proc", options: [] },
    ],
    annotations: {},
    limits: {},
    network: { kind: "host" },
    namespaces: [],
    hostname: "",
    sysctls: {},
  });
}

function checkNative(title: string, input: Case): void {
  test(`native: ${title}`, () => assert.equal(ask(input), true));
}

function checkOther(title: string, input: Case): void {
  test(`not native: ${title}`, () => assert.equal(ask(input), false));
}

checkNative("an ELF file by its path", { args: ["/bin/a"], files: { "bin/a": elf } });
checkNative("a script with its interpreter's name", { args: ["/bin/a"], files: { "bin/a": script } });
checkNative("a name in PATH", { args: ["a", "-v"], files: { "bin/a": elf } });
checkNative("a path from the working directory on", {
  args: ["./a"],
  files: { "srv/a": elf },
  workingDirectory: "/srv",
});
checkNative("a link", { args: ["/bin/sh"], files: { "bin/busybox": elf }, links: { "bin/sh": "busybox" } });
checkNative("a program of a volume", { args: ["/mnt/tool"], files: { "volume/tool": elf } });
checkNative("a program that is a volume of its own", { args: ["/opt/tool"], files: { "volume/tool": elf } });
checkNative("a program in PATH, where a text in the working directory has its name", {
  args: ["a"],
  files: { a: "text", "bin/a": elf },
});

checkOther("a module", { args: ["/app.wasm"], files: { "app.wasm": wasm } });
checkOther("a module in the working directory, whose name a program in PATH has", {
  args: ["a"],
  files: { a: wasm, "bin/a": elf },
});
checkOther("the image's own module", { args: ["/"], files: { "bin/a": elf } });
checkOther("an empty word", { args: [""], files: { "bin/a": elf } });
checkOther("no command", { args: [], files: { "bin/a": elf } });
checkOther("nothing of that name", { args: ["/bin/b"], files: { "bin/a": elf } });
checkOther("a program that is not in PATH", { args: ["a"], files: { "opt/a": elf } });
checkOther("a text", { args: ["/bin/a"], files: { "bin/a": "echo" } });
checkOther("an empty file", { args: ["/bin/a"], files: { "bin/a": "" } });
checkOther("a folder", { args: ["/bin"], files: { "bin/a": elf } });
checkOther("a file that a volume hides", { args: ["/mnt/a"], files: { "mnt/a": elf, "volume/tool": elf } });
checkOther("a volume that is neither file nor folder", { args: ["/dev/null"] });
checkOther("a volume that is not there", { args: ["/mnt/a"] });
