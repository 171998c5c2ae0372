import type { Clock } from "#base";
import type { Informer } from "#kube";

/** A watch tells within milliseconds of what was written, if it is not broken just then. */
const KNOWN_MS_MAX = 5_000;

/** Resolves when the informer has heard of the object, or will not soon. */
export async function whenKnown<Item>(
  informer: Informer<Item>,
  key: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const known = Promise.withResolvers<void>();
  using _ = informer.onChange((change) => {
    if (change.key === key) known.resolve();
  });
  const done = new AbortController();
  const late = clock.sleep(KNOWN_MS_MAX, AbortSignal.any([signal, done.signal])).catch(() => undefined);
  await Promise.race([known.promise, late]);
  done.abort();
}
