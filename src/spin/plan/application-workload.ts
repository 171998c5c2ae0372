import type { ApplicationSpec, FoundModule } from "./application-spec.ts";

/** What an application is to whoever runs workloads of one module. */
export interface ApplicationWorkload {
  /** That of its first component. */
  readonly module: FoundModule;
  readonly args: readonly string[];
  readonly application: ApplicationSpec;
  /** Where any of its components may connect to, its stores, and those who listen to channels. */
  readonly outbound: readonly string[];
}

/** Stands for a module where an application has none, but static responses alone: it is opened, and never read. */
const noModule: FoundModule = {
  path: "/dev/null",
  digest: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
};

/** A command is told its component's name before its own arguments, as by Spin's trigger for commands. */
export function workloadOfApplication(
  application: ApplicationSpec,
  commandArguments: readonly string[] = [],
): ApplicationWorkload {
  const { name, components, subscriptions } = application;
  const ofComponents = components.flatMap((component) => component.outbound);
  const outbound = [
    ...new Set([
      ...ofComponents,
      ...(application.storage.outbound ?? []),
      ...subscriptions.map((subscription) => subscription.outbound),
    ]),
  ];
  const [first] = components;
  const args = first !== undefined && isCommand(application) ? [first.id, ...commandArguments] : [name];
  return { module: first?.module ?? noModule, args, application, outbound };
}

/** Whether an application is run once, to its end, and answers no requests. */
function isCommand({ components }: Pick<ApplicationSpec, "components">): boolean {
  return components[0]?.executor.kind === "command";
}
