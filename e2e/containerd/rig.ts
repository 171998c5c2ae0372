import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { KwasmError } from "#base";
import { askUntil } from "./ask-until.ts";
import { pathsIn, type RigPaths, writeConfiguration } from "./configuration.ts";
import { CriClient } from "./cri-client.ts";
import { childOf, type Inventory, isEnded, Namespaces } from "./namespaces.ts";
import { readImageNames, writeNativeLayout } from "./native-image.ts";
import { type ContainerdVersion, openPrefix, type Prefix } from "./prefix.ts";

export interface RigOptions {
  readonly version: ContainerdVersion;
  /** Where the shims under test are; first on the PATH on which containerd looks for them. */
  readonly shimDirectory?: string;
}

/** What containerd writes last of its start, in every version: its services answer from then on. */
const BOOTED = "containerd successfully booted";

/** Without these two kubelet declares its node not ready. */
const readyConditions = ["RuntimeReady", "NetworkReady"] as const;

/** Starts a containerd that sees nothing of the machine but its files, with a pause image and a native one. */
export async function startContainerd(options: RigOptions): Promise<ContainerdRig> {
  const prefix = await openPrefix(options.version);
  const directory = mkdtempSync(join(tmpdir(), "kwasm-rig-"));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rmSync(directory, { recursive: true, force: true }));
  const paths = pathsIn(directory);
  writeConfiguration(paths, prefix);
  const namespaces = cleanup.use(await Namespaces.start(directory, prefix.busybox));
  const rig = new ContainerdRig({ paths, prefix, namespaces, env: environmentOf(prefix, options) });
  await rig.start();
  await rig.importLayout(await writeNativeLayout(join(directory, "native-image"), prefix.busybox));
  rig.adopt(cleanup.move());
  return rig;
}

function environmentOf({ programs, libraries, environment }: Prefix, { shimDirectory }: RigOptions): NodeJS.ProcessEnv {
  const folders = [...(shimDirectory === undefined ? [] : [shimDirectory]), ...programs, process.env["PATH"]];
  return { ...process.env, ...environment, PATH: folders.join(":"), LD_LIBRARY_PATH: libraries.join(":") };
}

interface RigParts {
  readonly paths: RigPaths;
  readonly prefix: Prefix;
  readonly namespaces: Namespaces;
  readonly env: NodeJS.ProcessEnv;
}

export class ContainerdRig implements AsyncDisposable {
  readonly #parts: RigParts;
  readonly cri: CriClient;
  readonly #cleanup = new AsyncDisposableStack();
  #containerd: ChildProcess | undefined;

  constructor(parts: RigParts) {
    this.#parts = parts;
    this.cri = this.#cleanup.use(new CriClient(parts.paths.address));
    mkdirSync(this.logDirectory);
  }

  /** The rig ends what was made for it when it ends itself. */
  adopt(resource: AsyncDisposable): void {
    this.#cleanup.use(resource);
  }

  /** All that the rig keeps on the machine's disk. */
  get directory(): string {
    return this.#parts.paths.directory;
  }

  /** The path of the socket of containerd's gRPC services. */
  get address(): string {
    return this.#parts.paths.address;
  }

  /** A folder that is the same inside and outside, for pods' logs. */
  get logDirectory(): string {
    return join(this.directory, "logs");
  }

  /** Starts containerd, also again after `kill`; resolves when CRI answers. */
  async start(): Promise<void> {
    const { namespaces, paths, prefix, env } = this.#parts;
    const program = join(prefix.programs[0] ?? "", "containerd");
    const logPath = join(paths.directory, "containerd.log");
    const containerd = namespaces.spawn([program, "--config", paths.configuration], env);
    this.#containerd = containerd;
    await waitUntilBooted(containerd, logPath);
    if (isEnded(containerd)) {
      const log = readFileSync(logPath, "utf8");
      throw new KwasmError("internal", `starting containerd "${prefix.version}": it ended, see its log: ${log}`);
    }
    await askUntil("the readiness of CRI", () => this.#askReadiness());
  }

  /** While it recovers its state, the CRI plugin of 1.6 answers all calls with an error of no certain kind. */
  async #askReadiness(): Promise<true | undefined> {
    try {
      const { status } = await this.cri.call("RuntimeService/Status", {});
      const isReady = readyConditions.every((type) => status?.conditions.find((one) => one.type === type)?.status);
      return isReady || undefined;
    } catch (error) {
      if (error instanceof KwasmError && error.code === "internal") return undefined;
      throw error;
    }
  }

