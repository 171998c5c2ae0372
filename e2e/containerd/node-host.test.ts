import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const host = join(import.meta.dirname, "../../src/installer/host/node-host.ts");

/** Runs on the node whose root is at the path, and prints how it ended and where a file of the node was seen. */
const program = `
  const { NodeHost } = await import(${JSON.stringify(host)});
  const node = new NodeHost(process.argv[1]);
  const { exitCode, output } = await node.run(["sh", "-c", "cat /opt/where; exit 3"], 10_000);
  console.log(JSON.stringify([exitCode, output, node.readFile("/opt/where")?.content.toString()]));
`;

/** Process 1 of the new namespace is the node's; the installer is in a mount namespace below, with a folder of its own. */
const script = `
  mount -t tmpfs node /opt && echo node >/opt/where
  mount --rbind / "$1"
  unshare --mount sh -c 'mount -t tmpfs own /opt && echo own >/opt/where && exec "$2" --input-type=module -e "$3" "$1"' sh "$@"
`;

test("programs of the node are run in the node's own mounts, and its files are read there", () => {
  using root = mkdtempDisposableSync(join(tmpdir(), "kwasm-node-root-"));
  const words = ["--mount", "--pid", "--fork", "--mount-proc", "sh", "-ec", script, "sh"];
  const output = execFileSync("unshare", [...words, root.path, process.execPath, program], { encoding: "utf8" });
  assert.deepEqual(JSON.parse(output), [3, "node\n", "node\n"]);
});
