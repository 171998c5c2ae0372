import assert from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, relative } from "node:path";

import { type InstallReport, runtimeHandlers, shimFileOf } from "#api";

import { type NodeAction, type NodeAnswer, performAction } from "../run/perform-action.ts";
import { layOutNode, ScratchFolder, writeTestLayout } from "./fixtures.ts";
import { TestContainerd } from "./test-containerd.ts";
import { TestHost } from "./test-host.ts";

const shims = [...new Set(runtimeHandlers.map(shimFileOf))];
const units: Readonly<Record<string, string>> = {
  k3s: "k3s-agent.service",
  rke2: "rke2-server.service",
  k0s: "k0sworker.service",
  microk8s: "snap.microk8s.daemon-containerd.service",
};

/** A node of a fixture with its containerd, on which one installer after the other works. */
export class FakeNode implements Disposable {
  readonly #folder = new ScratchFolder();
  readonly root: string;
  readonly layout: string;
  readonly containerd: TestContainerd;
  host: TestHost;
  /** KWASM_SHIM of the next installers. */
  shim: string | undefined;

  constructor(fixture: string) {
    this.root = layOutNode(fixture, this.#folder.path).root;
    this.layout = join(this.#folder.path, "layout");
    this.offer("0.1.0-one");
    const [family = "", version = "1.7"] = fixture.split("-");
    const name = family.replace("k3d", "k3s");
    const full = `${/^\d/u.test(version) ? version : version === "al2023" ? "2" : "1.7"}.0.0`
      .split(".")
      .slice(0, 3)
      .join(".");
    this.containerd = new TestContainerd({ version: full, family: name, unit: units[name] ?? "containerd.service" });
    this.host = this.#newHost();
    assert.ok(this.containerd.start(this.host), "the fixture is one that containerd starts with");
  }

  /** Puts a version into the layout that installers bring along. */
  offer(version: string): void {
    writeTestLayout(this.layout, version, shims);
  }

  #newHost(): TestHost {
    return new TestHost(this.root, this.containerd);
  }

  /** A new installer, as a Job's next pod is. */
  async perform(
    action: NodeAction,
    kill?: { readonly at: number; readonly when: TestHost["killWhen"] },
  ): Promise<InstallReport> {
    this.host = this.#newHost();
    if (kill !== undefined) [this.host.killAt, this.host.killWhen] = [kill.at, kill.when];
    const answer = await this.#ask(action, false);
    assert.ok(answer.kind === "report");
    return answer.report;
  }

  /** What an installer would do, or what it finds. */
  look(action: NodeAction): Promise<NodeAnswer> {
    this.host = this.#newHost();
    return this.#ask(action, true);
  }

  #ask(action: NodeAction, isDry: boolean): Promise<NodeAnswer> {
    const { host, layout: layoutDirectory } = this;
    const given = { preset: undefined, directory: undefined, hasSystemdCgroup: false, shim: this.shim };
    return performAction({ host, action, layoutDirectory, isDry, ...given });
  }

  /** All that is on the node: folders, links, and files with their modes and contents. */
  read(): ReadonlyMap<string, string> {
    const entries = readdirSync(this.root, { recursive: true, withFileTypes: true });
    return new Map(
      entries.map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const mode = (lstatSync(path).mode & 0o7777).toString(8);
        const content = entry.isFile()
          ? readFileSync(path, "latin1")
          : entry.isSymbolicLink()
            ? readlinkSync(path)
            : "/";
        return [relative(this.root, path), `${mode} ${content}`];
      }),
    );
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
