import { TaskReference } from "#proto";
import type { Method } from "#ttrpc";

import type { TaskTable } from "../task-table.ts";
import type { NativeTask } from "./native-task.ts";

const NAMESPACE_KEY = "containerd-namespace-ttrpc";

type Methods = Readonly<Record<string, Method>>;

/** The task service with the calls about native tasks handed on to those who run them; told of those that are deleted. */
export function handOverNative(methods: Methods, tasks: TaskTable, onDeleted: (task: NativeTask) => void): Methods {
  const { Create, ...others } = methods;
  const routed = Object.entries(others).map(
    ([name, method]) => [name, route(name, method, { tasks, onDeleted })] as const,
  );
  return { ...Object.fromEntries(routed), ...(Create === undefined ? {} : { Create }) };
}

interface Route {
  readonly tasks: TaskTable;
  readonly onDeleted: (task: NativeTask) => void;
}

function route(name: string, inner: Method, { tasks, onDeleted }: Route): Method {
  return async (request, call) => {
    const task = tasks.findNative(TaskReference.decode(request).id, call.metadata.get(NAMESPACE_KEY));
    if (task === undefined) return inner(request, call);
    const answer = await task.answer(name, request, call);
    if (task.isDeleted) {
      tasks.remove(task);
      onDeleted(task);
    }
    return answer;
  };
}
