import type { OutputStream } from "../host/index.ts";

/** Writes all of a text, waiting wherever the stream has no room. */
export async function writeText(output: OutputStream, text: string): Promise<void> {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0) {
    const room = output.capacity();
    if (room === 0) {
      await whenWritable(output);
      continue;
    }
    output.write(Uint8Array.from(rest.subarray(0, room)));
    rest = rest.subarray(room);
  }
}

function whenWritable({ writable }: OutputStream): Promise<void> {
  return new Promise((resolve) => {
    if (writable.isReady()) resolve();
    else writable.onReady(resolve);
  });
}
