import type { Log } from "#base";
import { createInformer, fieldAt, type Informer, type KubeClient, type KubeObject, listAt, resourceTypes } from "#kube";

const { shim } = resourceTypes;

/** The name of the CustomResourceDefinition of Shims. */
export const shimDefinitionName = `${shim.plural}.runtime.spinkube.dev`;

/** Whether Shims are served, and whether their status can be written, which runtime-class-manager's does not let. */
export interface DefinitionView {
  readonly isServed: boolean;
  readonly hasStatus: boolean;
}

/** Its one object is absent where the cluster knows no Shims; then nothing asks for any again and again. */
export function createDefinitionInformer(client: KubeClient, log: Log): Informer<DefinitionView> {
  return createInformer({
    client,
    log,
    type: resourceTypes.customResourceDefinition,
    fieldSelector: `metadata.name=${shimDefinitionName}`,
    transform: viewDefinition,
  });
}

export function viewDefinition({ spec, status }: KubeObject): DefinitionView {
  const established = listAt(status, "conditions").find((one) => fieldAt(one, "type") === "Established");
  const versionName = shim.apiVersion.slice(shim.apiVersion.indexOf("/") + 1);
  const version = listAt(spec, "versions").find((one) => fieldAt(one, "name") === versionName);
  return {
    isServed: fieldAt(established, "status") === "True" && fieldAt(version, "served") === true,
    hasStatus: fieldAt(version, "subresources", "status") !== undefined,
  };
}
