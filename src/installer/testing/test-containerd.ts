import { matchesGlob, posix } from "node:path";
import { parse, stringify, type TomlTable } from "smol-toml";

import { KwasmError } from "#base";

import type { HostReader, ProgramEnd, RuntimeAnswer, ServedHandler } from "../host/host.ts";
import { tableAt } from "../toml/handler-tables.ts";

/** How a node's containerd comes to its configuration. */
export interface TestContainerdOptions {
  readonly version: string;
  readonly family: string;
  readonly unit: string;
}

/**
 * A containerd of which nothing is there but how it reads its configuration, which was measured on 1.6.20, 1.7.24 and 2.1.9:
 * imports replace a plugin's table in 1.x and are merged in 2, a table twice ends it, version 1 is not migrated by 2.
 */
export class TestContainerd {
  readonly #options: TestContainerdOptions;
  /** Undefined while it is down. */
  #running: ReadonlyMap<string, ServedHandler> | undefined;
  /** What its next starts come to. */
  startsToFail = 0;
  /** Set where containerd's parser has more to say than TOML does. */
  refusal: string | undefined;

  constructor(options: TestContainerdOptions) {
    this.#options = options;
  }

  /** Starts it with what the node's files are now; says whether it is up. */
  start(host: HostReader): boolean {
    this.#running = undefined;
    if (this.startsToFail > 0) {
      this.startsToFail -= 1;
      return false;
    }
    try {
      this.#running = this.#handlersOf(this.load(host));
      return true;
    } catch {
      // A file that it cannot read: it exits, and the unit has failed.
      return false;
    }
  }

