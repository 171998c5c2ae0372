// Walks over 4 MB of nested JSON: strings with escapes, numbers, depth, as a parser without a result does.
#include "kernel.h"

static char text[4 << 20];
static uint32_t length;

static void put(const char *more) {
  while (*more != '\0') text[length++] = *more++;
}

static void make_text(void) {
  uint32_t random = 5;
  put("[");
  while (length < sizeof text - 256) {
    put("{\"name\":\"a \\\"quoted\\\" word\",\"list\":[");
    for (uint32_t count = next_random(&random) % 8; count > 0; count--) put("12345,-6.75e3,");
    put("true],\"deep\":{\"a\":{\"b\":null}}},");
  }
  put("0]");
}

static const char *skip_string(const char *at) {
  while (*at != '"') at += *at == '\\' ? 2 : 1;
  return at + 1;
}

static uint32_t run(void) {
  if (length == 0) make_text();
  uint32_t depth = 0, deepest = 0, strings = 0, numbers = 0, sum = 0;
  for (const char *at = text, *end = text + length; at < end;) {
    char byte = *at++;
    if (byte == '"') {
      at = skip_string(at);
      strings++;
    } else if (byte == '{' || byte == '[') {
      if (++depth > deepest) deepest = depth;
    } else if (byte == '}' || byte == ']') {
      depth--;
    } else if (byte == '-' || (byte >= '0' && byte <= '9')) {
      for (numbers++; *at == '.' || *at == 'e' || (*at >= '0' && *at <= '9'); at++) sum = sum * 31 + (uint32_t)*at;
    }
  }
  return strings ^ numbers ^ deepest ^ sum;
}
