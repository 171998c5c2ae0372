import type { ComponentPlan } from "../component/index.ts";
import type { GuestEnd } from "../guest/guest-end.ts";
import type { HttpErrorCode, HttpExchange } from "../host/http/index.ts";
import type { HttpRouted } from "./http-program.ts";

/** What became of a request; `failure` is one that the guest says of a message. */
export type Handled = "none" | "response" | "failure" | HttpErrorCode | GuestEnd;

/** An instance that answers requests, one after the other. */
export interface RequestInstance {
  /** Requests that it has been given. */
  readonly requests: number;
  /** The request that it works on, or worked on last. */
  readonly exchange: HttpExchange | undefined;
  /** Makes the instance. Answers how it ended where it did so while it began. */
  begin(plan: ComponentPlan): GuestEnd | undefined;
  handle(exchange: HttpExchange, routed: HttpRouted): Promise<Handled>;
  kill(reason: string): void;
  close(): void;
}
