import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { pack } from "tar-stream";

import { KwasmError } from "#base";
import { Namespaces } from "../containerd/namespaces.ts";
import { nativeImage, writeLayout, writeNativeLayout } from "../containerd/native-image.ts";
import { type ContainerdVersion, openNetworkTools, openPrefix, type Prefix } from "../containerd/prefix.ts";
import { CONTROL_PLANE_IP, NODES_MAX } from "./addresses.ts";
import { ApiServer } from "./api-server.ts";
import { openClientPrograms } from "./client-programs.ts";
import { schedulerFlags } from "./control-plane-flags.ts";
import { openKubernetesPrograms, type KubernetesPrograms } from "./kubernetes-programs.ts";
import { ClusterNode, stages } from "./node.ts";
import { Registry } from "./registry.ts";
import { Relay } from "./relay.ts";
import { type Launcher, namespacesLauncher } from "./server-process.ts";

const execute = promisify(execFile);

const API_PORT = 6443;

/** `kubectl get -o yaml` of many pods has some megabytes. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface ClusterOptions {
  readonly nodes?: number;
  readonly containerd?: ContainerdVersion;
  readonly podsMax?: number;
  /** What a node has of the machine's memory; 0: all of it. */
  readonly nodeMebibytes?: number;
}

interface ClusterParts {
  readonly options: Required<ClusterOptions>;
  readonly directory: string;
  readonly prefix: Prefix;
  readonly clients: string;
  readonly programs: KubernetesPrograms;
  readonly namespaces: Namespaces;
  readonly launcher: Launcher;
  readonly env: NodeJS.ProcessEnv;
  readonly server: ApiServer;
  readonly registry: Registry;
}

