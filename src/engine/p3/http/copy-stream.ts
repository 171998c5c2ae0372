import type { InputStream, OutputStream } from "../../host/index.ts";
import type { P2Context } from "../../p2/context.ts";

/** Moves an input to its end into an output as there is room; nothing of it goes through a guest. */
export async function copyStream({ interrupt }: P2Context, input: InputStream, output: OutputStream): Promise<void> {
  try {
    for (;;) {
      const room = output.capacity();
      const piece = room === 0 ? undefined : input.read(room);
      if (piece === "ended") return;
      if (piece === undefined) await interrupt.whenAnyReady([room === 0 ? output.writable : input.readable]);
      else output.write(piece);
    }
  } finally {
    input.close();
  }
}
