import type { Socket } from "node:net";

/** How every connection of HTTP/2 with prior knowledge begins (RFC 9113, 3.4). */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/**
 * Finds out what the client of a paused socket speaks, by its first bytes, which stay to be read. The socket is paused
 * when the answer comes; a client that says nothing for `silenceMs` is disconnected.
 */
export function detectProtocol(
  socket: Socket,
  silenceMs: number,
  onDetected: (protocol: "http1" | "http2") => void,
): void {
  let seen: Buffer = Buffer.alloc(0);
  const onSilence = (): void => void socket.destroy();
  const onEnd = (): void => void socket.end();
  function onData(chunk: Buffer): void {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const start = seen.subarray(0, preface.length);
    const mayBeHttp2 = preface.subarray(0, start.length).equals(start);
    if (mayBeHttp2 && start.length < preface.length) return;
    socket.off("data", onData).off("end", onEnd).off("timeout", onSilence).setTimeout(0).pause();
    socket.unshift(seen);
    onDetected(mayBeHttp2 ? "http2" : "http1");
  }
  // Whoever gets the socket has listeners of its own; until then an error is the end of it and nothing else.
  socket.on("error", ignoreError);
  socket.on("end", onEnd);
  socket.setTimeout(silenceMs, onSilence);
  socket.on("data", onData);
  socket.resume();
}

function ignoreError(): void {
  // The socket closes, and its exchanges are told of that.
}
