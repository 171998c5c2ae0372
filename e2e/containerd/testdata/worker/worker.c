#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGES = 16 };

/* Takes memory until there is none left, and fails then. The compiler would leave out what malloc gives and nobody reads. */
static void fill(void) {
  while (__builtin_wasm_memory_grow(0, PAGES) != (size_t)-1) continue;
  abort();
}

/* worker spin | work | fill: computes for ever, without a pause or with one after each million steps; or fills memory. */
int main(int argc, char **argv) {
  if (argc != 2) return 64;
  if (strcmp(argv[1], "fill") == 0) fill();
  int rests = strcmp(argv[1], "work") == 0;
  for (volatile unsigned step = 1;; step++) {
    if (rests && step % 1000000 == 0) usleep(1000);
  }
}
