import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";

import { CreateTaskRequest, PidResponse, ProcessRequest, StateResponse, WaitResponse } from "#proto";
import { TtrpcClient } from "#ttrpc";
import { shimNames, writeLayout } from "../../tools/layout/write-layout.ts";
import { assemble } from "../machine-fixture.ts";
import { BareHost } from "./bare-host.ts";
import { openPrefix } from "./prefix.ts";

suite("an installable layout", async () => {
  const tree = join(import.meta.dirname, "../..");
  const directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-layout-"));
  after(() => directory.remove());
  execFileSync(join(tree, "tools/prepare"), ["--bundle"], { stdio: ["ignore", "ignore", "inherit"] });
  const layout = directory.path;
  const version = await writeLayout(layout);

  test("has a shim for every runtime that pods name, and no links", () => {
    assert.deepEqual(readdirSync(join(layout, "bin")).toSorted(), shimNames.toSorted());
    assert.ok(shimNames.includes("containerd-shim-spin-v2") && shimNames.includes("containerd-shim-wasmtime-v1"));
    assert.equal(readFileSync(join(layout, "lib/kwasm/current"), "utf8"), `${version}\n`);
    const entries = readdirSync(layout, { recursive: true, withFileTypes: true });
    assert.deepEqual(
      entries.filter((entry) => !entry.isFile() && !entry.isDirectory()).map(({ name }) => name),
      [],
    );
  });

  test("is the same when it is made again, and keeps other versions beside", async () => {
    mkdirSync(join(layout, "lib/kwasm/0.0.9-earlier"));
    writeFileSync(join(layout, "lib/kwasm/current"), "0.0.9-earlier\n");
    assert.equal(await writeLayout(layout), version);
    assert.deepEqual(readdirSync(join(layout, "lib/kwasm")).toSorted(), ["0.0.9-earlier", version, "current"]);
    assert.equal(readFileSync(join(layout, "lib/kwasm/current"), "utf8"), `${version}\n`);
  });

  test("has the licences of Node, of the C library and of what is bundled", () => {
    const licences = globSync("*/*", { cwd: join(layout, "lib/kwasm", version, "licences") });
    const node = `node-linux-${process.arch === "x64" ? "x64" : "arm64"}/LICENSE`;
    for (const file of ["kwasm/LICENSE", node, "libc6/copyright", "yaml/LICENSE", "tar-stream/LICENSE"]) {
      assert.ok(licences.includes(file), file);
    }
  });

  test("serves and runs a guest where there is nothing but busybox", async () => {
    await using host = await BareHost.start(layout, (await openPrefix("1.6")).busybox);
    const shim = "/layout/bin/containerd-shim-spin-v2";
    const start = `${shim} -namespace default -address /run/c.sock -publish-binary /bin/false -id a start`;
    const address = "unix:///run/c.sock.kwasm/shim.sock";
    assert.equal(await host.run(`mkdir -p /run/default/a/rootfs; cd /run/default/a; ${start}`), address);
    assert.equal(await host.run(`cd /run/default/a; ${start}`), address);
    assert.equal(await host.run("cat /run/default/a/address"), address);
    assert.match(await host.run(`${shim} -v`), new RegExp(version, "u"));
    using client = await TtrpcClient.connect(host.path("/run/c.sock.kwasm/shim.sock"));
    await checkGuest(client, host);
    const log = readFileSync(host.path("/run/c.sock.kwasm/log"), "utf8");
    assert.ok(!log.includes('"level":"error"'), log);
  });

  test("starts once where there is nothing but busybox, however many ask", async () => {
    await using host = await BareHost.start(layout, (await openPrefix("1.6")).busybox);
    const start = "/layout/bin/containerd-shim-wws-v1 -address /run/c.sock -id a start";
    await host.run(`cd /run; for _ in 1 2 3 4; do ${start} >>answers & done; wait`);
    const answers = readFileSync(host.path("/run/answers"), "utf8");
    assert.equal(answers, "unix:///run/c.sock.kwasm/shim.sock".repeat(4));
    assert.equal(await host.run("grep -c 'serving containerd' /run/c.sock.kwasm/log"), "1\n");
  });

  test("is started by the unit where systemd has one, and without it where that does not serve", async () => {
    await using host = await BareHost.start(layout, (await openPrefix("1.6")).busybox);
    const shim = "/layout/bin/containerd-shim-spin-v2";
    const unit = `[Service]\nExecStart=${shim} -address /run/c.sock serve\n`;
    mkdirSync(host.path("/etc/systemd/system"), { recursive: true });
    writeFileSync(host.path("/etc/systemd/system/kwasm.service"), unit);
    // What the manager does with a unit of type "forking", noisily.
    const systemctl = `#!/bin/sh
echo "started $2" | tee -a /run/started
$(sed -n s/ExecStart=//p /etc/systemd/system/$2)
`;
    writeFileSync(host.path("/bin/systemctl"), systemctl, { mode: 0o755 });
    assert.equal(
      await host.run(`cd /run; ${shim} -address /run/c.sock -id a start`),
      "unix:///run/c.sock.kwasm/shim.sock",
    );
    const pid = readFileSync(host.path("/run/c.sock.kwasm/main-pid"), "utf8");
    assert.equal(await host.run("read -r pid _ </run/c.sock.kwasm/pid; echo $pid"), pid);
    assert.equal(
      await host.run(`cd /run; ${shim} -address /run/d.sock -id a start`),
      "unix:///run/d.sock.kwasm/shim.sock",
    );
    assert.equal(readFileSync(host.path("/run/started"), "utf8"), "started kwasm.service\n".repeat(2));
    assert.ok(!existsSync(host.path("/run/d.sock.kwasm/main-pid")));
  });

  test("does not start with a limit of memory in which no cell could live, and says so", async () => {
    await using host = await BareHost.start(layout, (await openPrefix("1.6")).busybox);
    const start = "/layout/bin/containerd-shim-spin-v2 -address /run/c.sock -id a start";
    const said = await host.run(`cd /run; KWASM_CELLS_MEMORY_MAX=1Mi ${start} || cat c.sock.kwasm/log`);
    assert.match(said, /did not start, see \/run\/c\.sock\.kwasm\/log/u);
    assert.match(said, /limit the memory of cells to ..1Mi..: that is not enough for one; give at least 128Mi/u);
  });

  for (const shell of ["dash", "bash"]) {
    test(`starts by ${shell}, from a link to a copy`, () => {
      using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-shell-"));
      const address = join(scratch.path, "c.sock");
      const shim = join(scratch.path, "containerd-shim-wasmtime-v1");
      symlinkSync(join(layout, "bin/containerd-shim-wasmtime-v1"), shim);
      const words = [shim, "-namespace", "default", "-address", address, "-id", "a"];
      const options = { cwd: scratch.path, encoding: "utf8" } as const;
      try {
        const started = spawnSync(shell, [...words, "start"], options);
        assert.deepEqual([started.stdout, started.stderr], [`unix://${address}.kwasm/shim.sock`, ""]);
        const pid = readFileSync(`${address}.kwasm/pid`, "utf8").split(" ")[0] ?? "";
        // It is the layout's own loader that runs, and not the machine's.
        assert.ok(readlinkSync(`/proc/${pid}/exe`).startsWith(join(layout, "lib/kwasm", version, "lib/ld")));
        const deleted = spawnSync(shell, [...words, "-bundle", scratch.path, "delete"], {
          ...options,
          encoding: "buffer",
        });
        assert.deepEqual([...deleted.stdout], [0o20, 0o211, 1]);
      } finally {
        end(`${address}.kwasm/pid`);
      }
    });
  }
});

