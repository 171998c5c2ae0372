import { KwasmError } from "#base";
import type { HttpExecutor, StaticAnswer } from "../application.ts";
import { spinLimits } from "../limits.ts";
import type { Table } from "../table.ts";

/** `route`: a pattern, or `{ private = true }`, which is undefined. */
export function readRoute(table: Table): string | undefined {
  const value = table.any("route");
  if (typeof value === "object" && value !== null) {
    const route = table.table("route");
    if (route?.flag("private") !== true) throw table.refuse("route", "a text or { private = true }");
    route.refuseOthers();
    return undefined;
  }
  return table.requiredText("route", spinLimits.routeLengthMax);
}

/** `executor`: how a component is asked; `spin` is an old name of `http`. */
export function readExecutor(table: Table): HttpExecutor {
  const executor = table.table("executor");
  const type = executor?.requiredText("type", spinLimits.nameLengthMax) ?? "http";
  if (executor === undefined || type === "http" || type === "spin") return { kind: "http" };
  if (type !== "wagi") throw table.refuse("executor", 'of type "http", "spin" or "wagi"');
  const argv = executor.text("argv") ?? "${SCRIPT_NAME} ${ARGS}";
  return { kind: "wagi", argv, entrypoint: executor.text("entrypoint", spinLimits.nameLengthMax) ?? "_start" };
}

/** A token of RFC 9110, and what may stand in a value; what is sent is checked here once. */
const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const badValue = /[^\t\u0020-\u007e\u0080-\u00ff]/;

/** `static_response`: a status, headers and a body that are sent as they are. */
export function readStaticResponse(table: Table): StaticAnswer | undefined {
  const response = table.table("static_response");
  if (response === undefined) return undefined;
  const status = response.wholeNumber("status_code") ?? 200;
  if (status < 200 || status > 599) throw response.refuse("status_code", "a status from 200 to 599");
  const headers = response.pairs("headers");
  for (const [name, value] of headers) {
    if (fieldName.test(name) && !badValue.test(value)) continue;
    throw new KwasmError("invalid-argument", `read ${response.place("headers")}: it has a field that HTTP cannot have`);
  }
  const body = response.text("body") ?? "";
  if (Buffer.byteLength(body) > spinLimits.staticBytesMax) {
    throw response.refuse("body", `at most ${String(spinLimits.staticBytesMax)} bytes`);
  }
  const read = { kind: "static", status, headers, body } as const;
  response.refuseOthers();
  return read;
}
