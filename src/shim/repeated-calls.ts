/**
 * The metadata of a call that the keeper hands on again, because the control process that had it ended before it
 * answered. What the call asks for may be done already, wholly or in part.
 */
export const REPEATED_KEY = "kwasm-repeated";