  /** The configuration that it would start with. Throws what its parser would. */
  load(host: HostReader): TomlTable {
    const { family } = this.#options;
    switch (family) {
      case "k3s":
      case "rke2":
        return this.#loadRancher(host, `/var/lib/rancher/${family}/agent/etc/containerd`);
      case "k0s":
        return mergeAll(this.#loadFile(host, "/etc/k0s/containerd.toml"), this.#folder(host, "/etc/k0s/containerd.d"));
      case "microk8s":
        return this.#loadFile(host, "/var/snap/microk8s/current/args/containerd-template.toml");
      default:
        return this.#loadFile(host, "/etc/containerd/config.toml");
    }
  }

  answer(): RuntimeAnswer {
    if (this.#running === undefined) throw new KwasmError("unavailable", "containerd is down");
    return { version: this.#options.version, handlers: this.#running };
  }

  run(command: readonly string[], host: HostReader): ProgramEnd {
    const line = command.join(" ");
    if (line.startsWith("systemctl list-units")) {
      const isThere = matchesGlob(this.#options.unit, command.at(-1) ?? "");
      return good(isThere ? `${this.#options.unit} loaded active running It\n` : "");
    }
    if (line === `systemctl restart ${this.#options.unit}` || line === "kill -TERM 1") {
      return this.start(host) ? good("") : { exitCode: 1, output: "", complaint: "Job for the unit failed.\n" };
    }
    return this.#runProgram(command, host);
  }

  #runProgram(command: readonly string[], host: HostReader): ProgramEnd {
    const [program = ""] = command;
    switch (command.slice(1).join(" ").split(" ").at(-1)) {
      case "dump":
        return this.#dump(host, command[2] ?? "");
      case "default":
        return good("version = 2\n");
      case "-v":
        return good(host.readFile(program)?.content.toString() ?? "");
      case "--version":
        return good(
          program.endsWith("/containerd") ? `containerd github.com/x v${this.#options.version} abc\n` : "v26\n",
        );
      default:
        return { exitCode: 127, output: "", complaint: `${program}: not found\n` };
    }
  }

  #dump(host: HostReader, path: string): ProgramEnd {
    if (this.refusal !== undefined) return { exitCode: 1, output: "", complaint: this.refusal };
    try {
      return good(stringify(this.#loadFile(host, path)));
    } catch (error) {
      return {
        exitCode: 1,
        output: "",
        complaint: `containerd: failed to load TOML: ${String(error).split("\n")[0]}\n`,
      };
    }
  }

  get #isTwo(): boolean {
    return Number.parseInt(this.#options.version, 10) >= 2;
  }

  #loadFile(host: HostReader, path: string): TomlTable {
    const main = parse(host.readFile(path)?.content.toString() ?? "");
    const imports = Array.isArray(main["imports"]) ? main["imports"].map(String) : [];
    const files = imports.flatMap((pattern) => {
      const absolute = posix.resolve(posix.dirname(path), pattern);
      const folder = posix.dirname(absolute);
      if (!absolute.includes("*")) return [absolute];
      return host
        .list(folder)
        .filter((name) => matchesGlob(name, posix.basename(absolute)))
        .map((name) => posix.join(folder, name));
    });
    const drops = files.map((file) => {
      const content = host.readFile(file)?.content.toString();
      if (content === undefined && !this.#isTwo) throw new Error(`open ${file}: no such file or directory`);
      return parse(content ?? "");
    });
    const isNewer = drops.some((drop) => Number(drop["version"] ?? 1) > Number(main["version"] ?? 1));
    if (isNewer) throw new Error("version of import");
    return this.#isTwo ? mergeAll(main, drops) : replaceAll(main, drops);
  }

  #folder(host: HostReader, folder: string): readonly TomlTable[] {
    const names = host.list(folder).filter((name) => matchesGlob(name, "*.toml"));
    return names.map((name) => parse(host.readFile(posix.join(folder, name))?.content.toString() ?? ""));
  }

  /** K3s writes its file of a template at each start; what it has built in is the fixture's `base`. */
  #loadRancher(host: HostReader, directory: string): TomlTable {
    const base = host.readFile(`${directory}/.base`)?.content.toString() ?? "";
    const template = ["config-v3.toml.tmpl", "config.toml.tmpl"]
      .map((name) => host.readFile(posix.join(directory, name)))
      .find(Boolean);
    const found = this.#registered(host, base);
    const rendered = (template?.content.toString() ?? '{{ template "base" . }}').replace(
      '{{ template "base" . }}',
      `${base}${found}`,
    );
    const folder = /imports = \["(?<folder>[^"]*)\/\*\.toml"\]/u.exec(rendered)?.groups?.["folder"];
    return mergeAll(parse(rendered), folder === undefined ? [] : this.#folder(host, folder));
  }

  /** As its earlier releases do. */
  #registered(host: HostReader, base: string): string {
    const plugin = base.includes("version = 3") ? "io.containerd.cri.v1.runtime" : "io.containerd.grpc.v1.cri";
    return ["/opt/kwasm/bin", "/usr/bin", "/usr/local/bin"]
      .flatMap((folder) => host.list(folder).map((name) => [folder, name] as const))
      .filter(
        ([folder, name]) =>
          /^containerd-shim-(?:spin|slight|wws|lunatic|wasm\w+)-v/u.test(name) && host.isThere(`${folder}/${name}`),
      )
      .map(([folder, name]) => {
        const handler = name.split("-")[2] ?? "";
        return `[plugins."${plugin}".containerd.runtimes.${handler}]\n  runtime_type = "${folder}/${name}"\n`;
      })
      .join("");
  }

  #handlersOf(configuration: TomlTable): ReadonlyMap<string, ServedHandler> {
    const version = Number(configuration["version"] ?? 1);
    const plugin =
      version >= 3 || (version === 1 && this.#isTwo)
        ? "io.containerd.cri.v1.runtime"
        : version === 2
          ? "io.containerd.grpc.v1.cri"
          : "cri";
    const runtimes = tableAt(configuration, ["plugins", plugin, "containerd", "runtimes"]) ?? {};
    return new Map(
      ["runc", ...Object.keys(runtimes)].map((name) => {
        const runtime = tableAt(runtimes, [name]);
        const annotations = runtime?.["container_annotations"];
        const type = runtime?.["runtime_type"];
        const runtimeType = typeof type === "string" ? type : "io.containerd.runc.v2";
        return [name, { runtimeType, containerAnnotations: Array.isArray(annotations) ? annotations.map(String) : [] }];
      }),
    );
  }
}

function good(output: string): ProgramEnd {
  return { exitCode: 0, output, complaint: "" };
}

function mergeAll(main: TomlTable, drops: readonly TomlTable[]): TomlTable {
  return drops.reduce<TomlTable>((whole, drop) => merge(whole, drop), main);
}

function merge(left: TomlTable, right: TomlTable): TomlTable {
  const merged: TomlTable = { ...left };
  for (const [key, value] of Object.entries(right)) {
    const [old, next] = [tableAt(left, [key]), tableAt(right, [key])];
    merged[key] = old !== undefined && next !== undefined ? merge(old, next) : value;
  }
  return merged;
}

/** An import's table of a plugin takes the place of the whole table of the file. */
function replaceAll(main: TomlTable, drops: readonly TomlTable[]): TomlTable {
  const plugins = drops.map((drop) => tableAt(drop, ["plugins"]) ?? {});
  return { ...main, plugins: Object.assign({}, tableAt(main, ["plugins"]), ...plugins) as TomlTable };
}
