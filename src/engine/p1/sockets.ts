import { type Connection, PushbackInput } from "../host/index.ts";
import type { CallFamily, P1Context } from "./context.ts";
import { type ConnectionResource, type DatagramsResource, Descriptor, type ListenerResource } from "./descriptor.ts";
import { errno, P1Error } from "./errno.ts";
import { answerCount, patienceOf } from "./fd-io.ts";
import { skipBytes, type Span, totalBytes } from "./guest-memory.ts";
import { fdflag } from "./layout.ts";
import { asConnection, asListener } from "./resource-of.ts";
import { connectionRights, isWithin, right } from "./rights.ts";
import { readStream, writeStream } from "./transfer.ts";

/** `riflags`. */
const receiveFlag = { peek: 1, waitAll: 2 } as const;
/** `roflags`: the datagram was longer than the buffers. */
const receivedCut = 1;
/** `sdflags`. */
const shutdownFlag = { read: 1, write: 2 } as const;
/** Both halves. */
const flagsOfTwo = 3;

/** `sock_accept`, `sock_recv`, `sock_send`, `sock_shutdown`. */
export function socketCalls(context: P1Context): CallFamily {
  const { memory, table } = context;
  return {
    waiting: {
      async sock_accept(fd: number, flags: number, result: number): Promise<undefined> {
        const listener = asListener(table.get(fd), right.sockAccept);
        if (!isWithin(flags, fdflag.nonblock)) throw new P1Error(errno.invalid, "accept with flags that do not exist");
        memory.writeU32(result, 0);
        memory.writeU32(result, await accept(context, listener, flags));
      },
      sock_recv(...values: [number, number, number, number, number, number]) {
        const [fd, pointer, count, flags, result, resultFlags] = values;
        const descriptor = table.get(fd);
        if (!isWithin(flags, flagsOfTwo)) throw new P1Error(errno.invalid, "receive with flags that do not exist");
        memory.writeU16(resultFlags, 0);
        const request: Request = { buffers: { pointer, count }, flags, resultFlags };
        return answerCount(context, result, () =>
          descriptor.is("datagrams")
            ? receiveDatagram(context, descriptor, request)
            : receive(context, asConnection(descriptor, right.fdRead), request),
        );
      },
      sock_send(fd: number, pointer: number, count: number, flags: number, result: number) {
        const connection = asConnection(table.get(fd), right.fdWrite);
        if (flags !== 0) throw new P1Error(errno.invalid, "send with flags that do not exist");
        const { output } = connection.resource;
        return answerCount(context, result, () =>
          writeStream(context, output, memory.readSpans(pointer, count), patienceOf(connection)),
        );
      },
    },
    plain: {
      sock_shutdown(fd: number, how: number) {
        const { resource } = asConnection(table.get(fd), right.sockShutdown);
        if (how === 0 || !isWithin(how, flagsOfTwo)) throw new P1Error(errno.invalid, "shut nothing down");
        resource.shutdown({ read: (how & shutdownFlag.read) !== 0, write: (how & shutdownFlag.write) !== 0 });
        return undefined;
      },
    },
  };
}

/** Waits for a connection and answers the number it was given. */
async function accept(context: P1Context, descriptor: Descriptor<ListenerResource>, flags: number): Promise<number> {
  const { listener } = descriptor.resource;
  for (;;) {
    // Asked for before the connection is taken, so that at the limit it stays in the queue for when there is room.
    context.budget.take();
    context.budget.release();
    const connection = listener.accept();
    if (connection !== undefined) return context.table.insert(connectionDescriptor(connection, flags));
    if (patienceOf(descriptor).isNonblocking) throw new P1Error(errno.again, "accept where nobody connects yet");
    await context.interrupt.whenAnyReady([listener.acceptable]);
  }
}

function connectionDescriptor(connection: Connection, flags: number): Descriptor<ConnectionResource> {
  const resource: ConnectionResource = {
    kind: "connection",
    input: new PushbackInput(connection.input),
    output: connection.output,
    shutdown: (halves) => connection.shutdown(halves),
    close: () => connection.close(),
  };
  return new Descriptor(resource, { base: connectionRights, inheriting: 0 }, flags);
}

/** What `sock_recv` is asked for. */
interface Request {
  readonly buffers: { readonly pointer: number; readonly count: number };
  readonly flags: number;
  /** Where `roflags` are wanted. */
  readonly resultFlags: number;
}

/** There is nothing to wait for once a datagram is there: no other is joined to it. */
function receiveDatagram(
  context: P1Context,
  descriptor: Descriptor<DatagramsResource>,
  { buffers, flags, resultFlags }: Request,
): number | Promise<number> {
  descriptor.require(right.fdRead);
  const { input } = descriptor.resource;
  const spans = context.memory.readSpans(buffers.pointer, buffers.count);
  function finish(length: number): number {
    if (length === 0) return 0;
    if (input.isCut) context.memory.writeU16(resultFlags, receivedCut);
    if ((flags & receiveFlag.peek) !== 0) input.unread();
    return length;
  }
  const length = readStream(context, input, spans, patienceOf(descriptor));
  return typeof length === "number" ? finish(length) : length.then(finish);
}

function receive(
  context: P1Context,
  connection: Descriptor<ConnectionResource>,
  { buffers, flags }: Request,
): number | Promise<number> {
  const spans = context.memory.readSpans(buffers.pointer, buffers.count);
  if ((flags & receiveFlag.waitAll) !== 0) return receiveAll(context, connection, spans, flags);
  const { input } = connection.resource;
  const count = readStream(context, input, spans, patienceOf(connection));
  if ((flags & receiveFlag.peek) === 0) return count;
  const putBack = (length: number): number => {
    if (length > 0) input.unread(context.memory.gather(spans, length));
    return length;
  };
  return typeof count === "number" ? putBack(count) : count.then(putBack);
}

/** `MSG_WAITALL`: goes on until the buffers are full, the peer has ended, or there is an error with nothing read yet. */
async function receiveAll(
  context: P1Context,
  connection: Descriptor<ConnectionResource>,
  spans: readonly Span[],
  flags: number,
): Promise<number> {
  const { input } = connection.resource;
  const wanted = totalBytes(spans);
  let done = 0;
  while (done < wanted) {
    const length = await readStream(context, input, skipBytes(spans, done), patienceOf(connection));
    if (length === 0) break;
    done += length;
  }
  if ((flags & receiveFlag.peek) !== 0 && done > 0) input.unread(context.memory.gather(spans, done));
  return done;
}
