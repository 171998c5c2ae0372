/** What a command exports: it succeeds by returning, and fails by throwing. */
export const run = {
  run() {
    console.log("Hello from JavaScript");
  },
};
