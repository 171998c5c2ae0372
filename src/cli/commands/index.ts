import type { Command } from "../frame/command.ts";
import { buildCommand } from "./build.ts";
import { daemonCommand } from "./daemon.ts";
import { deleteCommand } from "./delete.ts";
import { describeCommand } from "./describe.ts";
import { downCommand } from "./down.ts";
import { getCommand } from "./get.ts";
import { imageCommand } from "./image.ts";
import { imagesCommand } from "./images.ts";
import { inspectCommand } from "./inspect.ts";
import { logsCommand } from "./logs.ts";
import { loadCommand } from "./load.ts";
import { loginCommand } from "./login.ts";
import { logoutCommand } from "./logout.ts";
import { nodeCommand } from "./node.ts";
import { operatorCommand } from "./operator.ts";
import { pullCommand } from "./pull.ts";
import { pushCommand } from "./push.ts";
import { rmiCommand } from "./rmi.ts";
import { runCommand } from "./run.ts";
import { saveCommand } from "./save.ts";
import { scaleCommand } from "./scale.ts";
import { serveCommand } from "./serve.ts";
import { tagCommand } from "./tag.ts";
import { upCommand } from "./up.ts";
import { versionCommand } from "./version.ts";

/** All commands, in the order of `kwasm help`: from one guest to a machine full of them, then what is seldom used. */
export const commands: readonly Command[] = [
  runCommand,
  serveCommand,
  upCommand,
  getCommand,
  describeCommand,
  logsCommand,
  scaleCommand,
  deleteCommand,
  downCommand,
  buildCommand,
  inspectCommand,
  pullCommand,
  pushCommand,
  imagesCommand,
  tagCommand,
  saveCommand,
  loadCommand,
  rmiCommand,
  imageCommand,
  loginCommand,
  logoutCommand,
  nodeCommand,
  operatorCommand,
  versionCommand,
  daemonCommand,
];
