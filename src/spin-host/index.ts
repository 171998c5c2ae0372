export { loadComponent } from "./load-component.ts";
export { runApplicationCommand } from "./run-command.ts";
export { type LoadedComponent, serveApplication } from "./serve-application.ts";
