import { KwasmError } from "#base";
import type { ForegroundGuest } from "#node";

import { printDiagnostic } from "../../frame/diagnostics.ts";
import { exitCodeOf } from "../../frame/exit-codes.ts";
import { Interruption, type Io } from "../../frame/io.ts";

/** What POSIX shells and `podman run` exit with when a program is not there, and when it cannot be run. */
const EXIT_MISSING = 127;
const EXIT_REFUSED = 126;

/** Begins a guest in the foreground and answers with the command's exit code once it has ended. */
export async function runToEnd(io: Io, begin: () => Promise<ForegroundGuest>): Promise<number> {
  try {
    // Asked for first: a signal that comes while the guest starts must not leave it behind either.
    const signal = io.interrupted();
    const guest = await begin();
    const end = (): void => guest.kill(nameOfSignal(signal.reason));
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
    const { code, message } = await guest.ended;
    if (message !== "") printDiagnostic(io, "error", message);
    return code;
  } catch (thrown) {
    const error = KwasmError.from(thrown, "run the guest");
    printDiagnostic(io, "error", error.message);
    return exitCodeOfRefusal(error);
  }
}

export function formatEndpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${String(port)}` : `${address}:${String(port)}`;
}

function exitCodeOfRefusal({ code }: KwasmError): number {
  if (code === "not-found") return EXIT_MISSING;
  return code === "invalid-argument" ? exitCodeOf(code) : EXIT_REFUSED;
}

function nameOfSignal(reason: unknown): "SIGINT" | "SIGTERM" {
  return reason instanceof Interruption ? reason.signalName : "SIGTERM";
}
