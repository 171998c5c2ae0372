export { Bag, type Placed } from "./bag.ts";
export { writeFileAtomic } from "./atomic-file.ts";
export { type Clock, systemClock } from "./clock.ts";
export { entryPath } from "./entry-path.ts";
export { type ErrorCode, errorCodes, KwasmError, systemErrorCode } from "./errors.ts";
export { nearestWord } from "./nearest-word.ts";
export { nodeCommand } from "./node-command.ts";
export { SharedValues } from "./shared-values.ts";
export { createLog, type Log, type LogFields, type LogLevel, logLevels, silentLog } from "./log.ts";
