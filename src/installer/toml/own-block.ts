/**
 * What we add to a file of somebody else, so that taking it out gives back every byte: whole lines between two marks at
 * the end of the file, and single lines with a mark at its beginning.
 */
const BEGIN = "# kwasm:begin, written by 'kwasm node install' and taken out by 'kwasm node uninstall'";
/** The mark in a file whose last line had no end, which the block had to give it. */
const BEGIN_AFTER_OPEN_LINE = `${BEGIN}, with the line end before`;
const END = "# kwasm:end";
const LINE_MARK = "# kwasm:line";

const blockPattern = /^# kwasm:begin(?<rest>[^\n]*)\n(?:[^\n]*\n)*?# kwasm:end[^\n]*(?:\n|$)/mu;
const linePattern = /^[^\n]*# kwasm:line\n/gmu;

/** The text with `lines` in our block: in its place where there is one, at the end otherwise. */
export function putBlock(text: string, lines: string): string {
  const found = blockPattern.exec(text);
  if (found !== null) {
    const begin = found[0].slice(0, found[0].indexOf("\n") + 1);
    return `${text.slice(0, found.index)}${begin}${lines}${END}\n${text.slice(found.index + found[0].length)}`;
  }
  const isOpen = text !== "" && !text.endsWith("\n");
  return `${text}${isOpen ? `\n${BEGIN_AFTER_OPEN_LINE}` : BEGIN}\n${lines}${END}\n`;
}

/** A line at the beginning of the text, where keys of the root table may stand in every TOML file. */
export function putFirstLine(text: string, line: string): string {
  return `${line} ${LINE_MARK}\n${text}`;
}

/** The text without anything of ours. What was added behind our block by somebody else stays. */
export function takeOutOwn(text: string): string {
  return takeOutLine(takeOutBlock(text));
}

function withoutBlock(text: string, found: RegExpExecArray): string {
  const end = found.index + found[0].length;
  const wasOpen = found.groups?.["rest"]?.endsWith("with the line end before") === true;
  // The line end goes only where nothing came behind the block since.
  const start = wasOpen && end === text.length ? found.index - 1 : found.index;
  return text.slice(0, start) + text.slice(end);
}

/** Changes what is not in our block, before and behind it. */
export function mapOthers(text: string, change: (part: string) => string): string {
  const found = blockPattern.exec(text);
  if (found === null) return change(text);
  const end = found.index + found[0].length;
  return `${change(text.slice(0, found.index))}${found[0]}${change(text.slice(end))}`;
}

/** The text without our block, with our single lines left in it. */
export function takeOutBlock(text: string): string {
  const found = blockPattern.exec(text);
  return found === null ? text : withoutBlock(text, found);
}

export function hasLine(text: string): boolean {
  return text.search(linePattern) >= 0;
}

export function takeOutLine(text: string): string {
  return text.replaceAll(linePattern, "");
}
