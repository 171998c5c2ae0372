/** What one manifest may ask for; past each limit is a problem of the file, found before anything of it is acted on. */
export const readLimits = {
  /** Bytes of a file. The API server takes objects of 1.5 MiB; a file may hold several, and is parsed in about a second. */
  fileBytesMax: 2 * 1024 * 1024,
  /** Words and marks of a file; about a second's work for the parser, and eight for each value of an ordinary manifest. */
  tokensMax: 400_000,
  /** Documents of a file; one machine runs some hundreds of pods. */
  documentsMax: 1000,
  /** Levels of maps and lists. The deepest field of a pod template stands at level 15. */
  depthMax: 64,
  /** Values of a document with its aliases expanded: what turns a YAML bomb into an error at once. */
  nodesMax: 100_000,
  /** Aliases of a document. */
  aliasesMax: 10_000,
  /** Objects of all files of one `kwasm up`, items of lists included. */
  objectsMax: 2000,
} as const;
