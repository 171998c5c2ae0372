/** Letters of one name; longer ones end in an ellipsis. */
const nameLettersMax = 200;

/**
 * What a terminal or a log acts on, or what hides from a reader: control characters, marks that turn the direction of
 * text, separators of lines, halves of surrogate pairs, what has no character.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}"\\]/gu;

/** A name of a tenant's as it may be shown between quotes: what could fool a reader is written as `\u{1b}`. */
export function printable(name: string): string {
  const letters = Array.from(name.slice(0, nameLettersMax * 2))
    .slice(0, nameLettersMax)
    .join("");
  const shown = letters.replaceAll(unprintable, escaped);
  return letters.length < name.length ? `${shown}…` : shown;
}

function escaped(letter: string): string {
  if (letter === '"' || letter === "\\") return `\\${letter}`;
  return `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`;
}
