import type { Bundle } from "./bundle.ts";
import type { PodPlace } from "./native/adapt-specification.ts";

/** What containers need to know of their pod, whichever way containerd made it. */
export interface Pod {
  readonly id: string;
  readonly network: Bundle["network"];
  /** Isolation group of the pod's guests. */
  readonly group: string;
  /** Whether no other pod is of that group. */
  readonly hasOwnGroup: boolean;
  /** What it lends to its native containers. */
  readonly place: PodPlace;
}
