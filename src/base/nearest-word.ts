/** Characters of a name that are compared; a longer name is nobody's typing error. */
const NAME_CHARS_MAX = 64;

/**
 * The known word that a mistyped one most likely stands for: the same but for case, or at most a third of its letters
 * away (insertions, deletions, replacements and swaps of neighbours count one each). Undefined where none is near.
 */
export function nearestWord(name: string, words: readonly string[]): string | undefined {
  if (name.length > NAME_CHARS_MAX) return undefined;
  let nearest: string | undefined;
  let distanceMax = Math.max(1, Math.floor(name.length / 3));
  for (const word of words) {
    const distance = editDistance(name.toLowerCase(), word.toLowerCase());
    if (distance > distanceMax || (nearest !== undefined && distance === distanceMax)) continue;
    nearest = word;
    distanceMax = distance;
  }
  return nearest;
}

/** Optimal string alignment distance, three rows at a time. */
function editDistance(left: string, right: string): number {
  let before: readonly number[] = [];
  let above: readonly number[] = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      current.push(distanceAt({ left, right, before, above, current }, row, column));
    }
    before = above;
    above = current;
  }
  return above[right.length] ?? 0;
}

interface DistanceRows {
  readonly left: string;
  readonly right: string;
  readonly before: readonly number[];
  readonly above: readonly number[];
  readonly current: readonly number[];
}

function distanceAt({ left, right, before, above, current }: DistanceRows, row: number, column: number): number {
  const isSame = left[row - 1] === right[column - 1];
  const isSwapped = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
  return Math.min(
    (above[column] ?? Infinity) + 1,
    (current[column - 1] ?? Infinity) + 1,
    (above[column - 1] ?? Infinity) + (isSame ? 0 : 1),
    isSwapped ? (before[column - 2] ?? Infinity) + 1 : Infinity,
  );
}
