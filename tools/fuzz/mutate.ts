/** Numbers that follow from a seed, so that what was found can be found again. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Values that lengths, indices and codes go wrong at. */
const interesting = [0x00, 0x01, 0x02, 0x3f, 0x40, 0x42, 0x7f, 0x80, 0xfe, 0xff];

/** The same bytes with a few of them changed, left out, doubled or moved. */
export function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array<ArrayBuffer> {
  let mutated = Uint8Array.from(bytes);
  for (let left = 1 + random(4); left > 0; left -= 1) mutated = mutateOnce(mutated, random);
  return mutated;
}

function mutateOnce(bytes: Uint8Array<ArrayBuffer>, random: (below: number) => number): Uint8Array<ArrayBuffer> {
  const at = random(bytes.length);
  const length = 1 + random(Math.min(16, bytes.length - at));
  const piece = bytes.subarray(at, at + length);
  switch (random(5)) {
    case 0:
      bytes[at] = interesting[random(interesting.length)] ?? 0;
      return bytes;
    case 1:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      return bytes;
    case 2:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    case 3:
      return joined(bytes.subarray(0, at), piece, bytes.subarray(at));
    default: {
      const to = random(bytes.length);
      bytes.copyWithin(to, at, at + length);
      return bytes;
    }
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts));
}
