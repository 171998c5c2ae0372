import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { nodeHttp, nodeHttp2 } from "#base";
import { detectProtocol } from "./detect-protocol.ts";
import type { HttpExchange } from "./exchange.ts";
import { Http1Exchange } from "./http1-exchange.ts";
import { Http2Exchange } from "./http2-exchange.ts";
import { methodRefusal, wantedUpgrade } from "./upgrade.ts";

/** The most bytes of a request's head. */
const headBytesMax = 65_536;
/** How long a client may take to send a request's head, milliseconds. */
const headMsMax = 60_000;
/** How long a connection without a request stays open, milliseconds. */
const idleMsMax = 5_000;
/** Requests of one HTTP/2 connection at a time. */
const streamsMax = 128;

/** Whom the requests of a connection go to. */
export interface HttpReceiver {
  readonly bodyBytesMax: number;
  onExchange(exchange: HttpExchange): void;
}

/** A connection of a client. */
export interface HttpConnection {
  /** Lets it end as soon as its requests are answered. */
  finish(): void;
  /** Ends it now. */
  destroy(): void;
}

/**
 * Speaks HTTP on a connection that somebody else has accepted: HTTP/1.1, or HTTP/2 where the client begins with it.
 * What belongs to a service is with its connections, so one that nobody calls costs nothing here.
 */
export function speakHttp(socket: Socket, receiver: HttpReceiver): HttpConnection {
  const connection = new Connection(socket, receiver);
  socket.setNoDelay(true);
  detectProtocol(socket, headMsMax, (protocol) => connection.start(protocol));
  return connection;
}

class Connection implements HttpConnection {
  readonly receiver: HttpReceiver;
  readonly #socket: Socket;
  session: ServerHttp2Session | undefined;
  #openRequests = 0;
  #isFinishing = false;

  constructor(socket: Socket, receiver: HttpReceiver) {
    this.#socket = socket;
    this.receiver = receiver;
  }

  start(protocol: "http1" | "http2"): void {
    servers ??= new Servers();
    servers.start(this.#socket, this, protocol);
  }

  get isFinishing(): boolean {
    return this.#isFinishing;
  }

  get isIdle(): boolean {
    return this.#openRequests === 0;
  }

  requestBegins(): void {
    this.#openRequests += 1;
  }

  requestEnds(): void {
    this.#openRequests -= 1;
    if (this.#isFinishing && this.isIdle) this.#end();
  }

  finish(): void {
    this.#isFinishing = true;
    if (this.session !== undefined) this.session.close();
    else if (this.isIdle) this.#end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #end(): void {
    if (this.session === undefined) this.#socket.end();
    else this.session.close();
  }
}

/** Node's two servers, of which a thread has one each. They never listen: connections are given to them. */
class Servers {
  readonly #http1: Server = this.#createHttp1();
  /** Made for the first client that speaks it. */
  #http2: Http2Server | undefined;
  readonly #connections = new WeakMap<object, Connection>();
  /** The connection whose session is being made. */
  #starting: Connection | undefined;

  start(socket: Socket, connection: Connection, protocol: "http1" | "http2"): void {
    if (protocol === "http1") {
      this.#connections.set(socket, connection);
      this.#http1.emit("connection", socket);
      socket.resume();
      return;
    }
    this.#starting = connection;
    this.#http2 ??= this.#createHttp2();
    this.#http2.emit("connection", socket);
    this.#starting = undefined;
  }

  #createHttp1(): Server {
    const server = nodeHttp().createServer({
      maxHeaderSize: headBytesMax,
      headersTimeout: headMsMax,
      keepAliveTimeout: idleMsMax,
      // A body may come slowly; how long a request may take is the service's to say.
      requestTimeout: 0,
    });
    // Node watches for slow heads from the moment on when a server listens.
    server.emit("listening");
    server.on("request", (message: IncomingMessage, response: ServerResponse) =>
      this.#receive(message, response, false),
    );
    server.on("checkContinue", (message: IncomingMessage, response: ServerResponse) =>
      this.#receive(message, response, true),
    );
    server.on("connect", (_message, socket) => socket.end(methodRefusal));
    return server;
  }

  #receive(message: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const connection = this.#connections.get(message.socket);
    if (connection === undefined) {
      message.socket.destroy();
      return;
    }
    const { receiver } = connection;
    connection.requestBegins();
    if (connection.isFinishing) response.shouldKeepAlive = false;
    const exchange = new Http1Exchange(message, response, { bodyBytesMax: receiver.bodyBytesMax, expectsContinue });
    exchange.onOver(() => connection.requestEnds());
    const upgrade = wantedUpgrade(message);
    if (upgrade === undefined) receiver.onExchange(exchange);
    else exchange.refuse(501, `this server does not change a connection to "${upgrade}"`, [["connection", "close"]]);
  }

  #createHttp2(): Http2Server {
    const server = nodeHttp2().createServer({
      settings: { maxConcurrentStreams: streamsMax, maxHeaderListSize: headBytesMax },
    });
    server.on("session", (session) => this.#receiveSession(session));
    server.on("stream", (stream: ServerHttp2Stream, _headers, _flags, raw: string[]) =>
      this.#receiveStream(stream, raw),
    );
    server.on("sessionError", (_error, session) => session.destroy());
    return server;
  }

  #receiveSession(session: ServerHttp2Session): void {
    const connection = this.#starting;
    if (connection === undefined) {
      session.destroy();
      return;
    }
    connection.session = session;
    this.#connections.set(session, connection);
    session.setTimeout(idleMsMax, () => {
      if (connection.isIdle) session.close();
    });
  }

  #receiveStream(stream: ServerHttp2Stream, rawHeaders: readonly string[]): void {
    const connection = stream.session === undefined ? undefined : this.#connections.get(stream.session);
    if (connection === undefined) {
      stream.destroy();
      return;
    }
    const { receiver } = connection;
    connection.requestBegins();
    stream.once("close", () => connection.requestEnds());
    const exchange = new Http2Exchange(stream, { bodyBytesMax: receiver.bodyBytesMax, rawHeaders });
    receiver.onExchange(exchange);
  }
}

/** Those of this thread, made with its first connection. */
let servers: Servers | undefined;
