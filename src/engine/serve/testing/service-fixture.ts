import { once } from "node:events";
import {
  Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type RequestOptions,
} from "node:http";
import { buffer } from "node:stream/consumers";
import { createServer } from "node:net";
import { compileComponent, compileModule, isComponent } from "../../component/index.ts";
import { httpComponent } from "../../component/testing/http-component.ts";
import { routingGuest } from "../../component/testing/http-guests.ts";
import type { Guest } from "../../guest/run-guest.ts";
import { createMemoryPipe } from "../../host/index.ts";
import { listenerFromServer, listenerServerOptions } from "../../host/listener.ts";
import type { ChooseProgram, HttpProgram } from "../http-program.ts";
import { type ComponentServiceConfig, serveComponent, serveRoutes } from "../http-service.ts";
import { httpServiceDefaults, type HttpServiceOptions } from "../service-options.ts";

/** What a client got. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: Readonly<Record<string, string | undefined>>;
}

/** A service of the routing guest on a port of its own. */
export class ServiceFixture implements AsyncDisposable {
  readonly guest: Guest;
  readonly port: number;
  readonly #log = createMemoryPipe(1_048_576);
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(guest: Guest, port: number, log: ReturnType<typeof createMemoryPipe>) {
    this.guest = guest;
    this.port = port;
    this.#log = log;
  }

  static async start(
    options: Partial<HttpServiceOptions> = {},
    config: Partial<ComponentServiceConfig> = {},
    component: Uint8Array<ArrayBuffer> = httpComponent(routingGuest),
  ): Promise<ServiceFixture> {
    const memoryBytesMax = config.memoryBytesMax ?? 2 ** 24;
    const compile = isComponent(component) ? compileComponent : compileModule;
    const plan = await compile(component, { memoryBytesMax });
    if (plan === undefined) throw new Error("the module has no world");
    return ServiceFixture.#serve({ ...config, memoryBytesMax }, options, (given) => serveComponent(plan, given));
  }

  /** A service that asks one program, which may ask itself. */
  static startRoutes(
    program: HttpProgram,
    options: Partial<HttpServiceOptions>,
    choose: ChooseProgram = (exchange) => ({ program, request: exchange.request }),
  ): Promise<ServiceFixture> {
    return ServiceFixture.#serve({ memoryBytesMax: 2 ** 24 }, options, (given) =>
      serveRoutes([program], choose, given),
    );
  }

  static async #serve(
    config: Partial<ComponentServiceConfig> & { readonly memoryBytesMax: number },
    options: Partial<HttpServiceOptions>,
    serve: (given: ComponentServiceConfig) => Promise<Guest>,
  ): Promise<ServiceFixture> {
    const server = createServer(listenerServerOptions);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    const log = createMemoryPipe(1_048_576);
    const guest = await serve({
      stderr: log.output,
      listeners: [listenerFromServer(server)],
      http: { ...httpServiceDefaults, ...options },
      ...config,
    });
    return new ServiceFixture(guest, address.port, log);
  }

  /** A request whose body is still to come. */
  post(path: string): ClientRequest {
    return request({ host: "127.0.0.1", port: this.port, path, method: "POST" });
  }

  /** Everything that was logged since this was last asked. */
  readLog(): string {
    const chunk = this.#log.input.read(1_048_576);
    return chunk instanceof Uint8Array ? Buffer.from(chunk).toString() + this.readLog() : "";
  }

  async get(path: string, options: RequestOptions & { readonly body?: string } = {}): Promise<Answer> {
    const { body: sentBody, ...rest } = options;
    const sent = request({ host: "127.0.0.1", port: this.port, path, agent: this.#agent, ...rest });
    sent.end(sentBody);
    const response = await responseTo(sent);
    const body = await buffer(response);
    const { statusCode: status = 0, headers, trailers } = response;
    return { status, body: body.toString(), headers, trailers };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    this.guest.kill("SIGKILL");
    await this.guest.ended;
  }
}

export function responseTo(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once("response", resolve);
    sent.once("error", reject);
  });
}
