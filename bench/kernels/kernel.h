// A kernel defines run(), which computes something whose result depends on everything it did. The harness times it
// inside the guest and prints a line of nanoseconds a round.

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#ifndef ROUNDS
#define ROUNDS 16
#endif

// Not inlined into main(): engines replace a function by a faster one when it is called, and main() is called once.
static __attribute__((noinline)) uint32_t run(void);

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// Numbers that the compiler cannot know: a linear congruential generator.
static uint32_t next_random(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

int main(void) {
  uint32_t check = 0;
  uint64_t took[ROUNDS];
  for (int round = 0; round < ROUNDS; round++) {
    uint64_t started = now_ns();
    check = run();
    took[round] = now_ns() - started;
  }
  printf("%u\n", check);
  for (int round = 0; round < ROUNDS; round++) printf("%llu\n", (unsigned long long)took[round]);
}
