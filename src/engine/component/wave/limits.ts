/** What a call in WAVE may be. The text is a user's, the result a guest's. */
export const waveLimits = {
  /** Letters of a call; shells pass about as much in one argument. */
  textLettersMax: 1_048_576,
  /** Letters of a printed result. */
  resultLettersMax: 16_777_216,
} as const;
