/** What a component may hold. It comes from a tenant; whoever reads it spends memory and time in proportion to these. */
export const componentLimits = {
  /** The whole file. Python with its standard library is 25 MB. */
  componentBytesMax: 128 * 1024 * 1024,
  /** Components within components. Tools nest them two or three deep; each level is a call of the reader. */
  nestingMax: 20,
  /** Definitions in one file, nested ones included: an entry of any section, of any component or type. */
  definitionsMax: 200_000,
  /** Core modules in one file; a Python component has about fifty. */
  modulesMax: 1_000,
  /** Fields, cases, names, parameters of one type. */
  membersMax: 10_000,
  /** Parameters of one function; core functions of V8 take no more. */
  parametersMax: 1_000,
  /** Arguments of one instantiation, and exports of one instance. */
  argumentsMax: 10_000,
  /** The name of an import or an export. */
  nameBytesMax: 8_192,
  /** Parts of one type when everything that it refers to is written out; it bounds every walk over a type. */
  typeSizeMax: 100_000,
  /** How deep a type may refer to others; each level is a call when a value is read or written. */
  typeDepthMax: 100,
  /** Steps that comparing and copying the types of one file may take. */
  typeStepsMax: 10_000_000,
  /** Bytes of a value in memory, as the specification says. */
  valueBytesMax: 2 ** 28 - 1,
  /** Instances that one instantiation makes, nested ones included; a file of a few kilobytes can ask for 2^100. */
  instancesMax: 1_000,
} as const;

/** What one call may hand over. */
export const callLimits = {
  /** Bytes of one string or list in guest memory, as the specification says. */
  listBytesMax: 2 ** 28 - 1,
  /** What the values of one call may take as JavaScript objects, about. A byte of a guest may become a hundred here. */
  heapBytesMax: 128 * 1024 * 1024,
  /** Handles in one instance, as the specification says it; less, because each is an object here. */
  handlesMax: 1_000_000,
} as const;
