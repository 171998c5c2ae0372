import types from "wasi:http/types@0.3.0";

/** A request of `wasi:http/types`, as far as it is asked here. */
interface Request {
  getPathWithQuery(): string | null;
}

export const handler = {
  /** Answers every request with what was asked for. */
  async handle(request: Request): Promise<unknown> {
    const text = utf8(`Hello from TypeScript, you asked for ${request.getPathWithQuery() ?? "/"}\n`);
    // The tool names the types of futures after what is in them.
    const trailers = wit.Future.from({ tag: "ok", val: null }, wit.Future.RESULT_OPTION_OTHER_ERROR_CODE);
    const [response] = types.Response.new(new types.Fields(), [text], trailers.readable);
    return response;
  },
};

/** QuickJS has no TextEncoder. */
function utf8(text: string): Uint8Array {
  return Uint8Array.from(unescape(encodeURIComponent(text)), (character) => character.charCodeAt(0));
}
