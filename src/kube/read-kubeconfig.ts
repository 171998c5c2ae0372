import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import { parse } from "yaml";

import { KwasmError, systemErrorCode } from "#base";

import type { KubeConnection, TlsOptions } from "./connection.ts";
import { createCredentials } from "./kubeconfig-user.ts";
import { readData, type Section } from "./kubeconfig-section.ts";
import { booleanAt, fieldAt, listAt, textAt } from "./read-field.ts";

/** Thousands of clusters; what is larger is no kubeconfig. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** Nobody writes aliases there, and a few that nest make gigabytes. */
const ALIASES_MAX = 100;

interface ReadOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By default the current one of the files. */
  readonly context: string | undefined;
}

/**
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig: of several files, the first that
 * has a name decides, and files that are not there are passed over.
 */
export async function readKubeconfig(paths: readonly string[], options: ReadOptions): Promise<KubeConnection> {
  const files = (await Promise.all(paths.map(readSection))).filter((file) => file !== undefined);
  const where = paths.join('", "');
  if (files.length === 0) throw new KwasmError("not-found", `read the kubeconfig "${where}": there is none`);
  const name = options.context ?? files.map(({ value }) => textAt(value, "current-context")).find((text) => text);
  const action = `read the context "${name ?? ""}" of the kubeconfig "${where}"`;
  const context = find(files, "contexts", "context", name);
  if (context === undefined) throw new KwasmError("not-found", `${action}: there is none; name one that it has`);
  const cluster = find(files, "clusters", "cluster", textAt(context.value, "cluster"));
  const server = textAt(cluster?.value, "server");
  if (cluster === undefined || server === undefined || !URL.canParse(server)) {
    throw new KwasmError("invalid-argument", `${action}: its cluster has no server with an address`);
  }
  refuseProxy(cluster.value, action);
  const user = find(files, "users", "user", textAt(context.value, "user"));
  const credentials = await createCredentials(user, { ...options, server });
  return {
    server: new URL(server),
    tls: { ...(await readTls(cluster, action)), ...credentials.tls },
    namespace: textAt(context.value, "namespace") ?? "default",
    headers: credentials.headers,
  };
}

async function readSection(path: string): Promise<Section | undefined> {
  const action = `read the kubeconfig "${path}"`;
  const text = await readText(path, action);
  if (text === undefined) return undefined;
  try {
    return { value: parse(text, { maxAliasCount: ALIASES_MAX }), directory: dirname(resolve(path)) };
  } catch (thrown) {
    const [reason] = (thrown instanceof Error ? thrown.message : String(thrown)).split("\n");
    throw new KwasmError("invalid-argument", `${action}: ${reason}`, { cause: thrown });
  }
}

async function readText(path: string, action: string): Promise<string | undefined> {
  try {
    checkSize((await stat(path)).size, action);
    return await readFile(path, "utf8");
  } catch (thrown) {
    if (systemErrorCode(thrown) === "ENOENT") return undefined;
    throw KwasmError.from(thrown, action);
  }
}

function checkSize(bytes: number, action: string): void {
  if (bytes <= FILE_BYTES_MAX) return;
  throw new KwasmError("limit-exceeded", `${action}: it has more than ${FILE_BYTES_MAX} bytes`);
}

function find(files: readonly Section[], list: string, field: string, name: string | undefined): Section | undefined {
  for (const { value, directory } of files) {
    const entry = listAt(value, list).find((each) => textAt(each, "name") === name && name !== undefined);
    if (entry !== undefined) return { value: fieldAt(entry, field), directory };
  }
  return undefined;
}

function refuseProxy(cluster: unknown, action: string): void {
  const proxy = textAt(cluster, "proxy-url");
  if (proxy === undefined) return;
  throw new KwasmError("unsupported", `${action}: the proxy "${proxy}" is not used; reach the cluster without one`);
}

async function readTls(cluster: Section, action: string): Promise<TlsOptions> {
  const ca = await readData(cluster, "certificate-authority", action);
  const servername = textAt(cluster.value, "tls-server-name");
  return {
    ...(ca !== undefined && { ca }),
    ...(servername !== undefined && { servername }),
    ...(booleanAt(cluster.value, "insecure-skip-tls-verify") === true && { rejectUnauthorized: false }),
  };
}
