/** What we use of `pg` and `pg-protocol`, which bring no types of their own, or only some. */
declare module "pg/lib/connection.js" {
  import type { EventEmitter } from "node:events";
  import type { Socket } from "node:net";

  export default class Connection extends EventEmitter {
    constructor(config: { readonly stream: Socket });
    readonly stream: Socket;
    connect(port: number, host: string): void;
    /** Begins to read messages, which are told as events. */
    attachListeners(stream: Socket): void;
    parse(query: { readonly text: string }): void;
    bind(config: { readonly values: readonly (string | Buffer | null)[]; readonly binary: boolean }): void;
    describe(what: { readonly type: "P" | "S" }): void;
    execute(config: { readonly rows?: number }): void;
    sync(): void;
    sendCopyFail(message: string): void;
  }
}

declare module "pg/lib/client.js" {
  import type { EventEmitter } from "node:events";
  import type Connection from "pg/lib/connection.js";

  /** Something that is sent when its turn has come and then told what comes back. */
  export interface Submittable {
    /** Answers with an error where it cannot be sent. */
    submit(connection: Connection): Error | null;
    handleRowDescription(message: {
      readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
    }): void;
    handleDataRow(message: { readonly fields: readonly (Buffer | null)[] }): void;
    handleCommandComplete(message: { readonly text: string }): void;
    handleEmptyQuery(): void;
    handlePortalSuspended(): void;
    handleCopyInResponse(connection: Connection): void;
    handleCopyData(): void;
    handleError(error: Error): void;
    handleReadyForQuery(): void;
  }

  export default class Client extends EventEmitter {
    constructor(config: {
      readonly connection: Connection;
      readonly user: string;
      readonly password: () => string;
      readonly database: string;
      readonly host: string;
      readonly port: number;
      readonly client_encoding: string;
      readonly ssl: false;
      readonly pipeline: boolean;
    });
    /** What the server is told at the start. */
    readonly connectionParameters: { options: string; application_name: string };
    connect(): Promise<unknown>;
    query(query: Submittable): unknown;
  }
}
