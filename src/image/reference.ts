import { KwasmError } from "#base";
import { type Digest, isDigest } from "./digest.ts";

/** A whole image name: where it comes from, what it is called there, which version. */
export interface Reference {
  /** Host of the registry with its port, or `localhost` for what was built here. */
  readonly registry: string;
  /** Path within the registry: `library/nginx`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** The distribution specification's own bound on a name with its registry. */
const NAME_BYTES_MAX = 255;

/** Longest tag, from the distribution specification. */
const TAG_BYTES_MAX = 128;

/** All of a reference: name, tag, digest and their separators, so that nothing longer is matched against patterns. */
const REFERENCE_BYTES_MAX = NAME_BYTES_MAX + 1 + TAG_BYTES_MAX + 1 + 71;

const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
const registryPattern =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;

/** Where a name without a registry comes from when it is pulled, for docker, podman and Kubernetes alike. */
const DEFAULT_REGISTRY = "docker.io";

/** The registry of images that were built on this machine, as podman and buildah name it. */
const LOCAL_REGISTRY = "localhost";

const DEFAULT_TAG = "latest";

/**
 * Every whole name that `text` can mean in a local store, most likely first. A name with a registry means itself. A
 * short one means what was built here (`localhost/hello`), then what Docker Hub calls so (`docker.io/library/hello`):
 * podman's order, so that `image: hello` in a manifest finds what `kwasm build -t hello` wrote.
 */
export function meaningsOf(text: string): readonly Reference[] {
  const parts = splitReference(text);
  if (parts.registry !== undefined) return [complete(parts, parts.registry)];
  return [complete(parts, LOCAL_REGISTRY), complete(parts, DEFAULT_REGISTRY)];
}

/**
 * The whole name under which something built here is kept. A short name becomes `localhost/NAME` as podman's does,
 * not `docker.io/library/NAME` as docker's: the image never came from Docker Hub, and pushing it there by accident is
 * what the other spelling invites.
 */
export function parseLocalName(text: string): Reference & { readonly tag: string } {
  const parts = splitReference(text);
  if (parts.digest !== undefined) {
    throw invalid(text, "a digest follows from the content; give a name or NAME:TAG");
  }
  const reference = complete(parts, parts.registry ?? LOCAL_REGISTRY);
  return { ...reference, tag: reference.tag ?? DEFAULT_TAG };
}

/** A name as stores keep it: with its registry, and a tag or a digest. */
export function parseStoredName(text: string): Reference {
  const parts = splitReference(text);
  return complete(parts, parts.registry ?? LOCAL_REGISTRY);
}

/** What a name means to a registry: a short one is Docker Hub's. A digest decides, and the tag beside it is dropped. */
export function parseRemoteName(text: string): Reference {
  const { tag, ...parts } = splitReference(text);
  const registry = parts.registry ?? DEFAULT_REGISTRY;
  const reference = complete(parts.digest === undefined && tag !== undefined ? { ...parts, tag } : parts, registry);
  if (registry !== LOCAL_REGISTRY) return reference;
  throw invalid(text, "localhost without a port is no registry, it holds what was built here; write HOST:PORT/NAME");
}

/** The name as users write it: `ghcr.io/a/b:tag` or `ghcr.io/a/b@sha256:…`. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${nameOf(reference)}${tag}${digest}`;
}

/** Registry and repository, without tag and digest. */
export function nameOf(reference: Reference): string {
  return `${reference.registry}/${reference.repository}`;
}

interface Parts {
  readonly registry?: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

function splitReference(text: string): Parts {
  if (Buffer.byteLength(text) > REFERENCE_BYTES_MAX) {
    throw new KwasmError(
      "limit-exceeded",
      `reading image name "${text.slice(0, 60)}…": it is longer than ${REFERENCE_BYTES_MAX} bytes`,
    );
  }
  const at = text.indexOf("@");
  const named = at === -1 ? text : text.slice(0, at);
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  return {
    ...splitName(text, colon === -1 ? named : named.slice(0, colon)),
    ...(colon === -1 ? {} : { tag: checkTag(text, named.slice(colon + 1)) }),
    ...(at === -1 ? {} : { digest: checkDigest(text, text.slice(at + 1)) }),
  };
}

function splitName(text: string, name: string): Pick<Parts, "registry" | "repository"> {
  if (name.length > NAME_BYTES_MAX) throw invalid(text, `its name is longer than ${NAME_BYTES_MAX} bytes`);
  const slash = name.indexOf("/");
  const first = slash === -1 ? "" : name.slice(0, slash);
  const hasRegistry = isRegistry(first);
  const repository = hasRegistry ? name.slice(slash + 1) : name;
  for (const component of repository.split("/")) {
    if (!componentPattern.test(component)) {
      throw invalid(text, `"${component}" may hold lower-case letters, digits and single . _ - between them`);
    }
  }
  if (!hasRegistry) return { repository };
  if (!registryPattern.test(first)) throw invalid(text, `"${first}" is no host name with an optional port`);
  return { registry: first, repository };
}

/** Docker's rule: the first component is a host when it could not be a folder of Docker Hub. */
function isRegistry(first: string): boolean {
  return first === LOCAL_REGISTRY || /[.:A-Z]/.test(first);
}

function checkTag(text: string, tag: string): string {
  if (tag.length <= TAG_BYTES_MAX && tagPattern.test(tag)) return tag;
  throw invalid(text, `"${tag}" is no tag; use up to ${TAG_BYTES_MAX} letters, digits, and . _ - after the first`);
}

function checkDigest(text: string, digest: string): Digest {
  if (isDigest(digest)) return digest;
  throw invalid(text, `"${digest}" is no digest; use sha256: and 64 hexadecimal digits`);
}

function complete(parts: Parts, registryAsWritten: string): Reference {
  const registry = registryAsWritten === "index.docker.io" ? DEFAULT_REGISTRY : registryAsWritten;
  const isOfficial = registry === DEFAULT_REGISTRY && !parts.repository.includes("/");
  const isVersioned = parts.tag !== undefined || parts.digest !== undefined;
  return {
    ...parts,
    registry,
    repository: isOfficial ? `library/${parts.repository}` : parts.repository,
    ...(isVersioned ? {} : { tag: DEFAULT_TAG }),
  };
}

function invalid(text: string, reason: string): KwasmError {
  return new KwasmError("invalid-argument", `reading image name "${text}": ${reason}`);
}
