#include <stdio.h>
#include <unistd.h>

/* echoer: says what it sits at, repeats each line of its input, and exits with 5 at the input's end. */
int main(void) {
  char line[1000];
  puts(isatty(0) && isatty(1) ? "at a terminal" : "at streams");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL) {
    printf("got %s", line);
    fflush(stdout);
  }
  puts("at the end");
  return 5;
}
