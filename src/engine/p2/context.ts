import type { HostHooks } from "../guest/host-contract.ts";
import type { ConnectingClient } from "../host/http/index.ts";
import type {
  Clocks,
  FillRandom,
  GuestNetwork,
  InputStream,
  Interrupt,
  MountTree,
  OutputStream,
  Turn,
} from "../host/index.ts";

/** What the functions of one component work with. */
export interface P2Context {
  readonly args: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly preopens: readonly MountTree[];
  /** Of this instance; its rules may allow nothing. */
  readonly network: GuestNetwork;
  /** Sends the guest's requests. */
  readonly httpClient: ConnectingClient;
  readonly clocks: Clocks;
  readonly fillRandom: FillRandom;
  readonly interrupt: Interrupt;
  readonly turn: Turn;
  readonly hooks: HostHooks;
}
