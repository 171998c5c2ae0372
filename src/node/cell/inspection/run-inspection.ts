import { constants } from "node:os";

import {
  DescriptorBudget,
  discardedOutput,
  HostError,
  type MountTree,
  openMountTree,
  type OutputStream,
  type TerminalSignal,
} from "#engine";

import type { InspectionOrder } from "../../channel/index.ts";
import { flushStreams, openStreams } from "../granted-streams.ts";
import { ReceivedDescriptors } from "../received-descriptors.ts";
import { exitCode, writePatiently } from "./command.ts";
import { runCommand } from "./commands.ts";

/** Descriptors that one look may hold: a path of the greatest depth, and what it reads. */
const FILES_OPEN_MAX = 1024;

/**
 * Looks at a guest for a user, with the guest's own files and no others: they are walked as the guest would walk them.
 * Answers the exit code once all output has left this process, or a key of the user's terminal has ended the look. Owns
 * the descriptors.
 */
export async function runInspection(order: InspectionOrder, descriptors: readonly number[]): Promise<number> {
  using resources = new DisposableStack();
  const received = resources.adopt(new ReceivedDescriptors(descriptors), (rest) => rest.closeRest());
  const signalled = Promise.withResolvers<number>();
  const streams = openStreams(order, {
    take: (place) => received.take(place),
    keep: (handle) => resources.adopt(handle, (opened) => opened.close()),
    onSignal: (signal) => signalled.resolve(codeOf(signal)),
  });
  const { stdout = discardedOutput, stderr = discardedOutput } = streams;
  const tree = openFiles(order, received);
  if (tree !== undefined) resources.use(tree);
  const done = look(order, tree, { stdout, stderr }).then(async (code) => {
    await flushStreams(streams);
    return code;
  });
  // The resources are needed until then.
  return await Promise.race([done, signalled.promise]);
}

interface Outputs {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

async function look(order: InspectionOrder, tree: MountTree | undefined, outputs: Outputs): Promise<number> {
  const { command: words, guest, workingDirectory } = order;
  const print = (text: string | Uint8Array): Promise<void> => write(outputs.stdout, text);
  const complain = (text: string): Promise<void> => write(outputs.stderr, `${text}\n`);
  const nowMs = Date.now();
  try {
    return await runCommand({ words, guest, workingDirectory, nowMs, root: tree?.openRoot(), print, complain });
  } catch (error) {
    // Whoever wanted to read it has gone, and has nobody left to tell.
    if (error instanceof HostError && error.code === "pipe") return exitCode.failed;
    throw error;
  }
}

function write(output: OutputStream, text: string | Uint8Array): Promise<void> {
  return writePatiently(output, typeof text === "string" ? Buffer.from(text) : text);
}

function openFiles({ mounts }: InspectionOrder, received: ReceivedDescriptors): MountTree | undefined {
  const absolute = mounts.filter(({ guestPath }) => guestPath.startsWith("/"));
  if (absolute.length === 0) return undefined;
  return openMountTree(
    absolute.map(({ guestPath, descriptor, readOnly }) => ({ guestPath, readOnly, fd: received.take(descriptor) })),
    new DescriptorBudget(FILES_OPEN_MAX),
  );
}

function codeOf(signal: TerminalSignal): number {
  return 128 + constants.signals[signal];
}
