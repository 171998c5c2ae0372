import { KwasmError } from "#base";
import {
  type ContainerEntry,
  type ImageContent,
  type ImageStore,
  meaningsOf,
  type PullSecret,
  readContent,
  resolveEntry,
  type StoredImage,
  type UnpackedImage,
} from "#image";
import type { Container } from "../kinds/index.ts";

/** Answers of `resolveEntry` that are kept: each saves reading and hashing a module once per replica. */
const RESOLVED_ENTRIES_MAX = 256;

/** Brings an image from its registry into the store, with the credentials of secrets before the user's own. */
export type PullForPod = (name: string, secrets: readonly PullSecret[], signal: AbortSignal) => Promise<unknown>;

/** How a container's image may be brought. */
export interface ImageWish {
  readonly policy: Container["imagePullPolicy"];
  /** Asked when there is something to pull. */
  readonly secrets: () => readonly PullSecret[];
  readonly signal: AbortSignal;
  readonly onPull: () => void;
}

/** What a container needs of the local images. */
export interface ContainerImages {
  /**
   * Finds an image by name, pulls it where that is wished, and unpacks it once. Throws `not-found` for a name that the
   * local store does not have, where no registry is to be asked.
   */
  open(name: string, wish: ImageWish): Promise<ImageContent>;
  resolve(image: UnpackedImage, command: readonly string[], args: readonly string[]): Promise<ContainerEntry>;
}

export function createContainerImages(store: ImageStore, unpackedDir: string, pull?: PullForPod): ContainerImages {
  const entries = new Map<string, Promise<ContainerEntry>>();
  return {
    async open(name, wish) {
      if (pull !== undefined && isPullDue(name, store.find(name), wish.policy)) await pullNamed(pull, name, wish);
      return readContent({ kind: "store", store, name }, unpackedDir);
    },
    resolve(image, command, args) {
      const key = JSON.stringify([image.digest, command, args]);
      const known = entries.get(key);
      if (known !== undefined) return known;
      const entry = resolveEntry(image, args.length > 0 ? { command, args } : { command });
      entries.set(key, entry);
      forgetOldest(entries);
      // A failure is not kept: the caller retries, and the answer may differ then.
      entry.catch(() => entries.delete(key));
      return entry;
    },
  };
}

/** A name without a registry may as well be meant for what is built here. */
async function pullNamed(pull: PullForPod, name: string, { secrets, signal, onPull }: ImageWish): Promise<void> {
  onPull();
  try {
    await pull(name, secrets(), signal);
  } catch (error) {
    const { code, message } = KwasmError.from(error, `pull image "${name}"`);
    const advice = meaningsOf(name).length > 1 ? `; where it is built here, run kwasm build -t ${name}` : "";
    // The name itself was read before: what is invalid now is a Secret or a registry's configuration.
    const known = code === "invalid-argument" ? "failed-precondition" : code;
    throw new KwasmError(known, `pull image "${name}": ${message}${advice}`, { cause: error });
  }
}

/**
 * The kubelet's rule, but for what was built here: no registry has it, so `Always`, which is the default of a name
 * without a tag, takes it as it is.
 */
function isPullDue(name: string, present: StoredImage | undefined, policy: Container["imagePullPolicy"]): boolean {
  if (policy === "Never") return false;
  if (present === undefined) return meaningsOf(name).some(({ registry }) => registry !== "localhost");
  return policy === "Always" && present.reference.registry !== "localhost";
}

function forgetOldest(entries: Map<string, unknown>): void {
  for (const oldest of entries.keys()) {
    if (entries.size <= RESOLVED_ENTRIES_MAX) return;
    entries.delete(oldest);
  }
}
