#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* counter INTERVAL_MS LINES: writes so many numbered lines, one after each interval, and exits with 0. */
int main(int argc, char **argv) {
  if (argc != 3) return 64;
  int lines = atoi(argv[2]);
  for (int line = 0; line < lines; line++) {
    usleep(atoi(argv[1]) * 1000);
    printf("line %d\n", line);
    fflush(stdout);
  }
  return 0;
}
