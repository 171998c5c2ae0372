/** Does `action` for all items, some at once. The first failure ends the others by `abort`, and is thrown when they have ended. */
export async function forEachAtOnce<Item>(
  items: readonly Item[],
  atOnceMax: number,
  abort: AbortController,
  action: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  let failure: { readonly error: unknown } | undefined;
  async function work(): Promise<void> {
    try {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
        await action(item);
      }
    } catch (error) {
      failure ??= { error };
      waiting.length = 0;
      abort.abort(error);
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnceMax, items.length) }, work));
  if (failure !== undefined) throw failure.error;
}
