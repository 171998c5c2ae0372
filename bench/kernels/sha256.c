// SHA-256 (FIPS 180-4) of half a megabyte, without padding.
#include "kernel.h"

static uint32_t constants[64];
static uint8_t input[512 << 10];

static uint32_t rotate(uint32_t word, int bits) { return word >> bits | word << (32 - bits); }

static void compress(uint32_t state[8], const uint8_t *block) {
  uint32_t words[64], v[8];
  for (int i = 0; i < 16; i++) {
    const uint8_t *at = block + 4 * i;
    words[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
  }
  for (int i = 16; i < 64; i++) {
    uint32_t early = words[i - 15], late = words[i - 2];
    uint32_t first = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3;
    uint32_t second = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10;
    words[i] = words[i - 16] + first + words[i - 7] + second;
  }
  for (int i = 0; i < 8; i++) v[i] = state[i];
  for (int i = 0; i < 64; i++) {
    uint32_t sum = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
    uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
    uint32_t first = v[7] + sum + choice + constants[i] + words[i];
    uint32_t other = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
    uint32_t second = other + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    for (int j = 7; j > 0; j--) v[j] = v[j - 1];
    v[4] += first;
    v[0] = first + second;
  }
  for (int i = 0; i < 8; i++) state[i] += v[i];
}

static uint32_t run(void) {
  uint32_t random = 1, state[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (int i = 0; i < 64; i++) constants[i] = next_random(&random);
  for (uint32_t i = 0; i < sizeof input; i += 64) compress(state, input + i);
  input[state[0] % sizeof input] ^= 1;
  return state[0];
}
