// Product of two matrices of doubles.
#include "kernel.h"

enum { SIZE = 192 };
static double left[SIZE][SIZE], right[SIZE][SIZE], product[SIZE][SIZE];

static uint32_t run(void) {
  uint32_t random = 7;
  for (int i = 0; i < SIZE; i++) {
    for (int j = 0; j < SIZE; j++) {
      left[i][j] = next_random(&random) / 16777216.0;
      right[i][j] = next_random(&random) / 16777216.0;
    }
  }
  double trace = 0;
  for (int i = 0; i < SIZE; i++) {
    for (int j = 0; j < SIZE; j++) {
      double sum = 0;
      for (int k = 0; k < SIZE; k++) sum += left[i][k] * right[k][j];
      product[i][j] = sum;
    }
    trace += product[i][i];
  }
  return (uint32_t)(trace * 1000);
}
