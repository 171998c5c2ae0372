import type * as Http from "node:http";
import type * as Http2 from "node:http2";
import type * as Https from "node:https";
import type * as Tls from "node:tls";

/**
 * Node's modules for HTTP, loaded where they are first used. An `import` of `node:http` reads all that it exports, and so loads a
 * client for the web that nobody asks for (undici): 45 ms of a processor and 8 MB in each process, of every cell too.
 */

export function nodeHttp(): typeof Http {
  return process.getBuiltinModule("node:http");
}

export function nodeHttps(): typeof Https {
  return process.getBuiltinModule("node:https");
}

export function nodeHttp2(): typeof Http2 {
  return process.getBuiltinModule("node:http2");
}

export function nodeTls(): typeof Tls {
  return process.getBuiltinModule("node:tls");
}
