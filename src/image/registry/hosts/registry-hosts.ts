import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { KwasmError } from "#base";
import { isLoopback, type TlsSettings } from "../http/transport.ts";
import { Endpoint } from "./endpoint.ts";
import { type HostEntry, parseHostsFile } from "./parse-hosts-file.ts";

/** Configuration of a registry is a few lines, its certificates a few kB. */
const CONFIGURATION_BYTES_MAX = 2 ** 20;

/** What docker.io is served by. */
const DOCKER_HUB_HOST = "registry-1.docker.io";

export interface RegistryHostsOptions {
  /** Folders as containerd's `certs.d`, the first that knows a registry counts. */
  readonly directories: readonly string[];
  /** The wish of a command for its own registry, over what is configured: false takes any certificate and plain HTTP. */
  readonly isVerified?: boolean | undefined;
  /** A folder whose `*.crt` are trusted for every registry. */
  readonly certificates?: string | undefined;
}

/** How a registry is reached: the servers to ask, in their order, the registry itself last. */
export interface RegistryRoute {
  readonly endpoints: readonly Endpoint[];
  /** Nobody said whether the last endpoint speaks HTTPS: a registry on this machine, or one that need not be verified. */
  readonly mayBePlain: boolean;
}

/** Finds the route to a registry in the folders of its configuration. */
export function routeTo(registry: string, options: RegistryHostsOptions): RegistryRoute {
  const directory = findDirectory(registry, options.directories);
  const path = directory === undefined ? undefined : join(directory, "hosts.toml");
  const file = path !== undefined && existsSync(path) ? parseHostsFile(readSmall(path), path) : undefined;
  const tls = commandTls(directory, options);
  const mirrors = (file?.hosts ?? []).map((entry) => mirrorOf(endpointOf(entry, directory ?? "", tls), registry));
  if (file?.server !== undefined) {
    const server = endpointOf(file.server, directory ?? "", tls);
    return { endpoints: [...mirrors, withRegistry(server, registry)], mayBePlain: false };
  }
  const host = registry === "docker.io" ? DOCKER_HUB_HOST : registry;
  const base = baseOf(`https://${host}`, false);
  const own = new Endpoint({ registry, base, tls });
  return { endpoints: [...mirrors, own], mayBePlain: isLoopback(base.hostname) || options.isVerified === false };
}

/** containerd's spellings of a folder for a host with a port, then the one for all that have none. */
function findDirectory(registry: string, directories: readonly string[]): string | undefined {
  const [host = "", port] = registry.split(/:(?=[0-9]+$)/);
  const names = port === undefined ? [host] : [`${host}:${port}`, `${host}_${port}_`];
  for (const directory of directories) {
    const found = [...names, "_default"].map((name) => join(directory, name)).find((path) => existsSync(path));
    if (found !== undefined) return found;
  }
  return undefined;
}

function commandTls(directory: string | undefined, options: RegistryHostsOptions): TlsSettings {
  const folders = [directory, options.certificates].filter((folder) => folder !== undefined);
  const ca = folders.flatMap(listCertificates).map(readSmall);
  return {
    ...(ca.length === 0 ? {} : { ca }),
    ...(options.isVerified === false ? { isUnverified: true } : {}),
  };
}

/** As docker: every `*.crt` in a registry's folder is a certificate to trust. */
function listCertificates(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".crt"));
    return names.sort().map((name) => join(folder, name));
  } catch (error) {
    throw KwasmError.from(error, `reading certificates in "${folder}"`);
  }
}

function endpointOf(entry: HostEntry, directory: string, common: TlsSettings): Endpoint {
  const text = entry.url.includes("://") ? entry.url : `https://${entry.url}`;
  const base = baseOf(text, entry.isWholePath);
  const ca = [...entry.ca.map((path) => readSmall(resolve(directory, path))), ...(common.ca ?? [])];
  return new Endpoint({
    registry: base.host,
    base,
    capabilities: entry.capabilities,
    tls: {
      ...(ca.length === 0 ? {} : { ca }),
      ...(entry.isUnverified || common.isUnverified === true ? { isUnverified: true } : {}),
    },
  });
}

function mirrorOf({ registry, base, tls, capabilities }: Endpoint, mirrored: string): Endpoint {
  return new Endpoint({ registry, base, tls, capabilities: [...capabilities], mirrored });
}

/** Credentials for the server of a registry are kept under the registry's name. */
function withRegistry({ base, tls, capabilities }: Endpoint, registry: string): Endpoint {
  return new Endpoint({ registry, base, tls, capabilities: [...capabilities] });
}

function baseOf(text: string, isWholePath: boolean): URL {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new KwasmError(
      "invalid-argument",
      `reading a registry's address "${text}": write https://HOST or http://HOST`,
    );
  }
  const path = url.pathname.replace(/\/+$/, "");
  return new URL(isWholePath || path.endsWith("/v2") ? `${path}/` : `${path}/v2/`, url);
}

function readSmall(path: string): string {
  try {
    const { size } = statSync(path);
    if (size <= CONFIGURATION_BYTES_MAX) return readFileSync(path, "utf8");
    throw new KwasmError("limit-exceeded", `reading "${path}": ${size} bytes pass ${CONFIGURATION_BYTES_MAX}`);
  } catch (error) {
    throw KwasmError.from(error, `reading "${path}"`);
  }
}
