import { KwasmError } from "#base";
import { AuthFile } from "./auth-file.ts";
import { findInFile } from "./credential-store.ts";
import type { Credentials } from "./credentials.ts";

/** A Secret of Kubernetes for registries, decoded. */
export interface PullSecret {
  /** For messages. */
  readonly name: string;
  readonly type: string;
  /** By key, as text. */
  readonly data: ReadonlyMap<string, string>;
}

/** Finds credentials in a pod's secrets, of which the first that knows the registry counts. Helpers are not called for them. */
export function findInSecrets(
  secrets: readonly PullSecret[],
  registry: string,
  repository: string,
): Credentials | undefined {
  for (const secret of secrets) {
    const found = findInFile(readSecret(secret), registry, repository);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Kubernetes' two types: docker's present file, and the one before it, which had the registries at its top. */
function readSecret({ name, type, data }: PullSecret): AuthFile {
  const where = `Secret "${name}"`;
  const present = data.get(".dockerconfigjson");
  if (type === "kubernetes.io/dockerconfigjson" && present !== undefined) return AuthFile.parse(present, where);
  const old = data.get(".dockercfg");
  if (type === "kubernetes.io/dockercfg" && old !== undefined) return AuthFile.parse(`{"auths":${old}}`, where);
  throw new KwasmError(
    "invalid-argument",
    `reading ${where}: it is of type "${type}" and has no credentials for registries`,
  );
}
