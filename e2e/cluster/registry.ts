import { createReadStream, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

import { KwasmError } from "#base";
import { askUntil } from "../containerd/ask-until.ts";
import { openCachedFolder } from "../containerd/cached-folder.ts";
import { unpackPackages } from "../containerd/debian-packages.ts";
import { Relay } from "./relay.ts";
import type { Launcher, ServerProcess } from "./server-process.ts";

const PORT = 5000;
/** What names an image of a layout: containerd's annotation has the whole name, the other one sometimes its tag only. */
const nameAnnotations = ["io.containerd.image.name", "org.opencontainers.image.ref.name"] as const;

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What of an index or a manifest leads to other blobs. */
interface Document {
  readonly mediaType: string;
  readonly manifests?: readonly Descriptor[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

/**
 * A registry for every name: nodes ask it for the images of all registries, so that an image has the name in a cluster
 * that users know it by.
 */
export class Registry implements AsyncDisposable {
  readonly #server: ServerProcess;
  readonly #relay: Relay;

  static async start(launcher: Launcher, address: string): Promise<Registry> {
    const list = { suite: "sid", packages: ["docker-registry"] };
    const root = await openCachedFolder(join("containerd", "registry"), (folder) => unpackPackages([list], folder));
    const configuration = join(launcher.directory, "registry.json");
    const storage = { filesystem: { rootdirectory: join(launcher.directory, "registry") } };
    mkdirSync(storage.filesystem.rootdirectory);
    // Its configuration is YAML, of which JSON is a part.
    const http = { addr: `${address}:${PORT}`, relativeurls: true };
    writeFileSync(configuration, JSON.stringify({ version: 0.1, storage, http }));
    const server = launcher.launch("registry", [join(root, "usr/bin/docker-registry"), "serve", configuration]);
    const relay = await Relay.start(launcher, "registry", { host: address, port: PORT });
    const registry = new Registry(server, relay);
    await askUntil("a registry that serves", async () => {
      server.checkAlive();
      return registry.#isServing();
    });
    return registry;
  }

  private constructor(server: ServerProcess, relay: Relay) {
    this.#server = server;
    this.#relay = relay;
  }

  /** Puts the images of an OCI image layout there, each by the name that the layout gives it. */
  async push(layout: string): Promise<void> {
    const { manifests = [] } = readDocument(join(layout, "index.json"));
    for (const manifest of manifests) {
      const name = nameOf(manifest);
      if (name === undefined) {
        throw new KwasmError("invalid-argument", `push "${layout}": it has an image without a name`);
      }
      const { repository, tag } = splitName(name);
      await this.#pushManifest(layout, manifest, repository, tag);
    }
  }

  async #pushManifest(
    layout: string,
    { digest, mediaType }: Descriptor,
    repository: string,
    tag: string,
  ): Promise<void> {
    const path = blobPath(layout, digest);
    const { config, layers = [], manifests = [] } = readDocument(path);
    for (const one of manifests) await this.#pushManifest(layout, one, repository, one.digest);
    const blobs = config === undefined ? layers : [config, ...layers];
    for (const blob of blobs) await this.#pushBlob(layout, blob, repository);
    const url = `/v2/${repository}/manifests/${tag}`;
    await this.#send("PUT", url, { "content-type": mediaType }, path);
  }

  async #pushBlob(layout: string, { digest }: Descriptor, repository: string): Promise<void> {
    if ((await this.#ask("HEAD", `/v2/${repository}/blobs/${digest}`)).status === 200) return;
    const { location } = await this.#ask("POST", `/v2/${repository}/blobs/uploads/`);
    const upload = `${location}${location.includes("?") ? "&" : "?"}digest=${encodeURIComponent(digest)}`;
    await this.#send("PUT", upload, { "content-type": "application/octet-stream" }, blobPath(layout, digest));
  }

  async #send(method: string, path: string, headers: Record<string, string>, file: string): Promise<void> {
    const { status } = await this.#ask(method, path, headers, file);
    if (status !== 201) throw new KwasmError("internal", `send "${file}" to the registry: it answered "${status}"`);
  }

  async #ask(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    file?: string,
  ): Promise<{ status: number; location: string }> {
    const asked = request({ host: "127.0.0.1", port: this.#relay.port, agent: false, method, path, headers });
    const answered = Promise.withResolvers<IncomingMessage>();
    asked.on("response", answered.resolve).on("error", answered.reject);
    if (file === undefined) asked.end();
    else await pipeline(createReadStream(file), asked);
    const response = await answered.promise;
    response.resume();
    return { status: response.statusCode ?? 0, location: response.headers.location ?? "" };
  }

  async #isServing(): Promise<true | undefined> {
    try {
      return (await this.#ask("GET", "/v2/")).status === 200 || undefined;
    } catch {
      // It does not listen yet, or its relay does not.
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#relay[Symbol.asyncDispose]();
    await this.#server.kill("SIGKILL");
  }
}

function nameOf({ annotations }: Descriptor): string | undefined {
  return nameAnnotations.map((key) => annotations?.[key]).find((name) => name !== undefined);
}

function blobPath(layout: string, digest: string): string {
  return join(layout, "blobs", digest.replace(":", "/"));
}

function readDocument(path: string): Document {
  // Layouts here were all written by this tree.
  return JSON.parse(readFileSync(path, "utf8")) as Document;
}

/** The repository without its registry, as a mirror is asked for it. */
function splitName(name: string): { repository: string; tag: string } {
  const [, path = "", tag = "latest"] = /^(.*?)(?::([\w.-]+))?$/.exec(name) ?? [];
  const [first = "", ...rest] = path.split("/");
  if (rest.length === 0) return { repository: `library/${first}`, tag };
  const isRegistry = first === "localhost" || /[.:]/.test(first);
  return { repository: (isRegistry ? rest : [first, ...rest]).join("/"), tag };
}

/** What tells a node's containerd to ask the registry at an address for all images; hosts.toml of its documentation. */
export function mirrorConfiguration(address: string): string {
  return `[host."http://${address}:${PORT}"]\n  capabilities = ["pull", "resolve"]\n`;
}
