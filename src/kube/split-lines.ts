import { KwasmError } from "#base";

const NEWLINE = 0x0a;

/** etcd takes objects of 1.5 MiB, and JSON of what protobuf stores is a few times larger. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;

/** The lines of a stream, without their newlines; what stands after the last one was cut off and is dropped. */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  action: string,
  lineBytesMax = LINE_BYTES_MAX,
): AsyncGenerator<string> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  function keep(piece: Buffer): void {
    pendingBytes += piece.length;
    if (pendingBytes > lineBytesMax) {
      throw new KwasmError("limit-exceeded", `${action}: a line has more than ${lineBytesMax} bytes`);
    }
    pending.push(piece);
  }
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end));
      yield Buffer.concat(pending).toString("utf8");
      pending = [];
      pendingBytes = 0;
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
}