/** Asks for a task that is not there, then for one that prints its arguments in a cell. */
async function checkGuest(client: TtrpcClient, host: BareHost): Promise<void> {
  const ask = { request: ProcessRequest, response: StateResponse };
  await assert.rejects(client.call(method("State"), ask, { id: "x" }, limits), { code: "not-found" });
  const bundle = "/run/default/a";
  const stdout = `${bundle}/stdout`;
  await host.run(`mkfifo ${stdout}`);
  writeFileSync(host.path(`${bundle}/rootfs/words.wasm`), assemble("words"));
  const config = { process: { args: ["/words.wasm", "a"], env: ["B=c"] }, root: { path: "rootfs" } };
  writeFileSync(host.path(`${bundle}/config.json`), JSON.stringify(config));
  const output = host.run(`cat ${stdout}`);
  const create = { request: CreateTaskRequest, response: PidResponse };
  await client.call(method("Create"), create, { id: "a", bundle, stdout }, limits);
  await client.call(method("Start"), { request: ProcessRequest, response: PidResponse }, { id: "a" }, limits);
  const { exitStatus } = await client.call(
    method("Wait"),
    { request: ProcessRequest, response: WaitResponse },
    { id: "a" },
    limits,
  );
  assert.equal(exitStatus, 0);
  assert.equal(await output, "/words.wasm\0a\0B=c\0");
}

const limits = { timeoutMs: 30_000 };

function method(name: string) {
  return { service: "containerd.task.v2.Task", method: name };
}

function end(pidFile: string): void {
  if (!existsSync(pidFile)) return;
  const pid = readFileSync(pidFile, "utf8").split(" ")[0] ?? "";
  process.kill(Number(pid), "SIGTERM");
  // It is a child of init, whose end nobody here is told of: `tail` waits for it.
  spawnSync("tail", [`--pid=${pid}`, "--sleep-interval=0.05", "--follow", "/dev/null"]);
}
