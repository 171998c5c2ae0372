import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { type Clock, type Log, writeFileAtomic } from "#base";
import { Supervisor } from "#node";
import { GrpcServer } from "#grpc";
import { RpcRequest } from "#proto";
import { TtrpcServer } from "#ttrpc";

import { markOfProcess } from "../process-mark.ts";
import { pingMethod } from "./ping-method.ts";
import { Relay } from "./relay.ts";
import { sandboxCallsVia } from "./sandbox-calls.ts";

export interface KeeperOptions {
  /** Holds the socket, the marks of the running processes and control's state; the stub knows these names too. */
  readonly directory: string;
  /** The command that starts control, asked for at each start. */
  readonly command: () => readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

/** The process that containerd is connected to for good, while controls behind it come and go. */
export interface Keeper extends AsyncDisposable {
  /** Puts a new control in the place of the one that runs; guests and callers do not notice. */
  replaceControl(): void;
}

/** Starts a keeper and resolves when the first control serves. */
export async function startKeeper({ directory, command, clock, log }: KeeperOptions): Promise<Keeper> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  await using stack = new AsyncDisposableStack();
  const relay = new Relay({ log, now: () => clock.nowMs() });
  const supervisor = stack.use(
    new Supervisor({
      command,
      clock,
      log,
      onServing: (calls, pid) => {
        relay.attach(calls);
        noteControl(join(directory, "control.pid"), pid, log);
      },
      onLost: (how) => relay.detach(how),
      ping: async () => {
        await relay.handle(RpcRequest.encode(pingMethod), new AbortController().signal);
      },
    }),
  );
  await supervisor.serving;
  await listen(stack.use(new TtrpcServer(relay.handle, log)), join(directory, "shim.sock"));
  const sandboxes = new GrpcServer(sandboxCallsVia(relay.handle), log);
  await listen(stack.use(sandboxes), join(directory, "sandbox.sock"));
  const mark = join(directory, "pid");
  stack.defer(() => rmSync(mark, { force: true }));
  writeFileAtomic(mark, `${markOfProcess(process.pid)}\n`);
  const owned = stack.move();
  return { replaceControl: () => supervisor.replace(), [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** For people and their tools. A disk that is full, or a control that has ended already, must not keep it from its calls. */
function noteControl(path: string, pid: number, log: Log): void {
  try {
    writeFileAtomic(path, `${markOfProcess(pid)}\n`);
  } catch (error) {
    log.warn("the mark of control was not written", { path, reason: String(error) });
  }
}

/** Takes the place of a process that has died. */
async function listen(server: TtrpcServer | GrpcServer, socket: string): Promise<void> {
  rmSync(socket, { force: true });
  await server.listen(socket);
}
