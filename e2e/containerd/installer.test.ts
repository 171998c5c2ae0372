import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";

import { type InstallReport, runtimeHandlers } from "#api";

import { NodeHost, type ProgramEnd } from "../../src/installer/host/node-host.ts";
import type { Preset } from "../../src/installer/presets/preset.ts";
import { performAction } from "../../src/installer/run/perform-action.ts";
import { takeOutHandlers } from "../../src/installer/toml/handler-tables.ts";
import { writeLayout } from "../../tools/layout/write-layout.ts";
import { Pod } from "./pod.ts";
import { openPrefix } from "./prefix.ts";
import type { ContainerdRig } from "./rig.ts";
import { versionsUnderTest } from "./versions-under-test.ts";
import { hello, startWasmRig } from "./wasm-rig.ts";

/** The rig's containerd as a node's: its files are where they are on the machine, and it is restarted by its rig. */
class RigHost extends NodeHost {
  readonly #rig: ContainerdRig;
  /** Instead of the next restart. */
  breakStart: (() => void) | undefined;

  constructor(rig: ContainerdRig) {
    super("/");
    this.#rig = rig;
  }

  override async run(command: readonly string[], _timeoutMs: number): Promise<ProgramEnd> {
    if (command[0] === join(this.#rig.directory, "restart")) return this.#restart();
    try {
      return { exitCode: 0, output: await this.#rig.run(command), complaint: "" };
    } catch (error) {
      return { exitCode: 1, output: "", complaint: String(error) };
    }
  }

  async #restart(): Promise<ProgramEnd> {
    await this.#rig.kill("SIGTERM");
    const broken = this.breakStart;
    this.breakStart = undefined;
    if (broken !== undefined) return { exitCode: 1, output: "", complaint: "it did not start" };
    await this.#rig.start();
    return { exitCode: 0, output: "", complaint: "" };
  }
}

for (const version of versionsUnderTest) {
  suite(`an installer on containerd ${version}`, async () => {
    const layout = mkdtempDisposableSync(join(tmpdir(), "kwasm-layout-"));
    after(() => layout.remove());
    execFileSync(join(import.meta.dirname, "../../tools/prepare"), ["--bundle"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    await writeLayout(layout.path);
    const { programs } = await openPrefix(version);

    /** A rig whose configuration has no handler but runc. */
    async function startPlainRig(): Promise<{ rig: ContainerdRig; path: string; host: RigHost }> {
      const rig = await startWasmRig(version);
      const path = join(rig.directory, "config.toml");
      writeFileSync(
        path,
        takeOutHandlers(readFileSync(path, "utf8"), ({ name }) => name !== "runc"),
      );
      writeFileSync(join(rig.directory, "restart"), "");
      await rig.kill("SIGTERM");
      await rig.start();
      return { rig, path, host: new RigHost(rig) };
    }

    async function perform(rig: ContainerdRig, host: RigHost, action: "install" | "uninstall"): Promise<InstallReport> {
      const preset: Preset = {
        name: "containerd",
        title: "the rig's containerd",
        signs: [],
        node: {
          kind: "supported",
          directory: join(rig.directory, "kwasm"),
          place: { kind: "file", path: join(rig.directory, "config.toml"), dropIns: join(rig.directory, "conf.d") },
          programs: [join(programs[0] ?? "", "containerd")],
          sockets: [rig.address],
          restarts: [{ kind: "script", path: join(rig.directory, "restart") }],
          notes: [],
        },
      };
      const request = { host, action, preset, layoutDirectory: layout.path, directory: undefined };
      const answer = await performAction({ ...request, hasSystemdCgroup: false, shim: undefined, isDry: false });
      assert.ok(answer.kind === "report");
      return answer.report;
    }

    test("has a Wasm pod run by a handler that it installed, and takes all of it away", async () => {
      const { rig, path, host } = await startPlainRig();
      await using _ = rig;
      const before = readFileSync(path, "utf8");
      await assert.rejects(Pod.start(rig, "spin"));
      const report = await perform(rig, host, "install");
      assert.equal(report.outcome, "installed", report.message);
      assert.ok(report.containerdVersion.startsWith(`${version}.`), report.containerdVersion);
      assert.deepEqual(
        runtimeHandlers.filter((handler) => !report.handlers.includes(handler)),
        [],
      );
      const pod = await Pod.start(rig, "spin");
      await pod.startContainer({ ...hello, env: { HOSTNAME: "installed" } });
      assert.equal(await rig.fetchText(`http://${await pod.readIp()}:8080/`), "Hello from installed\n");
      assert.equal((await perform(rig, host, "install")).outcome, "unchanged");
      await pod.stop();
      await pod.remove();
      const removed = await perform(rig, host, "uninstall");
      assert.equal(removed.outcome, "removed", removed.message);
      assert.equal(readFileSync(path, "utf8"), before);
      await assert.rejects(Pod.start(rig, "spin"));
    });

    test("leaves a node as it was whose containerd refuses the configuration or does not start with it", async () => {
      const { rig, path, host } = await startPlainRig();
      await using _ = rig;
      const before = readFileSync(path, "utf8");
      host.breakStart = () => undefined;
      const notStarted = await perform(rig, host, "install");
      assert.deepEqual(
        [notStarted.outcome, notStarted.reason],
        ["rolled-back", "ContainerdNotStarted"],
        notStarted.message,
      );
      assert.equal(readFileSync(path, "utf8"), before);
      const pod = await Pod.start(rig, "runc");
      await pod.stop();
      // TOML is fine with it, and containerd is not.
      const odd = before.replace("restrict_oom_score_adj = true", 'restrict_oom_score_adj = "yes"');
      writeFileSync(path, odd);
      const refused = await perform(rig, host, "install");
      assert.deepEqual([refused.outcome, refused.reason], ["rolled-back", "ConfigurationRefused"], refused.message);
      assert.equal(readFileSync(path, "utf8"), odd);
    });
  });
}
