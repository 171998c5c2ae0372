import type { Grant, ImportDescription, ProgramDescription } from "#engine";

import type { Inspected } from "./inspected.ts";

/** Letters that JSON allows as they are and that a terminal acts on or hides. */
const unprintable = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** One object, its keys capitalised as those of `podman image inspect` and `skopeo inspect`. */
export function formatJson({ name, digest, description }: Inspected): string {
  const document = {
    Name: name,
    Digest: digest,
    Kind: description.kind,
    Role: description.role,
    StartedBy: description.startedBy,
    Size: description.byteLength,
    Producers: description.producers.map((producer) => ({
      Field: producer.field,
      Name: producer.name,
      Version: producer.version,
    })),
    Imports: description.imports.map(importOf),
    Exports: description.exports.map(externOf),
    ...witOf(description),
  };
  const text = JSON.stringify(document, undefined, 2);
  return `${text.replace(unprintable, escaped)}\n`;
}

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function externOf({ kind, name, type }: ProgramDescription["exports"][number]): object {
  return { Kind: kind, Name: name, ...(type === undefined ? {} : { Type: type }) };
}

function importOf(entry: ImportDescription): object {
  return { ...externOf(entry), ...grantOf(entry.grant) };
}

function grantOf(grant: Grant): object {
  switch (grant.kind) {
    case "always":
      return { Offered: true };
    case "by option":
      return { Offered: true, GrantedBy: grant.options };
    case "missing":
      return { Offered: false, ...(grant.provider === undefined ? {} : { ProvidedBy: grant.provider }) };
  }
}

function witOf({ wit }: ProgramDescription): object {
  if (wit === undefined) return {};
  return { Wit: wit.text, ...(wit.isWhole ? {} : { WitIsCut: true }) };
}
