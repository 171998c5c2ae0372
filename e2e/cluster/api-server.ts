import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { get } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { askUntil } from "../containerd/ask-until.ts";
import { openCachedFolder } from "../containerd/cached-folder.ts";
import { unpackPackages } from "../containerd/debian-packages.ts";
import { controllersFlags, etcdFlags, SERVICE_IP, serverFlags } from "./control-plane-flags.ts";
import { administrators, Credentials, type Identity } from "./credentials.ts";
import { flagsOf } from "./flags.ts";
import { openKubernetesPrograms } from "./kubernetes-programs.ts";
import { type Launcher, machineLauncher, type ServerProcess } from "./server-process.ts";

export interface ApiServerOptions {
  /**
   * Whether Kubernetes' own controllers run: they make pods of Jobs and Deployments, ServiceAccounts of namespaces, and
   * remove what belonged to an object that is gone. Without them the API keeps what is written, and nothing else happens.
   */
  readonly hasControllers?: boolean;
  /** Further options of its command. */
  readonly flags?: Readonly<Record<string, string | number | boolean>>;
}

/** Where an API server serves: the address is the one that it binds, the URL the one that this process asks. */
export interface ApiServerPlace {
  readonly launcher: Launcher;
  readonly address: string;
  readonly port: number;
  readonly url: string;
}

/**
 * Starts a real API server on etcd, on a loopback port of the machine that is free, without root. Nothing plays the
 * nodes: a test writes their status, and that of pods.
 */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  await using cleanup = new AsyncDisposableStack();
  const { path } = cleanup.use(await mkdtempDisposable(join(tmpdir(), "kwasm-api-")));
  const port = await findPort();
  const url = `https://127.0.0.1:${port}`;
  const server = await ApiServer.start({ launcher: machineLauncher(path), address: "127.0.0.1", port, url }, options);
  server.adopt(cleanup.move());
  return server;
}

/** The path of an etcd of Debian's newest suite, a Go program that needs no C library. */
async function openEtcd(): Promise<string> {
  const list = { suite: "sid", packages: ["etcd-server"] };
  const root = await openCachedFolder(join("containerd", "etcd"), (folder) => unpackPackages([list], folder));
  return join(root, "usr/bin/etcd");
}

/** The kernel gives ports at random, so one that was free a moment ago still is. */
async function findPort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  // An address is a text for Unix sockets only.
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, "close");
  return port;
}

export class ApiServer implements AsyncDisposable {
  readonly credentials: Credentials;
  readonly #place: ApiServerPlace;
  readonly #options: ApiServerOptions;
  readonly #programs: string;
  #server: ServerProcess | undefined;
  readonly #cleanup = new AsyncDisposableStack();
  readonly #adopted = new AsyncDisposableStack();

  /** Starts etcd, the API server and what else the options name; resolves when it is ready. */
  static async start(place: ApiServerPlace, options: ApiServerOptions): Promise<ApiServer> {
    const { directory } = await openKubernetesPrograms();
    const etcd = await openEtcd();
    await using cleanup = new AsyncDisposableStack();
    const server = cleanup.use(new ApiServer(place, options, directory));
    server.#issueCertificates();
    server.#cleanup.use(place.launcher.launch("etcd", [etcd, ...flagsOf(etcdFlags)]));
    await server.start();
    if (options.hasControllers === true) server.serve("kube-controller-manager", controllersFlags(server.credentials));
    cleanup.move();
    return server;
  }

  private constructor(place: ApiServerPlace, options: ApiServerOptions, programs: string) {
    this.#place = place;
    this.#options = options;
    this.#programs = programs;
    this.credentials = new Credentials(join(this.directory, "credentials"), join(programs, "certificates"));
  }

  get url(): string {
    return this.#place.url;
  }

  /** Credentials, logs and etcd's data are in it. */
  get directory(): string {
    return this.#place.launcher.directory;
  }

  /** The path of a kubeconfig of somebody who may do everything. */
  get kubeconfig(): string {
    return this.credentials.path("administrator.kubeconfig");
  }

  /** Writes a kubeconfig of somebody who may do what RBAC grants, such as `system:serviceaccount:NAMESPACE:NAME`. */
  kubeconfigOf(name: string, identity: Identity): string {
    this.credentials.issue({ [name]: identity });
    return this.credentials.writeKubeconfig(name, this.url);
  }

  /** It ends what was made for it when it ends itself. */
  adopt(resource: AsyncDisposable): void {
    // What is disposed of first was used last, and all that runs uses what was made for it.
    this.#adopted.use(resource);
  }

  /** Starts the API server, also again after `kill`, at the same address; resolves when it is ready. */
  async start(): Promise<void> {
    const { address, port } = this.#place;
    const flags = { ...serverFlags(this.credentials, address, port), ...this.#accountFlags(), ...this.#options.flags };
    const server = this.serve("kube-apiserver", flags);
    this.#server = server;
    await askUntil("a ready API server", async () => {
      server.checkAlive();
      return (await this.#askReadiness()) || undefined;
    });
  }

  /** Kills the API server and nothing else: etcd keeps the objects. */
  async kill(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    await this.#server?.kill(signal);
  }

  /** Starts a program of Kubernetes, which ends when this does. */
  serve(name: string, flags: Readonly<Record<string, string | number | boolean>>): ServerProcess {
    const command = [join(this.#programs, name), ...flagsOf(flags)];
    return this.#cleanup.use(this.#place.launcher.launch(name, command));
  }

  /** It refuses pods of accounts that do not exist, and only controllers make them. */
  #accountFlags(): Readonly<Record<string, string>> {
    return this.#options.hasControllers === true ? {} : { "disable-admission-plugins": "ServiceAccount" };
  }

  #issueCertificates(): void {
    const { address, port } = this.#place;
    const names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
    this.credentials.issue({
      "api-server": { user: "kube-apiserver", hosts: ["127.0.0.1", address, SERVICE_IP, ...names] },
      "kubelet-client": { user: "kube-apiserver-kubelet-client", groups: [administrators] },
      "front-proxy": { user: "front-proxy-client" },
      administrator: { user: "administrator", groups: [administrators] },
      controllers: { user: "system:kube-controller-manager" },
    });
    this.credentials.writeKubeconfig("administrator", this.url);
    this.credentials.writeKubeconfig("controllers", `https://${address}:${port}`);
  }

  #askReadiness(): Promise<boolean> {
    const [ca, cert, key] = ["ca.crt", "administrator.crt", "administrator.key"].map((file) =>
      readFileSync(this.credentials.path(file)),
    );
    const { promise, resolve } = Promise.withResolvers<boolean>();
    get(`${this.url}/readyz`, { ca, cert, key, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on("error", () => resolve(false));
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync();
    await this.#adopted.disposeAsync();
  }
}
