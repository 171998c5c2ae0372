import type { Command } from "../frame/command.ts";
import { buildCommand } from "./build.ts";
import { daemonCommand } from "./daemon.ts";
import { deleteCommand } from "./delete.ts";
import { describeCommand } from "./describe.ts";
import { downCommand } from "./down.ts";
import { getCommand } from "./get.ts";
import { imagesCommand } from "./images.ts";
import { logsCommand } from "./logs.ts";
import { rmiCommand } from "./rmi.ts";
import { runCommand } from "./run.ts";
import { scaleCommand } from "./scale.ts";
import { upCommand } from "./up.ts";
import { versionCommand } from "./version.ts";

/** All commands, in the order of `kwasm help`: from one guest to a machine full of them, then what is seldom used. */
export const commands: readonly Command[] = [
  runCommand,
  upCommand,
  getCommand,
  describeCommand,
  logsCommand,
  scaleCommand,
  deleteCommand,
  downCommand,
  buildCommand,
  imagesCommand,
  rmiCommand,
  versionCommand,
  daemonCommand,
];
