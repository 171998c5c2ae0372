import type { Finding } from "#installer";
import { numberAt, textAt } from "#kube";
import { LEASE_NAME } from "#operator";

import type { OperatorView } from "../find-operators.ts";
import type { ClusterFacts } from "./cluster-facts.ts";
import { bad, good } from "./finding.ts";

/** How far this machine's clock may be from the one of the operator before a lease is called dead. */
const CLOCK_DIFFERENCE_MS_MAX = 60_000;

const SECURITY_LABEL = "pod-security.kubernetes.io/enforce";

/** Whether an operator is there, works, and may do its work. */
export function findOperatorTroubles(facts: ClusterFacts): readonly Finding[] {
  const { operators } = facts;
  if (operators === undefined) return [];
  const [operator, ...others] = operators;
  if (operator === undefined) {
    const install = "helm install -n kwasm --create-namespace kwasm-operator charts/kwasm-operator";
    return [
      bad(
        "operator",
        `there is none, so nothing happens to nodes: ${install}; if it has another name, give -n NAMESPACE`,
      ),
    ];
  }
  return [
    ...findRivals(operators, others),
    findUnready(operator, facts.operatorTrouble),
    ...(operator.isElected ? findLease(operator, facts) : []),
    ...findSecurity(operator, facts),
  ];
}

function findRivals(all: readonly OperatorView[], others: readonly OperatorView[]): readonly Finding[] {
  if (others.length === 0) return [];
  const names = all.map(({ namespace, name }) => `${namespace}/${name}`).join(", ");
  return [bad("operator", `there are several, which work against each other (${names}): uninstall all but one`)];
}

function findUnready(operator: OperatorView, trouble: string): Finding {
  const { name, namespace, image, replicas, replicasReady, settings, settingsProblem } = operator;
  const subject = `deployment/${name}`;
  if (settings === undefined) return bad(subject, `${settingsProblem}: correct the chart's values`);
  if (replicas === 0) {
    return bad(subject, `it is scaled to 0: kubectl scale -n ${namespace} deployment/${name} --replicas=1`);
  }
  if (replicasReady > 0) return good(subject, `${image} is ready in namespace ${namespace}`);
  const reason = trouble === "" ? "none of its pods is ready" : `none of its pods is ready (${trouble})`;
  return bad(subject, `${reason}: kubectl describe pods -n ${namespace} -l ${operator.podSelector}`);
}

/** Of several operators the one that holds the lease works; with none that does, nothing happens. */
function findLease(
  { name, namespace, replicasReady }: OperatorView,
  { lease, nowMs }: ClusterFacts,
): readonly Finding[] {
  if (lease === undefined || replicasReady === 0) return [];
  const subject = `lease/${LEASE_NAME}`;
  const advice = `see 'kubectl logs -n ${namespace} deployment/${name}'`;
  const holder = lease === "none" ? "" : (textAt(lease["spec"], "holderIdentity") ?? "");
  if (lease === "none" || holder === "") return [bad(subject, `no operator holds it, so none works: ${advice}`)];
  const renewedMs = Date.parse(textAt(lease["spec"], "renewTime") ?? "");
  const durationMs = (numberAt(lease["spec"], "leaseDurationSeconds") ?? 0) * 1000;
  const isDead = !(renewedMs + durationMs + CLOCK_DIFFERENCE_MS_MAX >= nowMs);
  if (isDead) return [bad(subject, `"${holder}" has it and does not renew it, so none works: ${advice}`)];
  return [good(subject, `held by ${holder}`)];
}

/** Installers' pods are privileged and see the node's files; only the level "privileged" lets them be. */
function findSecurity({ namespace: name }: OperatorView, { namespace }: ClusterFacts): readonly Finding[] {
  const level = namespace?.metadata.labels?.[SECURITY_LABEL];
  if (level === undefined || level === "privileged") return [];
  const command = `kubectl label namespace ${name} ${SECURITY_LABEL}=privileged --overwrite`;
  return [bad(`namespace/${name}`, `it enforces Pod Security "${level}", which refuses installers' pods: ${command}`)];
}
