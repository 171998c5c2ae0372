import { listFiles, readText } from "./source-tree.ts";

/** A Markdown document: what is prose and what is fenced are looked at by different rules. */
export interface Document {
  readonly path: string;
  readonly prose: string;
  readonly fences: readonly Fence[];
}

export interface Fence {
  /** What stands behind the opening fence: the language, and for some fences a mark of ours. */
  readonly info: string;
  readonly text: string;
}

const fencePattern = /^```(?<info>[^\n]*)\n(?<text>.*?)^```$/gms;

export function readDocuments(): Document[] {
  return listFiles("*.md", "{docs,examples,bench}/**/*.md").map((path) => {
    const text = readText(path);
    const fences = [...text.matchAll(fencePattern)].map(({ groups }) => ({
      info: groups?.["info"] ?? "",
      text: groups?.["text"] ?? "",
    }));
    return { path, prose: text.replaceAll(fencePattern, ""), fences };
  });
}

/** The targets of the links in a document, without those that lead out of the tree. */
export function relativeLinksOf(document: Document): string[] {
  return [...document.prose.matchAll(/\]\((?<target>[^)\s]+)\)/g)]
    .map(({ groups }) => groups?.["target"] ?? "")
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** Words in code font, as `src/engine/` is. */
export function codeWordsOf(document: Document): string[] {
  return [...document.prose.matchAll(/`(?<word>[^`\n]+)`/g)].map(({ groups }) => groups?.["word"] ?? "");
}

/** The anchors that the headings of a document get where it is shown. */
export function anchorsOf(document: Document): string[] {
  return [...document.prose.matchAll(/^#+ (?<heading>.+)$/gm)].map(({ groups }) =>
    (groups?.["heading"] ?? "")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
