/** A control process with the real runtime, for tests that start and kill it as users' commands do. */
import { join } from "node:path";
import { createNodeRuntime } from "#node";
import { READY_FD } from "../client/start-daemon.ts";
import { serveDaemon } from "../daemon/serve-daemon.ts";

const stateDir = process.argv[2] ?? "";
const status = await serveDaemon({
  stateDir,
  imagesDir: join(stateDir, "images"),
  version: "test",
  readyFd: READY_FD,
  createRuntime: (log) => createNodeRuntime({ stateDir, log }),
});
// An exit by command leaves the callers of `down` connected until the kernel has ended the process.
process.exit(status);
