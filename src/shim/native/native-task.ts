import { KwasmError } from "#base";
import {
  ConnectResponse,
  CreateTaskRequest,
  Empty,
  type MessageValue,
  millisecondsOf,
  PidResponse,
  ProcessRequest,
  StateResponse,
  WaitResponse,
} from "#proto";
import type { Call } from "#ttrpc";

import { exitFields } from "../task-answers.ts";
import type { TaskExit, TaskIdentity, TaskStreams } from "../task.ts";
import { answerForLost } from "./lost-task.ts";
import type { ShimAddress } from "./shim-address.ts";
import { ShimConnection } from "./shim-connection.ts";

/** All that is needed to find a native task again: plain data, for a journal. */
export interface NativeRecord extends TaskIdentity {
  /** The id under which runc's shim has the tasks of a pod together. */
  readonly group: string;
  readonly address: ShimAddress;
  readonly streams: TaskStreams;
  /** Of the container's first process; 0 while there is none. */
  readonly pid: number;
}

/** What a native task tells whoever keeps it. */
export interface NativeTaskOwner {
  now(): number;
  /** Its shim has died, its processes may live on. Resolves when they are ended; never rejects. */
  cleanUp(task: NativeTask): Promise<void>;
  /** It has ended by the death of its shim, so nobody else tells containerd. */
  onLost(task: NativeTask, exit: TaskExit): void;
  /** It is deleted; `exit` is given where nobody else tells containerd. Resolves when what it had is gone. */
  onDeleted(task: NativeTask, exit: TaskExit | undefined): Promise<void>;
}

/** What containerd says of a task whose shim is gone: killed. */
const LOST_CODE = 137;

/**
 * A container that runc runs behind containerd's own shim for it. Every call goes to that shim and every answer comes
 * from it, byte by byte; it also tells containerd itself what happens. When it dies, this answers in its place, so that
 * containerd can delete the task.
 */
export class NativeTask implements TaskIdentity {
  readonly namespace: string;
  readonly id: string;
  readonly bundle: string;
  readonly #owner: NativeTaskOwner;
  /** None where a task is restored whose shim was gone already. */
  readonly #shim: ShimConnection | undefined;
  readonly #record: NativeRecord;
  #pid: number;
  /** The answer to Wait. */
  #exited: Promise<Uint8Array> | undefined;
  #exit: TaskExit | undefined;
  #loss: Promise<TaskExit> | undefined;
  #isDeleted = false;
  /** The connection's end says nothing about the shim any more. */
  #isLeft = false;

  private constructor(record: NativeRecord, owner: NativeTaskOwner, shim: ShimConnection | undefined) {
    this.namespace = record.namespace;
    this.id = record.id;
    this.bundle = record.bundle;
    this.#record = record;
    this.#pid = record.pid;
    this.#owner = owner;
    this.#shim = shim;
  }

  /** A task that is yet to be made, by `create`; throws where its shim does not listen. */
  static async connect(record: NativeRecord, owner: NativeTaskOwner): Promise<NativeTask> {
    return new NativeTask(record, owner, await ShimConnection.open(record.address, record));
  }

  /** A task that was made before this process began. One whose shim is gone has ended with that. */
  static async restore(record: NativeRecord, owner: NativeTaskOwner): Promise<NativeTask> {
    const shim = await ShimConnection.open(record.address, record).catch(() => undefined);
    const task = new NativeTask(record, owner, shim);
    task.#watch();
    return task;
  }

