export { describeProgram, type ImportDescription, type ProgramDescription } from "./describe-program.ts";
export type { Grant } from "./grants.ts";
