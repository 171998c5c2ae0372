/**
 * How much of an image is taken in before it is refused. Images come from anywhere, so every count and size in them is
 * held here; tests pass smaller ones.
 */
export interface ImageLimits {
  readonly indexBytesMax: number;
  readonly indexDepthMax: number;
  readonly indexManifestsMax: number;
  readonly manifestBytesMax: number;
  readonly configBytesMax: number;
  readonly layersMax: number;
  readonly blobBytesMax: number;
  readonly moduleBytesMax: number;
  readonly unpackedBytesMax: number;
  readonly entriesMax: number;
  readonly pathBytesMax: number;
  readonly pathSegmentBytesMax: number;
  readonly pathDepthMax: number;
  readonly linksFollowedMax: number;
}

export const imageLimits: ImageLimits = {
  /** The distribution specification asks registries to take manifests of 4 MiB; nobody serves larger ones. */
  indexBytesMax: 4 * 2 ** 20,
  /** An index in an index is legal and pointless beyond one; the bound ends a chain made to recurse. */
  indexDepthMax: 4,
  /** Official multi-platform images have about 20; each costs a comparison. */
  indexManifestsMax: 10_000,
  /** As indexBytesMax. */
  manifestBytesMax: 4 * 2 ** 20,
  /** Configs are a few kB; the bound is that of a manifest. */
  configBytesMax: 4 * 2 ** 20,
  /** Docker's bound is 127, from overlayfs; Spin's is 500, as many as registries take. */
  layersMax: 500,
  /** A module with data of 4 GiB is the most that a 32-bit memory could take in. */
  blobBytesMax: 4 * 2 ** 30,
  /** V8 compiles no larger module. Files that are built into an image are held in memory, so it is theirs too. */
  moduleBytesMax: 2 ** 30,
  /** Twice blobBytesMax: more files than a guest needs, and the end of a decompression bomb before it fills a disk. */
  unpackedBytesMax: 8 * 2 ** 30,
  /** A full Debian with compilers has about 100,000 files. */
  entriesMax: 200_000,
  /** PATH_MAX of Linux, root folder included, leaves a little less than this. */
  pathBytesMax: 3_500,
  /** NAME_MAX of Linux. */
  pathSegmentBytesMax: 255,
  /** Deepest trees in the wild (node_modules) are about 40. */
  pathDepthMax: 100,
  /** As the kernel's own bound on symbolic links in one path (path_resolution(7)). */
  linksFollowedMax: 40,
};