  /** Kills containerd and nothing else; its shims and their containers live on. */
  async kill(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const containerd = this.#containerd;
    if (containerd === undefined || isEnded(containerd)) return;
    const exited = once(containerd, "exit");
    process.kill(childOf(containerd), signal);
    await exited;
  }

  /** Whether containerd has a file open. By the file's own number: containerd has other mounts than we. */
  isOpenInContainerd(path: string): boolean {
    const containerd = this.#containerd;
    const file = statSync(path, { throwIfNoEntry: false });
    if (file === undefined || containerd === undefined || isEnded(containerd)) return false;
    const folder = `/proc/${String(childOf(containerd))}/fd`;
    const open = readdirSync(folder).map((name) => statSync(join(folder, name), { throwIfNoEntry: false }));
    return open.some((one) => one?.ino === file.ino && one.dev === file.dev);
  }

  /** Starts a program inside the rig that serves until the rig ends, and resolves at the first that it prints. */
  async serve(command: readonly string[]): Promise<void> {
    const { namespaces, env } = this.#parts;
    const { stdout, stderr } = namespaces.spawn(command, env);
    if (stdout === null || stderr === null) throw new Error("the program was started without pipes");
    stderr.pipe(process.stderr, { end: false });
    await once(stdout, "readable");
    stdout.resume();
  }

  /** Runs a command inside the rig, with its PATH. */
  run(command: readonly string[]): Promise<string> {
    return this.#parts.namespaces.run(command, this.#parts.env);
  }

  /** The text that is served at an address of the rig or its pods. */
  fetchText(url: string): Promise<string> {
    return this.run([this.#parts.prefix.busybox, "wget", "-q", "-O", "-", url]);
  }

  /** Sends one datagram to a port. */
  async sendDatagram(text: string, host: string, port: number): Promise<void> {
    const script = `const [text, host, port] = process.argv.slice(1);
      const socket = require("node:dgram").createSocket("udp4");
      socket.send(text, Number(port), host, () => socket.close());`;
    await this.run([process.execPath, "-e", script, text, host, String(port)]);
  }

  /** The text that is served at an address of a network namespace, a file such as `/run/netns/cni-…`. */
  fetchTextInside(networkNamespace: string, url: string): Promise<string> {
    return this.run(["nsenter", `--net=${networkNamespace}`, this.#parts.prefix.busybox, "wget", "-q", "-O", "-", url]);
  }

  /** Runs `ctr` on what CRI sees. */
  ctr(...words: readonly string[]): Promise<string> {
    return this.run(["ctr", "--address", this.#parts.paths.address, "--namespace", "k8s.io", ...words]);
  }

  /**
   * Imports the images of an OCI image layout under the names that it gives them. CRI learns of them by an event, so
   * they are not known to it at once.
   */
  async importLayout(directory: string): Promise<void> {
    const archive = `${directory}.tar`;
    await this.run(["tar", "--create", "--file", archive, "--directory", directory, "."]);
    await this.ctr("images", "import", archive);
    rmSync(archive);
    for (const image of readImageNames(directory)) {
      await askUntil(`image "${image}" in CRI`, async () => {
        return (await this.cri.call("ImageService/ImageStatus", { image: { image } })).image;
      });
    }
  }

  /** Kubelet, not the runtime, makes and removes the cgroups of pods. */
  makePodCgroup(path: string): void {
    this.#parts.namespaces.makeCgroup(path);
  }

  removePodCgroup(path: string): void {
    this.#parts.namespaces.removeCgroup(path);
  }

  /** The rig's processes, by the numbers that they have on the machine. */
  listProcesses(): readonly number[] {
    return this.#parts.namespaces.listProcesses();
  }

  countAll(): Inventory {
    return this.#parts.namespaces.countAll();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup.disposeAsync();
  }
}

/** Keeps what containerd writes in a file, and resolves at the line that ends its start, or when it ended. */
async function waitUntilBooted(containerd: ChildProcess, logPath: string): Promise<void> {
  const { stdout, stderr } = containerd;
  if (stdout === null || stderr === null) throw new Error("containerd was started without pipes");
  const booted = Promise.withResolvers<void>();
  containerd.on("close", () => booted.resolve());
  stdout.resume();
  createInterface({ input: stderr }).on("line", (line) => {
    appendFileSync(logPath, `${line}\n`);
    if (line.includes(BOOTED)) booted.resolve();
  });
  await booted.promise;
}
