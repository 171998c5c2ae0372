import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { KwasmError, systemErrorCode } from "#base";
import { removeCgroup } from "../containerd/cgroups.ts";
import { type ClusterOptions, startCluster } from "./cluster.ts";

/** Of each user one cluster may stand. */
const folder = join(tmpdir(), `kwasm-standing-cluster-${userInfo().uid}`);
const socketPath = join(folder, "socket");
const statePath = join(folder, "directory");
const logPath = `${folder}.log`;

/** Starts the process that holds the cluster, and returns the words that tell a shell of it. */
export async function startStanding(words: readonly string[], options: ClusterOptions): Promise<string> {
  const standing = await connectToStanding();
  if (standing !== undefined) {
    standing.destroy();
    throw new KwasmError("already-exists", `start a cluster: one stands already, end it by "e2e/cluster/down"`);
  }
  process.stderr.write(
    `starting a cluster of ${options.nodes} nodes; the first time Kubernetes is built, which takes minutes\n`,
  );
  const [main = ""] = process.argv.slice(1);
  const command = ["--disable-warning=ExperimentalWarning", main, "serve", ...words];
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // It outlives this process, and must hold nothing open of whoever waits for this one's end.
  const log = openSync(logPath, "w");
  const holder = spawn(process.execPath, command, { detached: true, stdio: ["ignore", "pipe", log] });
  closeSync(log);
  if (holder.stdout === null) throw new Error("the process was started without a pipe");
  const told = await text(holder.stdout);
  const complaint = readFileSync(logPath, "utf8").trim();
  rmSync(logPath);
  if (told === "") throw new KwasmError("internal", `start a cluster: ${complaint}`);
  holder.unref();
  return told;
}

/** Holds a cluster until somebody writes to the socket, and closes that connection when it is gone. */
export async function serveStanding(options: ClusterOptions): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  const asked = Promise.withResolvers<Socket>();
  const listener = createServer((client) => client.once("data", () => asked.resolve(client)));
  rmSync(socketPath, { force: true });
  listener.listen(socketPath);
  const cluster = cleanup.use(await startCluster(options));
  writeFileSync(statePath, cluster.directory);
  process.stdout.end(`export KUBECONFIG=${cluster.kubeconfig}\nexport PATH=${cluster.clients}:$PATH\n`);
  const client = await asked.promise;
  listener.close();
  await cleanup.disposeAsync();
  client.end();
}

/** Ends the standing cluster, and says what there was. */
export async function endStanding(): Promise<string> {
  const socket = await connectToStanding();
  if (socket !== undefined) {
    socket.resume().write("end");
    await once(socket, "close");
    return "the cluster has ended";
  }
  if (!existsSync(statePath)) return "there is no cluster";
  removeRemains(readFileSync(statePath, "utf8"));
  return "the cluster's process had been killed; what it left is removed";
}

async function connectToStanding(): Promise<Socket | undefined> {
  const socket = connect(socketPath);
  try {
    await once(socket, "connect");
    return socket;
  } catch (error) {
    if (["ENOENT", "ECONNREFUSED"].includes(systemErrorCode(error) ?? "")) return undefined;
    throw error;
  }
}

/** Its processes, networks and mounts ended with it. */
function removeRemains(directory: string): void {
  const cgroups = readFileSync(join(directory, "cgroups"), "utf8").trim().split("\n");
  cgroups.forEach(removeCgroup);
  rmSync(directory, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}
