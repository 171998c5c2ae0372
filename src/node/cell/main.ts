import { Socket } from "node:net";

import { CELL_PAGE_BYTES, cellDescriptors, RunQueue, UsageBoard } from "../channel/index.ts";
import { becomeUser, dieWithParent } from "../syscall/privileges.ts";
import { mapSharedMemory } from "../syscall/shared-memory.ts";
import { readThreadCpuNs } from "../syscall/thread-clock.ts";
import { CellServer } from "./cell-server.ts";
import { GuestRunner } from "./guest-runner.ts";
import { WantedSockets } from "./wanted-sockets.ts";
import { UsageMeter } from "./usage-meter.ts";

/**
 * A cell: the process that runs the guests of one isolation group, and nothing else (design §3). It is born without
 * privileges, environment or files, and gets what its guests are granted as descriptors. It ends with control: when
 * control's end of the socket closes, or when control's thread that made it dies while a guest has this one.
 */
const [uid] = process.argv.slice(2);
// First of all, and its modules were loaded by then: the user may have no right to read them.
if (uid !== undefined) becomeUser(Number(uid));
// After that, since the kernel forgets it at a change of user.
dieWithParent();
// V8 keeps ten frames of a trap unless told otherwise; a guest's own part of them often lies deeper.
Error.stackTraceLimit = 64;
const page = mapSharedMemory(cellDescriptors.page, CELL_PAGE_BYTES);
const board = new UsageBoard(page.buffer);
// performance.now() is that clock since the start of this process, and costs less.
const originNs = Number(process.hrtime.bigint()) - performance.now() * 1e6;
const meter = new UsageMeter(new RunQueue(page), board, {
  nowNs: () => originNs + performance.now() * 1e6,
  threadCpuNs: readThreadCpuNs,
});
const lines = new Socket({ fd: cellDescriptors.lines, readable: true, writable: true });
lines.once("close", () => process.exit(0));
const sockets = new WantedSockets((line) => server.tell(line));
const server = new CellServer({
  lines,
  packetsFd: cellDescriptors.packets,
  sockets,
  runner: new GuestRunner({
    sockets,
    board,
    meter,
    onEnded: (guest, outcome) => server.tell({ event: "guest-ended", guest, outcome }),
  }),
});
server.tell({ event: "ready" });
