import { KwasmError } from "#base";
import { fieldAt, isApiError, type KubeClient, type KubeObject, listAt, numberAt, resourceTypes, textAt } from "#kube";
import { readSettings, type Settings } from "#operator";

/** A Deployment of the operator. */
export interface OperatorView {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  readonly replicas: number;
  readonly replicasReady: number;
  readonly isElected: boolean;
  /** Undefined where they cannot be understood: then its process ends when it starts. */
  readonly settings: Settings | undefined;
  readonly settingsProblem: string;
  /** Selects its pods. */
  readonly podSelector: string;
}

/** The chart's label, which KWasm's chart has too. */
const OPERATOR_SELECTOR = "app.kubernetes.io/name=kwasm-operator";

/** Variables of one container; the chart makes a dozen. */
const VARIABLES_MAX = 1_000;

/**
 * The operators of the cluster, or of a namespace that the user names: there whatever their labels are, since the
 * chart's `nameOverride` changes them.
 */
export async function findOperators(
  client: KubeClient,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<readonly OperatorView[]> {
  const selection = namespace === undefined ? { labelSelector: OPERATOR_SELECTOR } : { namespace };
  const deployments = await client.list(resourceTypes.deployment, { ...selection, signal });
  return deployments.flatMap((deployment) => viewOperator(deployment) ?? []);
}

/** Undefined where they may not be seen: who may see nodes need not see Deployments. */
export async function findOperatorsIfAllowed(
  client: KubeClient,
  signal: AbortSignal,
): Promise<readonly OperatorView[] | undefined> {
  try {
    return await findOperators(client, undefined, signal);
  } catch (thrown) {
    if (!isApiError(thrown, "forbidden")) throw thrown;
    return undefined;
  }
}

/** Whether all nodes are wanted that do not refuse; not known counts as no. */
export function provisionsAll(operators: readonly OperatorView[] | undefined): boolean {
  return operators?.some(({ settings }) => settings?.isAutomatic === true) === true;
}

/** Undefined for a Deployment that is no operator: none of its containers is told where to make Jobs. */
export function viewOperator({ metadata, spec, status }: KubeObject): OperatorView | undefined {
  const containers = listAt(spec, "template", "spec", "containers");
  const container = containers.find((one) => variablesOf(one)["CONTROLLER_NAMESPACE"] !== undefined);
  if (container === undefined) return undefined;
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    image: textAt(container, "image") ?? "",
    replicas: numberAt(spec, "replicas") ?? 1,
    replicasReady: numberAt(status, "readyReplicas") ?? 0,
    isElected: listAt(container, "args").some((word) => word === "--leader-elect"),
    ...readSettingsOf(variablesOf(container)),
    podSelector: formatLabels(fieldAt(spec, "selector", "matchLabels")),
  };
}

function variablesOf(container: unknown): Readonly<Record<string, string>> {
  const variables = listAt(container, "env").slice(0, VARIABLES_MAX);
  return Object.fromEntries(
    variables.flatMap((one) => {
      const [name, value] = [textAt(one, "name"), textAt(one, "value")];
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
  );
}

function readSettingsOf(
  variables: Readonly<Record<string, string>>,
): Pick<OperatorView, "settings" | "settingsProblem"> {
  try {
    return { settings: readSettings(variables, ""), settingsProblem: "" };
  } catch (thrown) {
    return { settings: undefined, settingsProblem: KwasmError.from(thrown, "read its variables").message };
  }
}

function formatLabels(labels: unknown): string {
  const entries = typeof labels === "object" && labels !== null ? Object.entries(labels) : [];
  return entries.map(([key, value]: [string, unknown]) => `${key}=${String(value)}`).join(",");
}
