import type { Command } from "../frame/command.ts";
import { versionCommand } from "./version.ts";

/** All commands, in the order of `kwasm help`. */
export const commands: readonly Command[] = [versionCommand];
