/** What the thread that has an application's files is asked, and answers. */
export interface StorageRequest {
  readonly id: number;
  readonly call: StorageCall;
}

export type StorageCall =
  | { readonly kind: "get"; readonly keys: readonly string[] }
  | { readonly kind: "set"; readonly pairs: readonly (readonly [key: string, value: Uint8Array])[] }
  | { readonly kind: "delete"; readonly keys: readonly string[] }
  | { readonly kind: "exists"; readonly key: string }
  | { readonly kind: "keys" }
  | { readonly kind: "increment"; readonly key: string; readonly delta: bigint }
  /** Sets a value where it still is what `expected` says; answers with what it is now. */
  | {
      readonly kind: "swap";
      readonly key: string;
      readonly expected: Uint8Array | undefined;
      readonly value: Uint8Array;
    }
  | { readonly kind: "connect"; readonly connection: number }
  | {
      readonly kind: "execute";
      readonly connection: number;
      readonly statement: string;
      readonly parameters: readonly SqlValue[];
    }
  | { readonly kind: "disconnect"; readonly connection: number };

export type SqlValue = bigint | number | string | Uint8Array | null;

export interface SqlResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
  readonly lastInsertRowid: bigint;
  readonly changes: bigint;
}

export interface StorageFailure {
  readonly kind: "full" | "other";
  readonly message: string;
}

export type StorageAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: StorageFailure };

/** Files of an application; memory where they are left out. */
export interface StorageFiles {
  readonly keyValuePath?: string;
  readonly sqlitePath?: string;
}
