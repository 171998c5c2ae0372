import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { ErrorCode } from "#base";
import { parseConfig } from "../layout/parse.ts";
import { emptyModule } from "../testing/make-image.ts";
import type { UnpackedImage } from "../unpack/unpack.ts";
import { type ContainerCommand, type ContainerEntry, resolveEntry } from "./resolve-entry.ts";

interface Case extends ContainerCommand {
  /** The config's inner `config`. */
  readonly run?: object;
  /** Files of the image; all are modules but those with content. */
  readonly files: readonly (string | readonly [path: string, content: string])[];
  readonly links?: Readonly<Record<string, string>>;
  readonly isArtifact?: boolean;
}

async function resolveCase({
  run = {},
  files,
  links = {},
  isArtifact = false,
  ...command
}: Case): Promise<ContainerEntry> {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-entry-"));
  const root = directory.path;
  for (const file of files) {
    const [path, content] = typeof file === "string" ? [file, emptyModule] : file;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(root, path));
  const config = parseConfig(Buffer.from(JSON.stringify({ config: run })), "test");
  const image: UnpackedImage = {
    name: "test",
    digest: `sha256:${"0".repeat(64)}`,
    config,
    root,
    kind: isArtifact ? "wasm-image" : "files",
  };
  return await resolveEntry(image, command);
}

function check(title: string, input: Case, expected: { module: string; argv: readonly string[] }): void {
  test(title, async () => {
    const { module, argv } = await resolveCase(input);
    assert.deepEqual({ module: module.imagePath, argv }, expected);
  });
}

const app = ["app.wasm"];
const entry = { Entrypoint: ["/app.wasm", "-e"], Cmd: ["-c"] };

// Kubernetes: command replaces Entrypoint and Cmd, args replaces Cmd.
check(
  "neither: Entrypoint and Cmd",
  { files: app, run: entry },
  { module: "/app.wasm", argv: ["/app.wasm", "-e", "-c"] },
);
check(
  "args replace Cmd",
  { files: app, run: entry, args: ["-a"] },
  { module: "/app.wasm", argv: ["/app.wasm", "-e", "-a"] },
);
check(
  "command replaces both",
  { files: ["app.wasm", "b.wasm"], run: entry, command: ["/b.wasm"] },
  { module: "/b.wasm", argv: ["/b.wasm"] },
);
check(
  "command and args",
  { files: app, run: entry, command: ["/app.wasm", "x"], args: ["y"] },
  { module: "/app.wasm", argv: ["/app.wasm", "x", "y"] },
);
check(
  "empty lists are none given",
  { files: app, run: entry, command: [] },
  { module: "/app.wasm", argv: ["/app.wasm", "-e", "-c"] },
);
check(
  "Cmd alone is the process",
  { files: app, run: { Cmd: ["/app.wasm"] } },
  { module: "/app.wasm", argv: ["/app.wasm"] },
);

// command: ["/"] of KWasm's and Spin's tutorials.
check(
  '"/" stands for the entrypoint',
  { files: app, run: entry, command: ["/"] },
  { module: "/app.wasm", argv: ["/app.wasm", "-e"] },
);
check(
  '"/" keeps what follows it',
  { files: app, run: entry, command: ["/", "x"], args: ["y"] },
  { module: "/app.wasm", argv: ["/app.wasm", "-e", "x", "y"] },
);
check(
  '"/" with Cmd alone',
  { files: app, run: { Cmd: ["app.wasm", "x"] }, command: ["/"] },
  { module: "/app.wasm", argv: ["app.wasm"] },
);
check(
  '"/" without entrypoint is the only module',
  { files: ["a/only.wasm", ["README", "x"]], command: ["/"] },
  { module: "/a/only.wasm", argv: ["/a/only.wasm"] },
);
check(
  '"/" in the image too',
  { files: app, run: { Entrypoint: ["/"] }, command: ["/"], args: ["x"] },
  { module: "/app.wasm", argv: ["/app.wasm", "x"] },
);
check("nothing named anywhere", { files: app }, { module: "/app.wasm", argv: ["/app.wasm"] });

