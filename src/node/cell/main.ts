import { Socket } from "node:net";

import { cellDescriptors, RUN_QUEUE_BYTES, RunQueue } from "../channel/index.ts";
import { dieWithParent } from "../syscall/privileges.ts";
import { mapSharedMemory } from "../syscall/shared-memory.ts";
import { CellServer } from "./cell-server.ts";
import { GuestRunner } from "./guest-runner.ts";

/**
 * A cell: the process that runs the guests of one isolation group, and nothing else (design §3). It is born without
 * privileges, environment or files, and gets what its guests are granted as descriptors. It ends with control: when
 * control's end of the socket closes, or when control's thread that made it dies while a guest has this one.
 */
dieWithParent();
// V8 keeps ten frames of a trap unless told otherwise; a guest's own part of them often lies deeper.
Error.stackTraceLimit = 64;
const runQueue = new RunQueue(mapSharedMemory(cellDescriptors.runQueue, RUN_QUEUE_BYTES));
const lines = new Socket({ fd: cellDescriptors.lines, readable: true, writable: true });
lines.once("close", () => process.exit(0));
const server = new CellServer({
  lines,
  packetsFd: cellDescriptors.packets,
  runner: new GuestRunner({
    runQueue,
    onEnded: (guest, outcome) => server.tell({ event: "guest-ended", guest, outcome }),
  }),
});
server.tell({ event: "ready" });
