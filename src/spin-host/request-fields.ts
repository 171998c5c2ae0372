import type { HttpExchange, RequestHead } from "#engine";
import type { RouteMatch } from "#spin";
import { addressOf } from "./wagi/wagi-environment.ts";

/** Characters that a value of a field may have, after the rest was taken out: what a path has is no header yet. */
const badCharacter = /[^\t\u0020-\u007e\u0080-\u00ff]/g;

/**
 * The head that a component is told: with what Spin says of the route and the client, in whose names nothing of the
 * client passes (crates/trigger-http/src/headers.rs of Spin). `host` is what the client calls the application.
 */
export function requestOfRoute(
  exchange: HttpExchange,
  match: RouteMatch<unknown>,
  host: string | undefined,
): RequestHead {
  const { method, scheme, authority, pathWithQuery, fields } = exchange.request;
  const own = fields.filter(([name]) => !/^spin-/iu.test(name));
  const url = `${scheme ?? "http"}://${host ?? "localhost"}${pathWithQuery ?? "/"}`;
  const { rawRoute, basedRoute, rest, named } = match;
  const added: (readonly [string, string])[] = [
    ["spin-path-info", rest],
    ["spin-full-url", url],
    ["spin-matched-route", basedRoute],
    ["spin-base-path", "/"],
    ["spin-raw-component-route", rawRoute],
    ["spin-component-route", rawRoute.replace(/\/\.\.\.$/u, "")],
    ["spin-client-addr", addressOf(exchange)],
    ...named.map(([name, value]) => [`spin-path-match-${name.toLowerCase().replaceAll("_", "-")}`, value] as const),
  ];
  const checked = added.map(([name, value]) => [name, value.replaceAll(badCharacter, "")] as const);
  return { method, scheme, authority, pathWithQuery, fields: [...own, ...checked] };
}
