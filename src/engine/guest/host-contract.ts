import type { PauseGate } from "../host/index.ts";

/**
 * What the runner of a guest and a WASI front end owe each other. The runner owns the memory, the instance and the
 * stack; the front end owns descriptors and answers host calls. Neither knows how the other does it.
 */
export interface HostHooks {
  /** Told when the guest gets the thread and when it gives it back; left out where nobody asks who runs. */
  readonly thread?: GuestThread;
  /** Holds the guest back where it would get the thread again; left out where nobody pauses guests. */
  readonly gate?: PauseGate;
  /**
   * Called by the function that ends the guest of its own will (`proc_exit`). The answer must be thrown as it is, at
   * once: it is a real trap of V8, so no handler of the guest can catch it.
   */
  readonly onExit: (code: number) => Error;
}

/**
 * Who has the thread. Every `enter` is followed by one `leave`. V8 resumes guests in the order in which their waits
 * were settled, and `enter` is called right when a wait is settled, so the oldest entry that has not left is the guest
 * that runs. A guest that has returned leaves a few microtasks late.
 */
export interface GuestThread {
  enter(): void;
  leave(): void;
  /** Both at once: a call that was answered at once lets those who wait go first. */
  yield(): void;
}

/** Who watches the thread from outside the engine. */
export interface ThreadWatch {
  enter(): void;
  /** `memoryBytes` is what the guest has now. */
  leave(memoryBytes: number): void;
  yield(memoryBytes: number): void;
}

/** A front end made for one guest. */
export interface GuestHost {
  /**
   * Functions by import name: plain ones, or `WebAssembly.Suspending` where the call may have to wait. The same
   * object serves for checking a module's imports, so it holds every name that the front end knows.
   */
  readonly imports: Readonly<Record<string, WebAssembly.ImportValue>>;
  /**
   * Tells the memory that pointers refer to. Called once, before the guest's first instruction (its start section
   * included). A guest without a memory gets one of zero pages, where every pointer is out of range. The memory may
   * grow at any time, so `memory.buffer` is read anew after each wait.
   */
  bind(memory: WebAssembly.Memory): void;
  /**
   * Ends the guest from outside: every call that waits rejects with this very `error`, now, and every later call
   * throws it. The object is a trap of V8; wrapping it would let the guest catch it. From here on the front end
   * neither reads nor writes the memory. Calling it twice keeps the first error.
   */
  abort(error: Error): void;
  /**
   * Releases every descriptor of the guest; idempotent. Called once the guest's stack is gone, whatever its end. The
   * memory may be zeroed and given to another guest right after, so no view of it may be in use by a pending
   * operation of the system: reads that wait go through a buffer of the host.
   */
  close(): void;
}
