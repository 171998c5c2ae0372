/** What is shown of a file; all of it is a tenant's. */
export const describeLimits = {
  /** Letters of one name; longer ones end in an ellipsis. */
  nameLettersMax: 200,
  /** Entries of the producers section, of all modules of a file together; tools write three or four. */
  producersMax: 1_000,
} as const;
