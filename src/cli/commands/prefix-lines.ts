/** Puts `prefix` before each line of `text`; a last line without its end keeps being one. */
export function prefixLines(text: string, prefix: string): string {
  return prefix === "" ? text : text.replaceAll(/^(?=.|\n)/gms, () => prefix);
}
