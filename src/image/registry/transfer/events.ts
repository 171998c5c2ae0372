import type { KwasmError } from "#base";
import type { Descriptor } from "../../document.ts";

/** What happens while an image goes to or comes from a registry, for whoever shows it. */
export type TransferEvent =
  | { readonly kind: "blob-started"; readonly blob: Descriptor }
  /** Negative where what an earlier attempt got was of no use. */
  | { readonly kind: "blob-bytes"; readonly blob: Descriptor; readonly bytes: number }
  | { readonly kind: "blob-ended"; readonly blob: Descriptor; readonly outcome: BlobOutcome }
  /** A mirror that did not help; the next server is asked. */
  | { readonly kind: "server-failed"; readonly server: string; readonly error: KwasmError };

export type BlobOutcome = "present" | "fetched" | "pushed" | "mounted";

export type OnTransfer = (event: TransferEvent) => void;
