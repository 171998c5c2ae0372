/** How much of a registry's answers is taken, and how long it is waited for; tests pass smaller ones. */
export interface RegistryLimits {
  readonly stallMs: number;
  readonly headerBytesMax: number;
  readonly redirectsMax: number;
  readonly attemptsMax: number;
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  readonly retryAfterMsMax: number;
  readonly errorBytesMax: number;
  readonly tokenBytesMax: number;
  readonly imageBytesMax: number;
  readonly blobsAtOnceMax: number;
  readonly uploadChunkBytes: number;
  readonly tagsMax: number;
  readonly tagPagesMax: number;
  readonly tagListBytesMax: number;
}

export const registryLimits: RegistryLimits = {
  /** Time without a byte in either direction. Registries that fetch from a slow store first need some seconds. */
  stallMs: 60_000,
  /** Tokens come in headers; the largest that are known have 8 kB. */
  headerBytesMax: 64 * 2 ** 10,
  /** Registries send one redirect, to their store. Go's clients, which they are tested with, follow ten. */
  redirectsMax: 10,
  /** In a row without a byte of progress; as containerd's and podman's few. */
  attemptsMax: 5,
  backoffMsMin: 500,
  backoffMsMax: 15_000,
  /** A registry that asks for a longer wait is told of, for a person to decide. */
  retryAfterMsMax: 60_000,
  /** Errors are lists of a few sentences. */
  errorBytesMax: 64 * 2 ** 10,
  /** The answer of a token server; it becomes a header. */
  tokenBytesMax: 64 * 2 ** 10,
  /** All blobs of an image together: as much as is ever unpacked of one. */
  imageBytesMax: 8 * 2 ** 30,
  /** Docker's number of layers at once. */
  blobsAtOnceMax: 3,
  /** A cut upload is resumed at the last chunk; gateways refuse bodies of more than some ten MB. */
  uploadChunkBytes: 8 * 2 ** 20,
  /** A repository that is built at each change for years has some thousands; nobody wants all of those. */
  tagsMax: 10_000,
  /** Registries give 100 at least in a page. */
  tagPagesMax: 200,
  /** Of one page: a thousand tags of the greatest length. */
  tagListBytesMax: 256 * 2 ** 10,
};
