/** Words that WIT keeps for itself; as names they are written with a percent sign before them. */
const keywords: ReadonlySet<string> = new Set(
  (
    "use type func u8 u16 u32 u64 s8 s16 s32 s64 f32 f64 char resource own borrow record flags variant enum bool string " +
    "option result future stream list map tuple as from static interface import export world package include with " +
    "constructor async error-context"
  ).split(" "),
);

/** A label as WIT writes it. Labels of valid components are words of ASCII letters and digits with hyphens between. */
export function identifier(label: string): string {
  return keywords.has(label) ? `%${label}` : label;
}
