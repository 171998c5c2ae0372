import { createLog, type Log, type LogFields } from "#base";
import { createKubeClient, type Informer, type KubeClient, loadConnection } from "#kube";

import type { ApiServer } from "./api-server.ts";

/** A client of the server for somebody with a kubeconfig; by default one who may do everything. */
export async function connectTo(server: ApiServer, kubeconfig = server.kubeconfig): Promise<KubeClient> {
  return createKubeClient({ connection: await loadConnection({ env: {}, kubeconfig }) });
}

/** Resolves when the informer's items are as wanted, without asking again and again. */
export function untilItems<Item>(informer: Informer<Item>, isWanted: (items: Item[]) => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  function look(): void {
    if (isWanted(informer.items().toArray())) resolve();
  }
  const subscription = informer.onChange(look);
  look();
  return promise.finally(() => subscription[Symbol.dispose]());
}

/** Lines of a log as they were written. */
export function recordLog(tell: (line: LogFields) => void = () => undefined): {
  readonly log: Log;
  readonly lines: LogFields[];
} {
  const lines: LogFields[] = [];
  function write(text: string): void {
    // The log writes one JSON object a line.
    const line = JSON.parse(text) as LogFields;
    lines.push(line);
    tell(line);
  }
  return { lines, log: createLog({ level: "debug", write }) };
}
