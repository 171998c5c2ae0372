import { join, resolve } from "node:path";

import { CredentialStore, type Credentials, credentialsOf, RegistryAccess } from "#image";
import { KwasmError } from "#base";

import type { Io } from "../frame/io.ts";
import type { OptionSpecs } from "../frame/parse-options.ts";

/** Options of all commands that ask a registry, with podman's names. */
export const registryOptions = {
  authfile: {
    value: "FILE",
    summary: "Credentials are in FILE (default $REGISTRY_AUTH_FILE, else docker's and podman's)",
  },
  "cert-dir": { value: "DIR", summary: "Trust the certificates *.crt in DIR" },
  "tls-verify": { value: "BOOL", summary: "false: take any certificate, and plain HTTP (default true)" },
} as const satisfies OptionSpecs;

/** The user and the password of a command itself. */
export const credentialOptions = {
  creds: { value: "USER:PASSWORD", summary: "Log in for this command alone" },
} as const satisfies OptionSpecs;

interface RegistryOptionValues {
  readonly authfile?: string | undefined;
  readonly "cert-dir"?: string | undefined;
  readonly "tls-verify"?: string | undefined;
  readonly creds?: string | undefined;
}

/** What a command reaches registries by. */
export function openRegistryAccess(options: RegistryOptionValues, io: Io): RegistryAccess {
  const own = options.creds === undefined ? undefined : parseCreds(options.creds);
  const store = openCredentialStore(options, io);
  const certificates = options["cert-dir"];
  return new RegistryAccess({
    credentials: (registry, repository) =>
      own === undefined ? store.find(registry, repository) : Promise.resolve(own),
    hosts: {
      directories: hostsDirectoriesOf(io),
      isVerified: parseVerify(options["tls-verify"]),
      ...(certificates === undefined ? {} : { certificates: resolve(io.cwd, certificates) }),
    },
    env: io.env,
  });
}

export function openCredentialStore({ authfile }: Pick<RegistryOptionValues, "authfile">, io: Io): CredentialStore {
  return new CredentialStore({
    env: io.env,
    ...(authfile === undefined ? {} : { authFile: resolve(io.cwd, authfile) }),
  });
}

/** A user's own folder of registries, the machine's, then those of containerd and docker, which have the same form. */
function hostsDirectoriesOf({ env, cwd }: Io): readonly string[] {
  const home = env["HOME"] ?? "";
  const config = env["XDG_CONFIG_HOME"] || (home === "" ? undefined : join(home, ".config"));
  const own = config === undefined ? [] : [join(resolve(cwd, config), "kwasm", "certs.d")];
  return [...own, "/etc/kwasm/certs.d", "/etc/containerd/certs.d", "/etc/docker/certs.d"];
}

function parseCreds(text: string): Credentials {
  const colon = text.indexOf(":");
  if (colon > 0) return credentialsOf(text.slice(0, colon), text.slice(colon + 1));
  throw new KwasmError("invalid-argument", "read --creds: write USER:PASSWORD");
}

function parseVerify(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (text === "true" || text === "false") return text === "true";
  throw new KwasmError("invalid-argument", `read --tls-verify "${text}": write true or false`);
}
