export type { TerminalSignal } from "./line-discipline.ts";
export { openTerminal } from "./terminal.ts";