/**
 * Starts a Kubernetes of its own: control plane, registry and nodes, in namespaces that end with this process. Resolves
 * when the nodes are ready and names are resolved.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { nodes = 1, containerd = "2", podsMax = 250, nodeMebibytes = 0 } = options;
  const prefix = await openPrefix(containerd);
  const [programs, clients, network] = [
    await openKubernetesPrograms(),
    await openClientPrograms(prefix.busybox),
    await openNetworkTools(),
  ];
  await using cleanup = new AsyncDisposableStack();
  const { path: directory } = cleanup.use(await mkdtempDisposable(join(tmpdir(), "kwasm-cluster-")));
  const namespaces = cleanup.use(await Namespaces.start(directory, prefix.busybox));
  const env = environmentOf(prefix, network);
  await namespaces.run([stages, "network", String(NODES_MAX)], env);
  const launcher = namespacesLauncher(namespaces, directory, env);
  const relay = cleanup.use(await Relay.start(launcher, "api", { host: CONTROL_PLANE_IP, port: API_PORT }));
  const registry = cleanup.use(await Registry.start(launcher, CONTROL_PLANE_IP));
  const url = `https://127.0.0.1:${relay.port}`;
  const place = { launcher, address: CONTROL_PLANE_IP, port: API_PORT, url };
  const server = cleanup.use(await ApiServer.start(place, { hasControllers: true }));
  const cluster = new Cluster({
    options: { nodes, containerd, podsMax, nodeMebibytes },
    directory,
    prefix,
    clients,
    programs,
    namespaces,
    launcher,
    env,
    server,
    registry,
  });
  await cluster.startAll();
  cluster.adopt(cleanup.move());
  return cluster;
}

function environmentOf(prefix: Prefix, network: Pick<Prefix, "programs" | "libraries">): NodeJS.ProcessEnv {
  const system = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  return {
    PATH: [...system, ...network.programs, ...prefix.programs].join(":"),
    LD_LIBRARY_PATH: [...prefix.libraries, ...network.libraries].join(":"),
    ...prefix.environment,
  };
}

export class Cluster implements AsyncDisposable {
  readonly #parts: ClusterParts;
  readonly #cleanup = new AsyncDisposableStack();
  readonly #nodes = new Map<number, ClusterNode>();
  #podsRun = 0;

  constructor(parts: ClusterParts) {
    this.#parts = parts;
  }

  /** All that the cluster keeps on the machine's disk. */
  get directory(): string {
    return this.#parts.directory;
  }

  get kubeconfig(): string {
    return this.#parts.server.kubeconfig;
  }

  /** The folder of `kubectl` and `helm`. */
  get clients(): string {
    return this.#parts.clients;
  }

  /** Where the API server is for programs in the cluster's network. */
  get innerUrl(): string {
    return `https://${CONTROL_PLANE_IP}:${API_PORT}`;
  }

  get server(): ApiServer {
    return this.#parts.server;
  }

  get registry(): Registry {
    return this.#parts.registry;
  }

  get prefix(): Prefix {
    return this.#parts.prefix;
  }

  /** The cluster ends what was made for it when it ends itself. */
  adopt(resource: AsyncDisposable): void {
    this.#cleanup.use(resource);
  }

  async startAll(): Promise<void> {
    const { server, options, directory, prefix, registry, programs } = this.#parts;
    server.credentials.issue({ scheduler: { user: "system:kube-scheduler" }, proxy: { user: "system:kube-proxy" } });
    for (const name of ["scheduler", "proxy"]) server.credentials.writeKubeconfig(name, this.innerUrl);
    server.serve("kube-scheduler", schedulerFlags(server.credentials));
    await registry.push(await writeNativeLayout(join(directory, "native-image"), prefix.busybox));
    await registry.push(await writeDnsLayout(join(directory, "dns-image"), programs.coredns));
    await Promise.all(Array.from({ length: options.nodes }, (_, index) => this.startNode(index + 1)));
    await this.kubectl("apply", "--filename", join(import.meta.dirname, "coredns.yaml"));
    await this.kubectl("--namespace=kube-system", "rollout", "status", "deployment/coredns", "--timeout=120s");
  }

  /** Starts node `node-NUMBER`, and resolves when it is ready. */
  async startNode(number: number): Promise<ClusterNode> {
    const node = await ClusterNode.start(number, this.#parts);
    this.#nodes.set(number, node);
    await this.kubectl("wait", "--for=create", `node/${node.name}`, "--timeout=180s");
    await this.kubectl("wait", "--for=condition=Ready", `node/${node.name}`, "--timeout=180s");
    return node;
  }

  /** The node that was started under a number. */
  node(number: number): ClusterNode {
    const node = this.#nodes.get(number);
    if (node !== undefined) return node;
    throw new KwasmError("not-found", `find node "${number}" of the cluster: there is none, start it first`);
  }

  /** Runs busybox in a pod of its own to its end, and returns what it wrote. */
  async runPod(words: readonly string[]): Promise<string> {
    const name = `run-${this.#podsRun++}`;
    await this.kubectl("run", name, `--image=${nativeImage}`, "--restart=Never", "--", ...words);
    await this.kubectl("wait", `pod/${name}`, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=180s");
    const output = await this.kubectl("logs", name);
    await this.kubectl("delete", "pod", name, "--wait=false");
    return output;
  }

  /** Runs kubectl as the administrator, and returns its output. */
  kubectl(...words: readonly string[]): Promise<string> {
    return this.#runClient("kubectl", words);
  }

  helm(...words: readonly string[]): Promise<string> {
    return this.#runClient("helm", words);
  }

  /** Applies objects; what is given may be YAML. */
  async apply(manifest: string): Promise<string> {
    const running = execute(join(this.clients, "kubectl"), ["apply", "--filename", "-"], { env: this.clientEnv });
    running.child.stdin?.end(manifest);
    return (await running).stdout;
  }

  /** Variables for programs that talk to this cluster: kubectl and helm are on their PATH. */
  get clientEnv(): NodeJS.ProcessEnv {
    const PATH = `${this.clients}:${process.env["PATH"]}`;
    return { ...process.env, PATH, KUBECONFIG: this.kubeconfig, HOME: this.directory };
  }

  /** Runs a command in the network of the control plane, from which nodes, pods and Services are reached. */
  run(command: readonly string[]): Promise<string> {
    return this.#parts.namespaces.run(command, this.#parts.env);
  }

  async #runClient(name: string, words: readonly string[]): Promise<string> {
    const { stdout } = await execute(join(this.clients, name), words, {
      env: this.clientEnv,
      maxBuffer: OUTPUT_BYTES_MAX,
    });
    return stdout;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup.disposeAsync();
  }
}

async function writeDnsLayout(directory: string, program: string): Promise<string> {
  const archive = pack();
  archive.entry({ name: "coredns", mode: 0o755 }, readFileSync(program));
  archive.finalize();
  return writeLayout(directory, await buffer(archive), { "kwasm.test/coredns:1": { Entrypoint: ["/coredns"] } });
}
