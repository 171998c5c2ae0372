import { existsSync } from "node:fs";
import { join } from "node:path";
import { KwasmError } from "#base";
import { AuthFile, serverKeyOf } from "./auth-file.ts";
import { CredentialHelper, type RunHelper, runHelper } from "./credential-helper.ts";
import type { Credentials } from "./credentials.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface CredentialStoreOptions {
  readonly env: Variables;
  /** The one file of `--authfile`, instead of all others. */
  readonly authFile?: string | undefined;
  readonly run?: RunHelper;
}

/** A user's credentials for registries, in the files and helpers of docker and podman. */
export class CredentialStore {
  readonly #paths: readonly string[];
  readonly #run: RunHelper;

  constructor({ env, authFile, run = runHelper }: CredentialStoreOptions) {
    this.#paths = authFile === undefined ? pathsOf(env) : [authFile];
    this.#run = run;
  }

  /** The first file that knows a registry counts; its helper, where it names one, before it. */
  async find(registry: string, repository: string): Promise<Credentials | undefined> {
    for (const path of this.#paths.filter((name) => existsSync(name))) {
      const file = AuthFile.read(path);
      const helper = file.helperFor(registry);
      const kept =
        helper === undefined ? undefined : new CredentialHelper(helper, this.#run).get(serverKeyOf(registry));
      const found = (await kept) ?? findInFile(file, registry, repository);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Keeps credentials where docker would: by the helper that is configured, else in the file. */
  async store(registry: string, username: string, password: string): Promise<void> {
    const file = AuthFile.read(this.#pathToWrite());
    const helper = file.helperFor(registry);
    if (helper === undefined) file.write(registry, { username, password });
    else await new CredentialHelper(helper, this.#run).store(serverKeyOf(registry), username, password);
  }

  /** Removes a registry's credentials from wherever they are found; false where there are none. */
  async erase(registry: string): Promise<boolean> {
    let isErased = false;
    for (const path of this.#paths.filter((name) => existsSync(name))) {
      const file = AuthFile.read(path);
      const helper = file.helperFor(registry);
      if (helper !== undefined) {
        const keeper = new CredentialHelper(helper, this.#run);
        if ((await keeper.get(serverKeyOf(registry))) !== undefined) {
          await keeper.erase(serverKeyOf(registry));
          isErased = true;
        }
      }
      isErased = file.write(registry, undefined) || isErased;
    }
    return isErased;
  }

  /** Docker's file, which podman, helm and others read too; podman's own default is gone after a restart. */
  #pathToWrite(): string {
    const path = this.#paths.length === 1 ? this.#paths[0] : this.#paths.at(-1);
    if (path !== undefined) return path;
    throw new KwasmError("failed-precondition", "keep credentials: HOME is not set, give --authfile FILE");
  }
}

/** The most specific of a registry's credentials, as podman: `host/team/app`, `host/team`, `host`. */
export function findInFile(file: AuthFile, registry: string, repository: string): Credentials | undefined {
  const segments = [registry, ...repository.split("/")];
  for (let count = segments.length; count > 0; count--) {
    const found = file.get(segments.slice(0, count).join("/"));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** In the order in which they count. What a variable names is meant alone. */
function pathsOf(env: Variables): readonly string[] {
  const named = nonEmpty(env["REGISTRY_AUTH_FILE"]);
  if (named !== undefined) return [named];
  const docker = nonEmpty(env["DOCKER_CONFIG"]);
  if (docker !== undefined) return [join(docker, "config.json")];
  const runtime = nonEmpty(env["XDG_RUNTIME_DIR"]);
  const home = nonEmpty(env["HOME"]);
  const config = nonEmpty(env["XDG_CONFIG_HOME"]) ?? (home === undefined ? undefined : join(home, ".config"));
  return [
    ...[runtime, config]
      .filter((folder) => folder !== undefined)
      .map((folder) => join(folder, "containers", "auth.json")),
    ...(home === undefined ? [] : [join(home, ".docker", "config.json")]),
  ];
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
