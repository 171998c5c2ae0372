/** Rules of one list. Each connection is compared with all of them, and people read them. */
export const networkRulesMax = 256;

/** Characters of one rule: a host name has at most 253 (RFC 1035), and a scheme and ports stand beside it. */
export const networkRuleLengthMax = 320;

/** Characters of a host name, as DNS has it. */
export const hostNameLengthMax = 253;

/** Addresses whose names a guest's network remembers; the one that was looked up longest ago is forgotten first. */
export const resolvedAddressesMax = 1_024;

/** Names that one remembered address may have: many sites share the addresses of those that serve for them. */
export const namesPerAddressMax = 64;
