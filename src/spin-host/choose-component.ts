import { answerWhole, type ChooseProgram, type HttpExchange } from "#engine";
import { type ApplicationSpec, type RouteSpec, Router, type StaticAnswer } from "#spin";
import { routeRequest, type ServedComponent } from "./route-request.ts";

/** Paths that are Spin's own in every application. */
const wellKnown = "/.well-known/spin/";

type Facts = Pick<ApplicationSpec, "name" | "version" | "imageDigest" | "base" | "routes">;

/** Decides for each request of an application who answers it: a component, or nobody but what stands in the manifest. */
export function chooseComponent(application: Facts, served: ReadonlyMap<string, ServedComponent>): ChooseProgram {
  const router = new Router(application.base, application.routes.flatMap(publicRoute));
  return (exchange) => {
    const path = pathOf(exchange.request.pathWithQuery);
    if (path.startsWith(wellKnown)) return answerWellKnown(exchange, path.slice(wellKnown.length), application);
    const match = router.match(path);
    if (match === undefined) return answer(exchange, 404, "");
    if (match.target.kind === "static") return answerStatic(exchange, match.target);
    const component = served.get(match.target.component);
    return component === undefined
      ? answer(exchange, 404, "")
      : routeRequest(component, exchange, match, exchange.request.authority);
  };
}

function publicRoute({ route, answer: target }: RouteSpec) {
  return route === undefined ? [] : [{ route, target }];
}

function pathOf(pathWithQuery = "/"): string {
  const query = pathWithQuery.search(/[?#]/u);
  return query < 0 ? pathWithQuery : pathWithQuery.slice(0, query);
}

/** Health, and what application this is: crates/http/src/app_info.rs of Spin. */
function answerWellKnown(exchange: HttpExchange, path: string, { name, version, imageDigest }: Facts): undefined {
  if (path === "health") return answer(exchange, 200, "OK");
  if (path !== "info") return answer(exchange, 404, "");
  const info = {
    name,
    ...(version !== "" && { version }),
    ...(imageDigest !== undefined && { oci_image_digest: imageDigest }),
  };
  answerWhole(
    exchange,
    { status: 200, fields: [["content-type", "application/json"]] },
    Buffer.from(JSON.stringify(info, undefined, 2)),
  );
  return undefined;
}

function answerStatic(exchange: HttpExchange, { status, headers, body }: StaticAnswer): undefined {
  answerWhole(exchange, { status, fields: headers }, Buffer.from(body));
}

function answer(exchange: HttpExchange, status: number, body: string): undefined {
  answerWhole(exchange, { status, fields: [] }, Buffer.from(body));
}
