// Forty bodies that attract each other, for two hundred steps.
#include <math.h>

#include "kernel.h"

enum { BODIES = 40, STEPS = 200 };
static double position[BODIES][3], velocity[BODIES][3], mass[BODIES];

static void step(void) {
  for (int i = 0; i < BODIES; i++) {
    for (int j = i + 1; j < BODIES; j++) {
      double away[3], square = 0.01;
      for (int axis = 0; axis < 3; axis++) {
        away[axis] = position[i][axis] - position[j][axis];
        square += away[axis] * away[axis];
      }
      double pull = 0.001 / (square * sqrt(square));
      for (int axis = 0; axis < 3; axis++) {
        velocity[i][axis] -= away[axis] * mass[j] * pull;
        velocity[j][axis] += away[axis] * mass[i] * pull;
      }
    }
  }
  for (int i = 0; i < BODIES; i++) {
    for (int axis = 0; axis < 3; axis++) position[i][axis] += 0.001 * velocity[i][axis];
  }
}

static uint32_t run(void) {
  uint32_t random = 11;
  for (int i = 0; i < BODIES; i++) {
    mass[i] = 1 + next_random(&random) / 16777216.0;
    for (int axis = 0; axis < 3; axis++) {
      position[i][axis] = next_random(&random) / 16777216.0;
      velocity[i][axis] = 0;
    }
  }
  for (int i = 0; i < STEPS; i++) step();
  return (uint32_t)(position[0][0] * 1e6);
}
