/* Greets whom its first argument names. */
#include <stdio.h>

int main(int count, char **arguments) {
    printf("Hello %s from C\n", count > 1 ? arguments[1] : "world");
    return 0;
}