// Where a word finds its file.
check(
  "a bare name under the working directory",
  { files: ["srv/app.wasm", "app.wasm"], run: { WorkingDir: "/srv" }, command: ["app.wasm"] },
  { module: "/srv/app.wasm", argv: ["app.wasm"] },
);
check(
  "a bare name in PATH",
  { files: ["bin/app.wasm"], run: { Env: ["PATH=/sbin:/bin"] }, command: ["app.wasm"] },
  { module: "/bin/app.wasm", argv: ["app.wasm"] },
);
check(
  "a bare name in the root",
  { files: app, run: { WorkingDir: "/data" }, command: ["app.wasm"] },
  { module: "/app.wasm", argv: ["app.wasm"] },
);
check("a file without .wasm", { files: ["hello"], command: ["./hello"] }, { module: "/hello", argv: ["./hello"] });
check(
  "a link within the image",
  { files: ["opt/real.wasm"], links: { "app.wasm": "/opt/real.wasm" }, command: ["/app.wasm"] },
  { module: "/opt/real.wasm", argv: ["/app.wasm"] },
);
check(
  "an artifact's module under any name",
  { files: ["module-0.wasm"], isArtifact: true, command: ["wasi-demo.wasm", "x"] },
  { module: "/module-0.wasm", argv: ["wasi-demo.wasm", "x"] },
);

check(
  "args alone are those of an artifact's module, which has no entrypoint",
  { files: ["hello.wasm"], isArtifact: true, args: ["x", "y"] },
  { module: "/hello.wasm", argv: ["/hello.wasm", "x", "y"] },
);
check(
  "an artifact's entrypoint, where its image has a config, stands before args",
  { files: ["hello.wasm"], isArtifact: true, run: { Entrypoint: ["hello"] }, args: ["x"] },
  { module: "/hello.wasm", argv: ["hello", "x"] },
);

function checkRefused(title: string, input: Case, expected: { code: ErrorCode; message: RegExp }): void {
  test(`refused: ${title}`, async () => {
    await assert.rejects(resolveCase(input), { name: "KwasmError", ...expected });
  });
}

checkRefused(
  "a file that is not there",
  { files: app, command: ["/hello"] },
  { code: "not-found", message: /no file "\/hello" in it; it holds "\/app.wasm"/ },
);
checkRefused(
  "two modules and no entrypoint",
  { files: ["a.wasm", "b.wasm"], command: ["/"] },
  { code: "not-found", message: /"\/a.wasm", "\/b.wasm"/ },
);
checkRefused("an empty image", { files: [] }, { code: "not-found", message: /holds no \*\.wasm file/ });
checkRefused("a folder", { files: ["d/a.wasm", "b.wasm"], command: ["/d"] }, { code: "not-found", message: /"\/d"/ });
checkRefused(
  "a file as a folder",
  { files: ["a.wasm", "b.wasm"], command: ["/a.wasm/x"] },
  { code: "not-found", message: /x/ },
);
checkRefused(
  "a link out",
  { files: ["a.wasm", "b.wasm"], links: { l: "../../../../../../etc/passwd" }, command: ["/l"] },
  { code: "not-found", message: /"\/l"/ },
);
checkRefused(
  "links in a circle",
  { files: ["a.wasm", "b.wasm"], links: { l: "m", m: "l" }, command: ["/l"] },
  { code: "not-found", message: /"\/l"/ },
);
checkRefused(
  "text",
  { files: [["a.wat", "(module)"]], command: ["/a.wat"] },
  { code: "invalid-argument", message: /assemble it with wat2wasm/ },
);
checkRefused(
  "a native program",
  { files: [["sh", "\x7fELF\x02\x01\x01"]], command: ["/sh"] },
  { code: "invalid-argument", message: /native Linux program/ },
);
checkRefused(
  "an empty file",
  { files: [["a.wasm", ""]], command: ["/a.wasm"] },
  { code: "invalid-argument", message: /empty/ },
);

test("environment, working directory and user are the image's", async () => {
  const run = { Env: ["A=1=2", "B="], WorkingDir: "/srv", User: "65532:65532" };
  const resolved = await resolveCase({ files: app, run });
  assert.deepEqual(resolved.env, [
    ["A", "1=2"],
    ["B", ""],
  ]);
  assert.equal(resolved.workingDirectory, "/srv");
  assert.equal(resolved.user, "65532:65532");
});
