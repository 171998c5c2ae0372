export { loadComponent } from "./load-component.ts";
export { type LoadedComponent, serveApplication } from "./serve-application.ts";
