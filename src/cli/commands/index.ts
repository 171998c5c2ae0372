import type { Command } from "../frame/command.ts";
import { buildCommand } from "./build.ts";
import { imagesCommand } from "./images.ts";
import { rmiCommand } from "./rmi.ts";
import { runCommand } from "./run.ts";
import { versionCommand } from "./version.ts";

/** All commands, in the order of `kwasm help`. */
export const commands: readonly Command[] = [buildCommand, imagesCommand, rmiCommand, runCommand, versionCommand];
