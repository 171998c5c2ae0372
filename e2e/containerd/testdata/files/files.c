#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { NAMES_MAX = 64, TEXT_BYTES_MAX = 4096 };

static void tell(const char *what, const char *path, const char *answer) {
  printf("%s %s: %s\n", what, path, answer);
  fflush(stdout);
}

/* Fills text, and answers whether the file could be read. */
static int read_text(const char *path, char *text) {
  FILE *file = fopen(path, "r");
  if (file == NULL) return 0;
  size_t length = fread(text, 1, TEXT_BYTES_MAX - 1, file);
  int done = !ferror(file);
  text[length] = '\0';
  fclose(file);
  return done;
}

static const char *write_text(const char *path, const char *text, const char *mode) {
  FILE *file = fopen(path, mode);
  if (file == NULL) return strerror(errno);
  int done = fputs(text, file) >= 0;
  return fclose(file) == 0 && done ? "written" : strerror(errno);
}

static int compare(const void *left, const void *right) {
  return strcmp(*(char *const *)left, *(char *const *)right);
}

static void list(const char *path) {
  DIR *directory = opendir(path);
  if (directory == NULL) {
    tell("list", path, strerror(errno));
    return;
  }
  char *names[NAMES_MAX];
  size_t count = 0;
  for (struct dirent *entry; count < NAMES_MAX && (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] != '.') names[count++] = strdup(entry->d_name);
  }
  closedir(directory);
  qsort(names, count, sizeof names[0], compare);
  char text[TEXT_BYTES_MAX] = "";
  for (size_t index = 0; index < count; index++) {
    if (index > 0) strcat(text, " ");
    strcat(text, names[index]);
  }
  tell("list", path, text);
}

static void await(const char *path, const char *awaited) {
  char text[TEXT_BYTES_MAX];
  const struct timespec moment = {.tv_nsec = 10000000};
  while (!read_text(path, text) || strcmp(text, awaited) != 0) nanosleep(&moment, NULL);
  tell("await", path, text);
}

/*
 * files ACTION…, each of which writes a line: read PATH, write PATH TEXT, append PATH TEXT, list PATH, make PATH (a
 * directory), await PATH TEXT, env NAME, sleep SECONDS, exit CODE.
 */
int main(int argc, char **argv) {
  for (int at = 1; at + 1 < argc; at += 2) {
    const char *action = argv[at], *path = argv[at + 1];
    char text[TEXT_BYTES_MAX];
    if (strcmp(action, "read") == 0) tell(action, path, read_text(path, text) ? text : strerror(errno));
    else if (strcmp(action, "list") == 0) list(path);
    else if (strcmp(action, "make") == 0) tell(action, path, mkdir(path, 0777) == 0 ? "made" : strerror(errno));
    else if (strcmp(action, "env") == 0) tell(action, path, getenv(path) == NULL ? "not set" : getenv(path));
    else if (strcmp(action, "exit") == 0) return atoi(path);
    else if (strcmp(action, "sleep") == 0) nanosleep(&(struct timespec){.tv_sec = atoi(path)}, NULL);
    else if (strcmp(action, "write") == 0) tell(action, path, write_text(path, argv[at++ + 2], "w"));
    else if (strcmp(action, "append") == 0) tell(action, path, write_text(path, argv[at++ + 2], "a"));
    else if (strcmp(action, "await") == 0) await(path, argv[at++ + 2]);
    else return 64;
  }
  return 0;
}
