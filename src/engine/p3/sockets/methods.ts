import type { HostInterface } from "../../component/index.ts";
import type { Answer } from "../../p2/calls.ts";
import type { SocketErrorCode } from "../../p2/sockets/socket-error.ts";
import { plainFunction } from "../calls.ts";
import { asAnswerOfP3 } from "./error-code.ts";

type Functions = HostInterface["functions"];

/** What is asked of a socket that cannot fail. */
const infallible = new Set(["is-listening", "address-family"]);

/**
 * What can be read of a socket, and set, as 0.2 has it. Methods that read are named `get-…` in 0.3, and errors are
 * another type; nothing else is different.
 */
export function methodsOfP2(from: HostInterface, resource: string, names: readonly string[]): Functions {
  return Object.fromEntries(
    names.map((name) => {
      const source = plainFunction(from, `[method]${resource}.${name}`);
      const named = name.startsWith("set-") ? name : `get-${name}`;
      return [`[method]${resource}.${named}`, infallible.has(name) ? source : adapted(source)];
    }),
  );
}

function adapted(source: ReturnType<typeof plainFunction>): ReturnType<typeof plainFunction> {
  return (...parameters) => asAnswerOfP3(source(...parameters) as Answer<unknown, SocketErrorCode>);
}

/** The names of options that can be both read and set. */
export function readAndSet(names: readonly string[]): string[] {
  return names.flatMap((name) => [name, `set-${name}`]);
}
