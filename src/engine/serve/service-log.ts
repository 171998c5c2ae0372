import type { OutputStream } from "../host/index.ts";
import { type HttpExchange, valueOf } from "../host/http/index.ts";

/** Characters of a request's words that a line shows. */
const shownLengthMax = 512;

/** Writes what happens to a service's requests. Where nobody reads it fast enough, lines are left out, never waited for. */
export class ServiceLog {
  readonly #output: OutputStream;
  #lost = 0;

  constructor(output: OutputStream) {
    this.#output = output;
  }

  /** What went wrong with a request, with the guest's stack. */
  failure(exchange: HttpExchange, reason: string): void {
    this.#write(`error: ${nameOf(exchange)}: ${reason}`);
  }

  /** One request: who, what, the answer, its bytes and how long it took. */
  access(exchange: HttpExchange, tookMs: number): void {
    const { client, status, answeredBytes, request } = exchange;
    const trace = valueOf(request.fields, "traceparent");
    const words = [
      client,
      `"${nameOf(exchange)}"`,
      String(status ?? 499),
      String(answeredBytes),
      `${tookMs.toFixed(1)}ms`,
    ];
    if (trace !== undefined) words.push(printable(trace));
    this.#write(words.join(" "));
  }

  /** A line in words of the service itself. */
  line(text: string): void {
    this.#write(text.slice(0, 2 * shownLengthMax).replaceAll(/\p{Cc}/gu, "\ufffd"));
  }

  #write(line: string): void {
    const lost = this.#lost === 0 ? "" : `(${this.#lost} lines were left out: nobody read them in time)\n`;
    const bytes = Buffer.from(`${lost}${line}\n`);
    if (!this.#fits(bytes.length)) {
      this.#lost += 1;
      return;
    }
    this.#lost = 0;
    this.#output.write(bytes);
  }

  #fits(length: number): boolean {
    try {
      return this.#output.capacity() >= length;
    } catch {
      // Whoever read the log is gone; the service goes on without it.
      return false;
    }
  }
}

function nameOf({ request }: HttpExchange): string {
  return printable(`${request.method} ${request.pathWithQuery ?? ""}`);
}

/** Clients choose these words; control characters in them would act on the terminal that shows the log. */
function printable(text: string): string {
  return text.slice(0, shownLengthMax).replaceAll(/[\p{Cc}"]/gu, "\ufffd");
}
