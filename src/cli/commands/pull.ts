import {
  formatReference,
  listTags,
  type ImageStore,
  parseRemoteName,
  type Platform,
  pullImage,
  type RegistryAccess,
  type StoredImage,
} from "#image";
import { KwasmError } from "#base";

import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import type { Io } from "../frame/io.ts";
import { openImageStore } from "./image-store.ts";
import { requireSome } from "./operands.ts";
import { credentialOptions, openRegistryAccess, registryOptions } from "./registry-access.ts";
import { TransferProgress } from "./transfer-progress.ts";

export const pullCommand = defineCommand({
  name: "pull",
  summary: "Bring images from registries into the local store",
  operands: "IMAGE…",
  description: `
Brings images into the local store, and prints their ids. A name without a registry is Docker Hub's. What the store has
is not fetched again, a pull that was interrupted is continued, and IMAGE@sha256:… needs no registry once it is there.

  kwasm pull ghcr.io/team/app:v1
  kwasm pull --tls-verify=false registry.local:5000/app`,
  options: {
    platform: {
      value: "OS/ARCH",
      summary: "Of an image for several platforms take this one, instead of the best for Wasm",
    },
    "all-tags": { short: "a", summary: "Bring every tag of IMAGE, which is written without one" },
    policy: { value: "POLICY", summary: "always (default), or missing: ask no registry where the image is there" },
    quiet: { short: "q", summary: "Show no progress" },
    ...credentialOptions,
    ...registryOptions,
  },
  async run({ options, operands, stateDirectory }, io) {
    const names = requireSome(operands, "IMAGE");
    const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
    const isMissingOnly = parsePolicy(options.policy ?? "always") === "missing";
    using access = openRegistryAccess(options, io);
    const store = openImageStore(stateDirectory);
    const wanted = options["all-tags"] ? await findAllTags(names, access, io) : names;
    for (const name of wanted) {
      const pull = { name, store, access, platform, isQuiet: options.quiet, isMissingOnly };
      io.stdout.write(`${await pullOne(pull, io)}\n`);
    }
    return EXIT_OK;
  },
});

/** Names as the registries list them, in that order. */
async function findAllTags(names: readonly string[], access: RegistryAccess, io: Io): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of names) {
    const tags = await listTags(name, access, io.interrupted());
    if (tags.length === 0) throw new KwasmError("not-found", `pull all tags of "${name}": it has none`);
    found.push(...tags.map((tag) => `${name}:${tag}`));
  }
  return found;
}

interface PullOne {
  readonly name: string;
  readonly store: ImageStore;
  readonly access: RegistryAccess;
  readonly platform: Platform | undefined;
  readonly isQuiet: boolean;
  readonly isMissingOnly: boolean;
}

/** Resolves to the image's id. */
async function pullOne({ name, store, access, platform, isQuiet, isMissingOnly }: PullOne, io: Io): Promise<string> {
  const whole = formatReference(parseRemoteName(name));
  const present = isMissingOnly ? store.find(whole) : undefined;
  if (present !== undefined) return idOf(present);
  if (!isQuiet) io.stderr.write(`Trying to pull ${whole}...\n`);
  using progress = new TransferProgress(io.stderr);
  const image = await pullImage({
    store,
    name,
    access,
    signal: io.interrupted(),
    ...(platform === undefined ? {} : { platform }),
    ...(isQuiet ? {} : { onTransfer: (event) => progress.show(event) }),
  });
  return idOf(image);
}

/** As podman prints it: the digits alone. */
function idOf({ descriptor }: StoredImage): string {
  return descriptor.digest.slice("sha256:".length);
}

function parsePlatform(text: string): Platform {
  const [os = "", architecture = "", ...rest] = text.split("/");
  if (os !== "" && architecture !== "" && rest.length === 0) return { os, architecture };
  throw new KwasmError("invalid-argument", `read --platform "${text}": write OS/ARCH, as wasip1/wasm or linux/amd64`);
}

function parsePolicy(text: string): "always" | "missing" {
  if (text === "always" || text === "missing") return text;
  throw new KwasmError("invalid-argument", `read --policy "${text}": write always or missing`);
}
