import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { join } from "node:path";

import { type Clock, KwasmError, systemClock, systemErrorCode } from "#base";

import type { KubeConnection } from "./connection.ts";

/** Where kubelet puts the credentials of a pod's service account. */
const SERVICE_ACCOUNT_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";

/** kubelet renews a token long before it ends; client-go reads the file once a minute too. */
const TOKEN_AGE_MS_MAX = 60_000;

interface InClusterOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly directory?: string;
  readonly clock?: Clock;
}

/** The connection of a pod's service account, or undefined outside a pod. */
export async function inClusterConnection(options: InClusterOptions): Promise<KubeConnection | undefined> {
  const { env, directory = SERVICE_ACCOUNT_DIRECTORY, clock = systemClock } = options;
  const host = env["KUBERNETES_SERVICE_HOST"] ?? "";
  const port = env["KUBERNETES_SERVICE_PORT"] ?? "";
  if (host === "" || port === "") return undefined;
  const ca = await readIfThere(join(directory, "ca.crt"));
  const token = tokenReader(join(directory, "token"), clock);
  if (ca === undefined || (await readIfThere(join(directory, "token"))) === undefined) return undefined;
  return {
    server: new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`),
    tls: { ca },
    namespace: (await readIfThere(join(directory, "namespace")))?.trim() ?? "default",
    headers: async (isRefused) => ({ authorization: `Bearer ${await token(isRefused ?? false)}` }),
  };
}

function tokenReader(path: string, clock: Clock): (mustBeFresh: boolean) => Promise<string> {
  let token = "";
  let readAtMs = -Infinity;
  return async function read(mustBeFresh) {
    if (!mustBeFresh && clock.nowMs() - readAtMs < TOKEN_AGE_MS_MAX) return token;
    token = await readToken(path);
    readAtMs = clock.nowMs();
    return token;
  };
}

async function readToken(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (thrown) {
    throw KwasmError.from(thrown, `read the token of the service account from "${path}"`);
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    if (systemErrorCode(thrown) === "ENOENT") return undefined;
    throw KwasmError.from(thrown, `read "${path}"`);
  }
}
