#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* talker WAIT_MS LINES STATUS: waits, then writes lines to both outputs in turn, and exits. */
int main(int argc, char **argv) {
  if (argc != 4) return 64;
  usleep(atoi(argv[1]) * 1000);
  int lines = atoi(argv[2]);
  for (int line = 0; line < lines; line++) {
    FILE *output = line % 2 == 0 ? stdout : stderr;
    fprintf(output, "line %d\n", line);
    fflush(output);
  }
  return atoi(argv[3]);
}
