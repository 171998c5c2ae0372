import type { CallFamily, P1Context } from "./context.ts";
import type { GuestMemory } from "./guest-memory.ts";

/** `args_get`, `args_sizes_get`. */
export function argsCalls({ memory, args }: P1Context): CallFamily {
  return {
    plain: {
      args_get: (pointers: number, strings: number) => writeStrings(memory, args, { pointers, strings }),
      args_sizes_get: (count: number, bytes: number) => writeSizes(memory, args, { count, bytes }),
    },
  };
}

/** `environ_get`, `environ_sizes_get`. */
export function environCalls({ memory, env }: P1Context): CallFamily {
  return {
    plain: {
      environ_get: (pointers: number, strings: number) => writeStrings(memory, env, { pointers, strings }),
      environ_sizes_get: (count: number, bytes: number) => writeSizes(memory, env, { count, bytes }),
    },
  };
}

/** A list of NUL-terminated strings, and pointers to each. */
function writeStrings(
  memory: GuestMemory,
  list: readonly Uint8Array[],
  to: { readonly pointers: number; readonly strings: number },
): undefined {
  let pointer = to.pointers >>> 0;
  let string = to.strings >>> 0;
  for (const bytes of list) {
    memory.writeU32(pointer, string);
    memory.write(string, bytes);
    pointer += 4;
    string += bytes.length;
  }
}

function writeSizes(
  memory: GuestMemory,
  list: readonly Uint8Array[],
  to: { readonly count: number; readonly bytes: number },
): undefined {
  memory.writeU32(to.count, list.length);
  memory.writeU32(
    to.bytes,
    list.reduce((sum, bytes) => sum + bytes.length, 0),
  );
}
