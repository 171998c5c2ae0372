/**
 * What is taken of an application that somebody else wrote. Spin itself has no such limits; honest applications have
 * tens of components, and a manifest of some kilobytes.
 */
export const spinLimits = {
  /** A manifest, characters. */
  manifestLengthMax: 1_048_576,
  /** A locked application, characters: small files stand inline in it. */
  lockedLengthMax: 16_777_216,
  componentsMax: 64,
  triggersMax: 1_024,
  variablesMax: 1_024,
  /** Servers of Redis whose channels an application listens to: each is a connection. */
  subscriptionsMax: 64,
  /** Entries of one list or table that have no limit of their own. */
  entriesMax: 1_024,
  /** Characters of one text, such as a value of a variable. */
  textLengthMax: 65_536,
  /** Characters of an id, a name or a label. */
  nameLengthMax: 256,
  /** Characters of a route; Node refuses requests with longer heads. */
  routeLengthMax: 2_048,
  /** Bytes of a static response: what the engine keeps of a body at a time. */
  staticBytesMax: 65_536,
  /** Files and directories that one component is given: each is a descriptor that is handed to its cell. */
  mountsMax: 64,
  /** Those of all components and their modules: the kernel hands over 253 at a time, and sockets go with them. */
  handedOverMax: 200,
  /** Files that a pattern looks at, or that a component of a locked application has. */
  filesSeenMax: 65_536,
  /** Bytes of one file that stands inline. */
  inlineBytesMax: 1_048_576,
} as const;
