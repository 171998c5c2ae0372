import { KwasmError } from "#base";

/** A text with expressions in double braces, as `https://{{ host }}/`: crates/expressions/src/template.rs of Spin. */
export type Template = readonly TemplatePart[];

export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  /** The name of a variable of the application. */
  | { readonly kind: "variable"; readonly name: string };

/** Throws `invalid-argument` for braces that are not closed. */
export function parseTemplate(text: string): Template {
  const parts: TemplatePart[] = [];
  let position = 0;
  while (position < text.length) {
    const open = text.indexOf("{{", position);
    const end = open < 0 ? text.length : open;
    if (end > position) parts.push({ kind: "text", text: text.slice(position, end) });
    if (open < 0) break;
    const close = text.indexOf("}}", open + 2);
    if (close < 0) {
      throw new KwasmError("invalid-argument", `read a template: "{{" at ${String(open)} is not closed by "}}"`);
    }
    parts.push({ kind: "variable", name: text.slice(open + 2, close).trim() });
    position = close + 2;
  }
  return parts;
}

export function isLiteral(template: Template): boolean {
  return template.every(({ kind }) => kind === "text");
}
