import type { HttpExchange, HttpProgram, HttpRouted } from "#engine";
import type { ComponentFacts, RouteMatch } from "#spin";
import { requestOfRoute } from "./request-fields.ts";
import { readWagiAnswer } from "./wagi/wagi-answer.ts";
import { wagiArguments, wagiEnvironment } from "./wagi/wagi-environment.ts";

/** A component that answers requests, and how it is asked. */
export interface ServedComponent {
  readonly program: HttpProgram;
  readonly executor: ComponentFacts["executor"];
}

/** Puts a request to a component, in the words of its executor. `host` is what the client calls the application. */
export function routeRequest(
  { program, executor }: ServedComponent,
  exchange: HttpExchange,
  match: RouteMatch<unknown>,
  host: string | undefined,
): HttpRouted {
  if (executor.kind !== "wagi") return { program, request: requestOfRoute(exchange, match, host) };
  const { request } = exchange;
  return {
    program,
    request,
    command: {
      begin: (bodyBytes) => ({
        args: wagiArguments(executor.argv, request.pathWithQuery),
        env: wagiEnvironment(exchange, match, { bodyBytes, host }),
      }),
      end: readWagiAnswer,
    },
  };
}