  get record(): NativeRecord {
    return { ...this.#record, pid: this.#pid };
  }

  get pid(): number {
    return this.#pid;
  }

  get isConnected(): boolean {
    return this.#shim?.isOpen === true;
  }

  get hasExited(): boolean {
    return this.#exit !== undefined;
  }

  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  /** The id of the process that the calls go to. */
  async askShimPid(): Promise<number> {
    const types = { request: ProcessRequest, response: ConnectResponse };
    return (await this.#connection.ask("Connect", types, { id: this.id })).shimPid;
  }

  /** Throws the shim's own error where it makes no container. */
  async create(request: MessageValue<typeof CreateTaskRequest>): Promise<void> {
    const types = { request: CreateTaskRequest, response: PidResponse };
    this.#pid = (await this.#connection.ask("Create", types, request)).pid;
    this.#watch();
  }

  /** Takes up the container that an earlier process had made and did not live to say; answers whether there is one. */
  async takeUp(): Promise<boolean> {
    const types = { request: ProcessRequest, response: StateResponse };
    try {
      this.#pid = (await this.#connection.ask("State", types, { id: this.id })).pid;
    } catch (error) {
      if (error instanceof KwasmError && error.code === "not-found") return false;
      throw error;
    }
    this.#watch();
    return true;
  }

  /** Answers any call of the task service about this task. */
  async answer(method: string, request: Uint8Array, call: Call): Promise<Uint8Array> {
    // containerd sends it after each Delete, and so does this.
    if (method === "Shutdown") return Empty.encode({});
    try {
      return await this.#hand(method, request, call);
    } catch (error) {
      if (this.isConnected || call.signal.aborted) throw error;
      return this.#answerForLost(method, request);
    }
  }

  /**
   * Asks the shim to end, which it does not while it has other tasks. Answers whether it is gone, after waiting for the
   * end of the last one's, or of `patience`.
   */
  async leaveShim(isLast: boolean, patience: Promise<unknown>): Promise<boolean> {
    this.#isLeft = true;
    const shim = this.#shim;
    if (shim === undefined) return true;
    // The shim may be gone before it has answered.
    const asked = shim.ask("Shutdown", { request: ProcessRequest, response: Empty }, { id: this.id });
    await Promise.race([asked.catch(() => undefined), patience]);
    if (isLast) await Promise.race([shim.closed, patience]);
    const isGone = !shim.isOpen;
    shim.close();
    return isGone;
  }

  /** Ends what this process does for the task, and nothing else. */
  abandon(): void {
    this.#isLeft = true;
    this.#shim?.close();
  }

  async #hand(method: string, request: Uint8Array, call: Call): Promise<Uint8Array> {
    if (method === "Wait" && isAboutContainer(request)) return this.#untilExit(call.signal);
    const answer = await this.#connection.forward(method, request, call);
    if (method === "Delete" && isAboutContainer(request)) await this.#endDeletion(undefined);
    return answer;
  }

  async #answerForLost(method: string, request: Uint8Array): Promise<Uint8Array> {
    const exit = await this.#lose();
    const answer = answerForLost({ task: this.record, exit }, method, request);
    if (method === "Delete" && !this.#isDeleted) await this.#endDeletion(exit);
    return answer;
  }

  async #endDeletion(exit: TaskExit | undefined): Promise<void> {
    this.#isDeleted = true;
    await this.#owner.onDeleted(this, exit);
  }

  #watch(): void {
    this.#exited = this.#waitForExit();
    // Whoever asks for it is told.
    this.#exited.catch(() => undefined);
    void this.#shim?.closed.then(() => this.#lose());
  }

  async #waitForExit(): Promise<Uint8Array> {
    try {
      const answer = await this.#connection.forward("Wait", ProcessRequest.encode({ id: this.id }));
      const { exitStatus: code, exitedAt } = WaitResponse.decode(answer);
      this.#exit = { code, atMs: millisecondsOf(exitedAt), isOutOfMemory: false };
      return answer;
    } catch (error) {
      if (this.isConnected) throw error;
      return WaitResponse.encode(exitFields(await this.#lose()));
    }
  }

  /** One Wait of our own serves all callers: those that containerd gives up at its restart would else add up. */
  async #untilExit(signal: AbortSignal): Promise<Uint8Array> {
    const gone = Promise.withResolvers<never>();
    const leave = (): void => gone.reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([this.#exited ?? gone.promise, gone.promise]);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  #lose(): Promise<TaskExit> {
    this.#loss ??= this.#endWithShim();
    return this.#loss;
  }

  async #endWithShim(): Promise<TaskExit> {
    const known = this.#exit;
    if (!this.#isLeft) await this.#owner.cleanUp(this);
    const exit = known ?? { code: LOST_CODE, atMs: this.#owner.now(), isOutOfMemory: false };
    this.#exit = exit;
    if (!this.#isLeft && known === undefined) this.#owner.onLost(this, exit);
    return exit;
  }

  get #connection(): ShimConnection {
    if (this.#shim !== undefined) return this.#shim;
    throw new KwasmError("unavailable", `ask the shim of task "${this.id}": it is gone`);
  }
}

/** Of the calls whose requests have a process's id as second field. */
function isAboutContainer(request: Uint8Array): boolean {
  return ProcessRequest.decode(request).execId === "";
}
