import type { IncomingMessage } from "node:http";

/** Answer to a method that makes a tunnel of the connection. */
export const methodRefusal =
  'HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nthis server is no proxy: "CONNECT" is not offered\n';

/** Clients offer these by the way, and go on without them. */
const ignoredUpgrades = /^(?:h2c|TLS\/[\d.]+)$/i;

/** Characters of a protocol's name that are told back to the client. */
const shownLengthMax = 64;

/** What a client insists on changing its connection to. */
export function wantedUpgrade({ headers }: IncomingMessage): string | undefined {
  const { upgrade } = headers;
  if (upgrade === undefined || headers.connection === undefined) return undefined;
  const wanted = upgrade
    .split(",")
    .map((protocol) => protocol.trim())
    .find((protocol) => protocol !== "" && !ignoredUpgrades.test(protocol));
  return wanted?.slice(0, shownLengthMax);
}
