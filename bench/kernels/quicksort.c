// Sorts 200,000 random numbers by a recursive quicksort.
#include "kernel.h"

enum { COUNT = 200000 };
static uint32_t numbers[COUNT];

static void sort(uint32_t *first, uint32_t *last) {
  while (first < last) {
    uint32_t pivot = first[(last - first) / 2], *low = first, *high = last;
    while (low <= high) {
      while (*low < pivot) low++;
      while (*high > pivot) high--;
      if (low > high) break;
      uint32_t swapped = *low;
      *low++ = *high;
      *high-- = swapped;
    }
    sort(first, high);
    first = low;
  }
}

static uint32_t run(void) {
  uint32_t random = 3;
  for (int i = 0; i < COUNT; i++) numbers[i] = next_random(&random);
  sort(numbers, numbers + COUNT - 1);
  return numbers[COUNT / 2] ^ numbers[1];
}
