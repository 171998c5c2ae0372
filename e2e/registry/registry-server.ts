import { execFile } from "node:child_process";
import { mkdirSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { machineLauncher, type ServerProcess } from "../cluster/server-process.ts";
import { askUntil } from "../containerd/ask-until.ts";
import { openCachedFolder } from "../containerd/cached-folder.ts";
import { unpackPackages } from "../containerd/debian-packages.ts";

const run = promisify(execFile);

/** Whom a registry with a password knows. */
export const user = { name: "ada", password: "secret-of-the-test" } as const;

/** bcrypt of that password, with a cost that takes a test no time. */
const passwordHash = "$2b$05$abcdefghijklmnopqrstuu2hir4hxhqSzdkW1wYaCdjOyk2x8X6Wm";

export interface RegistryServerOptions {
  readonly isSecure?: boolean;
  readonly hasPassword?: boolean;
  /** `auth.token` of its configuration. */
  readonly token?: object;
  /** A folder of blobs that another one wrote, instead of an own. */
  readonly storage?: string;
  /** A free port of this machine unless given. */
  readonly address?: string;
}

/** The words that start a registry, whose configuration is written into a folder. */
export async function registryCommand(directory: string, options: RegistryServerOptions): Promise<readonly string[]> {
  const list = { suite: "sid", packages: ["docker-registry"] };
  const root = await openCachedFolder(join("containerd", "registry"), (folder) => unpackPackages([list], folder));
  return [join(root, "usr/bin/docker-registry"), "serve", await configure(directory, options)];
}

/** Debian's docker-registry on a free port of this machine, as users run it. */
export class RegistryServer implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #process: ServerProcess;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly directory: string;

  static async start(options: RegistryServerOptions = {}): Promise<RegistryServer> {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(mkdtempDisposableSync(join(tmpdir(), "kwasm-registry-"))).path;
    const command = await registryCommand(directory, options);
    const server = stack.use(machineLauncher(directory).launch("registry", command));
    const host = await askUntil("a registry that serves", async () => {
      server.checkAlive();
      const log = readFileSync(join(directory, "registry.log"), "utf8");
      return Promise.resolve(/listening on (127\.0\.0\.1:[0-9]+)/.exec(log)?.[1]);
    });
    return new RegistryServer(stack.move(), server, { host, directory });
  }

  private constructor(
    stack: AsyncDisposableStack,
    server: ServerProcess,
    { host, directory }: { readonly host: string; readonly directory: string },
  ) {
    this.#stack = stack;
    this.#process = server;
    this.host = host;
    this.directory = directory;
  }

  /** All that it has logged: a line for each answer. */
  log(): string {
    this.#process.checkAlive();
    return readFileSync(join(this.directory, "registry.log"), "utf8");
  }

  /** How many requests of this method and path it answered. */
  countOf(method: string, path: RegExp): number {
    const lines = this.log()
      .split("\n")
      .filter((line) => line.includes("response completed"));
    return lines.filter((line) => {
      const uri = /http\.request\.uri="?([^" ]+)/.exec(line)?.[1] ?? "";
      return line.includes(`http.request.method=${method} `) && path.test(uri);
    }).length;
  }

  get certificates(): string {
    return join(this.directory, "certificates");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Its configuration is YAML, of which JSON is a part. */
async function configure(directory: string, options: RegistryServerOptions): Promise<string> {
  const rootdirectory = options.storage ?? join(directory, "storage");
  mkdirSync(rootdirectory, { recursive: true });
  const tls = options.isSecure === true ? { tls: await makeCertificate(join(directory, "certificates")) } : {};
  const auth = options.token === undefined ? passwordAuth(directory, options) : { auth: { token: options.token } };
  const document = {
    version: 0.1,
    log: { level: "info" },
    storage: { filesystem: { rootdirectory }, delete: { enabled: true } },
    http: { addr: options.address ?? "127.0.0.1:0", secret: "of no use", ...tls },
    ...auth,
  };
  const path = join(directory, "registry.json");
  writeFileSync(path, JSON.stringify(document));
  return path;
}

function passwordAuth(directory: string, { hasPassword = false }: RegistryServerOptions): object {
  if (!hasPassword) return {};
  const path = join(directory, "htpasswd");
  writeFileSync(path, `${user.name}:${passwordHash}\n`);
  return { auth: { htpasswd: { realm: "test", path } } };
}

/** A certificate for this machine that signs itself, in a folder as `--cert-dir` takes it. */
export async function makeCertificate(folder: string): Promise<{ readonly certificate: string; readonly key: string }> {
  mkdirSync(folder, { recursive: true });
  const [certificate, key] = [join(folder, "server.crt"), join(folder, "server.key")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const names = ["-subj", "/CN=test", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  await run("openssl", ["req", "-x509", ...curve, "-keyout", key, "-out", certificate, "-days", "2", ...names]);
  return { certificate, key };
}
