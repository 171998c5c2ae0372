import { encodeName, encodeU32 } from "./section-writer.ts";

/** A section of a hand-made module: its number and its content. */
export type Section = readonly [id: number, content: readonly number[] | Uint8Array];

/** A module of these sections, whether or not they make sense. */
export function binary(...sections: readonly Section[]): Uint8Array<ArrayBuffer> {
  const parts = [Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)];
  for (const [id, content] of sections) {
    parts.push(Uint8Array.of(id, ...encodeU32(content.length)), Uint8Array.from(content));
  }
  return Uint8Array.from(Buffer.concat(parts));
}

/** A counted list of `count` times the same entry. */
export function repeated(count: number, entry: readonly number[]): Uint8Array {
  const head = encodeU32(count);
  const content = new Uint8Array(head.length + count * entry.length);
  content.set(head);
  content.subarray(head.length).fill(0);
  for (let index = 0; index < count; index++) content.set(entry, head.length + index * entry.length);
  return content;
}

/** A name section's or any other custom section's content, `size` bytes in all. */
export function customContent(name: string, size: number): Uint8Array {
  const content = new Uint8Array(size);
  content.set(encodeName(name));
  return content;
}
