import type { ApplicationSpec } from "#spin";

import type { BoundListener } from "../syscall/listener.ts";
import type { ApplicationOrder, GuestOrder } from "../channel/index.ts";
import type { WorkloadSpec } from "../workload.ts";
import { DescriptorList } from "./descriptor-list.ts";
import { readNetwork } from "./read-network.ts";

/** The guest's ends of its streams; output without one is discarded, and input at its end. */
export interface OutputDescriptors {
  readonly stdinFd?: number;
  readonly stdoutFd?: number;
  readonly stderrFd?: number;
}

/** What goes to a cell with a start request. `close` drops control's copies of what was opened for it alone. */
export interface Handover {
  readonly order: GuestOrder;
  readonly descriptors: readonly number[];
  close(): void;
}

/**
 * Opens what a guest is granted and lists it: its module, its mounts, its listeners and its output. Throws a typed error
 * that names what could not be opened; nothing stays open then.
 */
export function prepareHandover(
  number: number,
  spec: WorkloadSpec,
  listeners: readonly BoundListener[],
  output: OutputDescriptors,
): Handover {
  const list = new DescriptorList();
  try {
    const order: GuestOrder = {
      number,
      moduleDescriptor: list.open(`open module "${spec.module.path}"`, spec.module.path),
      moduleDigest: spec.module.digest,
      args: spec.args,
      env: spec.env,
      mounts: list.openMounts(spec.mounts),
      listeners: listeners.map(({ fd, protocol = "tcp", guestPort }) => ({
        descriptor: list.add(fd),
        protocol,
        ...(guestPort === undefined ? {} : { guestPort }),
      })),
      ...(spec.network === undefined ? {} : { network: readNetwork(spec.network) }),
      ...placeStreams(list, output),
      ...(spec.output.kind === "fifos" && spec.output.isTerminal === true ? { isTerminal: true } : {}),
      memoryBytesMax: spec.memoryBytesMax,
      ...(spec.start === undefined ? {} : { start: spec.start }),
      ...(spec.http === undefined ? {} : { http: spec.http }),
      ...(spec.application === undefined ? {} : { application: placeApplication(list, spec.application) }),
    };
    return { order, descriptors: list.descriptors, close: () => list.close() };
  } catch (error) {
    list.close();
    throw error;
  }
}

/** Lists a guest's streams, which stay the caller's. */
export function placeStreams(list: DescriptorList, { stdinFd, stdoutFd, stderrFd }: OutputDescriptors) {
  return {
    ...(stdinFd === undefined ? {} : { stdinDescriptor: list.add(stdinFd) }),
    ...(stdoutFd === undefined ? {} : { stdoutDescriptor: list.add(stdoutFd) }),
    ...(stderrFd === undefined ? {} : { stderrDescriptor: list.add(stderrFd) }),
  };
}

function placeModule(list: DescriptorList, name: string, { path, digest }: WorkloadSpec["module"]) {
  return { moduleDescriptor: list.open(`open component "${name}" of "${path}"`, path), moduleDigest: digest };
}

/** Lists the modules and files of each component of an application. */
function placeApplication(list: DescriptorList, { components, ...facts }: ApplicationSpec): ApplicationOrder {
  return {
    ...facts,
    components: components.map(({ module, mounts, dependencies, ...component }) => ({
      ...component,
      ...placeModule(list, component.id, module),
      mounts: list.openMounts(mounts),
      dependencies: dependencies.map(({ module: own, ...dependency }) => ({
        ...dependency,
        ...placeModule(list, dependency.name, own),
      })),
    })),
  };
}
