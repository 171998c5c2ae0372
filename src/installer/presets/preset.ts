/** All that the installer knows of one way in which nodes have their containerd. */
export interface Preset {
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** All of them hold on such a node. */
  readonly signs: readonly Sign[];
  readonly node: NodeKind;
}

/** What is seen in the node's files; never in the installer's own container, which is another system. */
export type Sign =
  | { readonly kind: "there"; readonly path: string }
  | { readonly kind: "absent"; readonly path: string }
  | { readonly kind: "contains"; readonly path: string; readonly pattern: RegExp };

export type NodeKind = SupportedNode | UnsupportedNode;

export interface SupportedNode {
  readonly kind: "supported";
  /** Where our files go, unless the user says otherwise. */
  readonly directory: string;
  readonly place: ConfigurationPlace;
  /** Where containerd's program may be; the first that is there is asked. */
  readonly programs: readonly string[];
  readonly sockets: readonly string[];
  readonly restarts: readonly RestartRoute[];
  /** What a person should know of such nodes. */
  readonly notes: readonly string[];
}

export interface UnsupportedNode {
  readonly kind: "unsupported";
  readonly reason: string;
  /** Why not, and what to do instead. */
  readonly verdict: string;
}

export type ConfigurationPlace =
  /** One file that containerd reads as it is, and a folder for drop-ins where its version merges them. */
  | { readonly kind: "file"; readonly path: string; readonly dropIns: string | undefined }
  /** K3s and RKE2 make the file at each start: of a template that a user may replace, or of drop-ins in later versions. */
  | { readonly kind: "rancher"; readonly directory: string }
  /** A folder whose files the distribution reads beside its own file. */
  | { readonly kind: "drop-in"; readonly main: string; readonly path: string };

export type RestartRoute =
  /** The first of the patterns that names a unit of systemd. */
  | { readonly kind: "systemd"; readonly units: readonly string[] }
  | { readonly kind: "script"; readonly path: string }
  /** A node in a container, which is started again when its process 1 ends; so the installer ends with it. */
  | { readonly kind: "end-node" };
