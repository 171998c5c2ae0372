import { labels } from "#api";
import type { KubeObject, Pod } from "../kinds/index.ts";
import type { ObjectChange } from "../store/object-store.ts";
import { type ControllerContext, DeploymentController, ownerOf } from "./deployment-controller.ts";
import { reconcileNamespace } from "./namespace-controller.ts";
import { ServiceController, type ServiceControllerOptions } from "./service-controller.ts";
import { WorkQueue } from "./work-queue.ts";

/** All controllers over one store, each behind a queue of its own. */
export class Controllers implements AsyncDisposable {
  readonly #context: ControllerContext;
  readonly #deployments: WorkQueue;
  readonly #services: WorkQueue;
  readonly #namespaces: WorkQueue;
  readonly #serviceController: ServiceController;
  readonly #balancer: ServiceControllerOptions["balancer"];
  #stopFollowing: () => void = () => undefined;

  constructor(options: ServiceControllerOptions) {
    this.#context = options;
    this.#balancer = options.balancer;
    const deployments = new DeploymentController(options);
    this.#serviceController = new ServiceController(options);
    const { clock, log } = options;
    this.#deployments = new WorkQueue({
      name: "deployments",
      clock,
      log,
      reconcile: (key) => deployments.reconcile(...splitKey(key)),
    });
    this.#services = new WorkQueue({
      name: "services",
      clock,
      log,
      reconcile: (key) => this.#serviceController.reconcile(...splitKey(key)),
    });
    this.#namespaces = new WorkQueue({
      name: "namespaces",
      clock,
      log,
      reconcile: (name) => reconcileNamespace(options, name),
    });
  }

  /** For the balancer's reports. */
  get services(): ServiceController {
    return this.#serviceController;
  }

  start(): void {
    this.#stopFollowing = this.#context.store.onChange((change) => this.#follow(change));
    for (const object of this.#context.store.listAll()) this.#follow({ type: "ADDED", object });
  }

  /** Resolves when the balancer serves what the store says now. */
  async settle(): Promise<void> {
    await this.#services.idle();
    await this.#balancer.settle();
  }

  /** Resolves when the pod of that address gets no new connection and those that it had have ended. */
  async drain(address: string): Promise<void> {
    // Called while a change is being told: this controller's own turn to hear of it may be yet to come.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#services.idle();
    await this.#balancer.drain(address);
  }

  async close(): Promise<void> {
    this.#stopFollowing();
    await Promise.all([this.#deployments.close(), this.#services.close(), this.#namespaces.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Says which keys a change concerns; what to do about it is each controller's. */
  #follow({ type, object }: ObjectChange): void {
    switch (object.kind) {
      case "Pod":
        this.#followPod(object);
        break;
      case "Deployment":
        this.#deployments.add(joinKey(object));
        break;
      case "Service":
        if (type === "DELETED") this.#serviceController.release(object);
        this.#services.add(joinKey(object));
        break;
      case "Namespace":
        this.#namespaces.add(object.metadata.name);
        return;
      default:
    }
    const { namespace } = object.metadata;
    if (type === "DELETED" && namespace !== undefined) this.#namespaces.add(namespace);
  }

  #followPod(pod: Pod): void {
    const { namespace } = pod.metadata;
    const owner = ownerOf(pod);
    if (owner !== undefined && pod.metadata.labels[labels.podTemplateHash] !== undefined) {
      this.#deployments.add(`${namespace}/${owner.name}`);
    }
    for (const service of this.#context.store.list("Service", namespace)) this.#services.add(joinKey(service));
  }
}

function joinKey(object: KubeObject): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

function splitKey(key: string): [namespace: string, name: string] {
  const [namespace = "", name = ""] = key.split("/", 2);
  return [namespace, name];
}
