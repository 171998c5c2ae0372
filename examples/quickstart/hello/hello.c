// An HTTP/1.1 server on WASI 0.1: greets with the name of its pod, one log line per request.
//
// WASI 0.1 can accept connections but not listen for them: the runtime listens, as the pod's containerPort says, and
// hands the socket in as a descriptor. One thread serves all clients through poll(), so a slow one stops nobody.

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

enum {
  CLIENTS_MAX = 64,         // further ones wait in the listener's queue
  REQUEST_BYTES_MAX = 4096, // request line and headers
  ANSWER_BYTES_MAX = 512,
  CLIENT_MS_MAX = 10000,    // from accept to close; a slot is not held for longer
};

enum stage { FREE, READING, ANSWERING, DRAINING };

struct client {
  enum stage stage;
  int fd;
  long long deadline_ms;
  size_t request_length, answer_length, answer_sent;
  char request[REQUEST_BYTES_MAX + 1];
  char answer[ANSWER_BYTES_MAX];
};

static struct client clients[CLIENTS_MAX];

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

// The first descriptor that is neither standard stream nor directory; -1 when it is no socket.
static int find_listener(void) {
  int fd = 3;
  __wasi_prestat_t prestat;
  while (__wasi_fd_prestat_get(fd, &prestat) == 0) fd++;
  __wasi_fdstat_t stat;
  bool found = __wasi_fd_fdstat_get(fd, &stat) == 0 && stat.fs_filetype == __WASI_FILETYPE_SOCKET_STREAM;
  return found ? fd : -1;
}

// Appends to text of at most `size` bytes with its end; what does not fit is left out.
static void append(char *text, size_t size, const char *more) {
  strncat(text, more, size - 1 - strlen(text));
}

static void append_number(char *text, size_t size, size_t number) {
  char digits[21] = "", *first = digits + sizeof digits - 1;
  do *--first = '0' + number % 10; while (number /= 10);
  append(text, size, first);
}

static void write_line(int fd, const char *line) {
  if (write(fd, line, strlen(line)) < 0) exit(EXIT_FAILURE);
}

// Method, target and what follows, ended by zeros within the request; false for anything that is not such a line, or
// that would not be one line in the log.
static bool split_request_line(char *line, char **method, char **target, char **version) {
  for (const unsigned char *byte = (unsigned char *)line; *byte != '\0'; byte++) {
    if (*byte < ' ' || *byte > '~') return false;
  }
  *method = line;
  *target = strchr(line, ' ');
  if (*target == NULL || *target == line) return false;
  *(*target)++ = '\0';
  *version = strchr(*target, ' ');
  if (*version == NULL || **target != '/') return false;
  *(*version)++ = '\0';
  return strcmp(*version, "HTTP/1.1") == 0 || strcmp(*version, "HTTP/1.0") == 0;
}

// HTTP/1.1 requires it of every request (RFC 9112, section 3.2).
static bool has_host(const char *headers) {
  for (const char *line = headers; line != NULL && *line != '\0';) {
    if (strncasecmp(line, "Host:", 5) == 0) return true;
    line = strstr(line, "\r\n");
    if (line != NULL) line += 2;
  }
  return false;
}

static void set_answer(struct client *client, const char *status, const char *body, bool with_body) {
  char *answer = client->answer;
  answer[0] = '\0';
  append(answer, ANSWER_BYTES_MAX, "HTTP/1.1 ");
  append(answer, ANSWER_BYTES_MAX, status);
  append(answer, ANSWER_BYTES_MAX, "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ");
  append_number(answer, ANSWER_BYTES_MAX, strlen(body));
  if (strncmp(status, "405", 3) == 0) append(answer, ANSWER_BYTES_MAX, "\r\nAllow: GET, HEAD");
  append(answer, ANSWER_BYTES_MAX, "\r\nConnection: close\r\n\r\n");
  if (with_body) append(answer, ANSWER_BYTES_MAX, body);
  client->answer_length = strlen(answer);
  client->answer_sent = 0;
  client->stage = ANSWERING;
}

static void log_request(const char *method, const char *target, const char *status) {
  char line[REQUEST_BYTES_MAX + 64] = "";
  append(line, sizeof line - 1, method);
  append(line, sizeof line - 1, " ");
  append(line, sizeof line - 1, target);
  append(line, sizeof line - 1, " ");
  strncat(line, status, 3);
  append(line, sizeof line, "\n");
  write_line(STDOUT_FILENO, line);
}

static void greet(char *body, size_t size) {
  const char *name = getenv("HOSTNAME");
  append(body, size, "Hello from ");
  append(body, size, name != NULL ? name : "nowhere");
  append(body, size, "\n");
}

static void refuse(struct client *client, const char *status, const char *body) {
  log_request("-", "-", status);
  set_answer(client, status, body, true);
}

static void answer_request(struct client *client) {
  char *headers = strstr(client->request, "\r\n") + 2, *method, *target, *version;
  headers[-2] = '\0';
  if (!split_request_line(client->request, &method, &target, &version) ||
      (strcmp(version, "HTTP/1.1") == 0 && !has_host(headers))) {
    refuse(client, "400 Bad Request", "This is no HTTP/1.1 request.\n");
    return;
  }
  bool is_head = strcmp(method, "HEAD") == 0;
  const char *status = "200 OK";
  char body[ANSWER_BYTES_MAX / 2] = "";
  target[strcspn(target, "?")] = '\0';
  if (!is_head && strcmp(method, "GET") != 0) {
    status = "405 Method Not Allowed";
    append(body, sizeof body, "Use GET.\n");
  } else if (strcmp(target, "/healthz") == 0) {
    append(body, sizeof body, "ok\n");
  } else if (strcmp(target, "/") == 0) {
    greet(body, sizeof body);
  } else {
    status = "404 Not Found";
    append(body, sizeof body, "There is nothing here; try /.\n");
  }
  log_request(method, target, status);
  set_answer(client, status, body, !is_head);
}

static void close_client(struct client *client) {
  close(client->fd);
  client->stage = FREE;
}

static void read_request(struct client *client) {
  size_t space = REQUEST_BYTES_MAX - client->request_length;
  ssize_t count = recv(client->fd, client->request + client->request_length, space, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) {
    close_client(client);
    return;
  }
  client->request_length += count;
  client->request[client->request_length] = '\0';
  if (strlen(client->request) < client->request_length) {
    refuse(client, "400 Bad Request", "A request has no zero bytes.\n");
  } else if (strstr(client->request, "\r\n\r\n") != NULL) {
    answer_request(client);
  } else if (client->request_length == REQUEST_BYTES_MAX) {
    refuse(client, "431 Request Header Fields Too Large", "A request has at most 4096 bytes here.\n");
  }
}

static void send_answer(struct client *client) {
  const char *rest = client->answer + client->answer_sent;
  ssize_t count = send(client->fd, rest, client->answer_length - client->answer_sent, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count < 0) {
    close_client(client);
    return;
  }
  client->answer_sent += count;
  if (client->answer_sent < client->answer_length) return;
  shutdown(client->fd, SHUT_WR);
  client->stage = DRAINING;
}

// Reads on until the peer closes: closing with bytes unread would reset the connection and might destroy the answer.
static void drain(struct client *client) {
  ssize_t count = recv(client->fd, client->request, REQUEST_BYTES_MAX, 0);
  if (count == 0 || (count < 0 && errno != EAGAIN)) close_client(client);
}

static void serve(struct client *client) {
  switch (client->stage) {
    case FREE: return;
    case READING: read_request(client); break;
    case ANSWERING: send_answer(client); break;
    case DRAINING: drain(client); break;
  }
}

// Takes one connection; others make the listener ready again.
static void accept_client(int listener, struct client *client) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  if (fd < 0) return;
  client->fd = fd;
  client->stage = READING;
  client->deadline_ms = now_ms() + CLIENT_MS_MAX;
  client->request_length = 0;
}

static struct client *find_free(void) {
  for (struct client *client = clients; client < clients + CLIENTS_MAX; client++) {
    if (client->stage == FREE) return client;
  }
  return NULL;
}

// Ends clients that are late; returns how long the next one may still take, or -1 when there is none.
static int expire_clients(void) {
  long long now = now_ms(), first = -1;
  for (struct client *client = clients; client < clients + CLIENTS_MAX; client++) {
    if (client->stage == FREE) continue;
    long long left = client->deadline_ms - now;
    if (left <= 0) close_client(client);
    else if (first < 0 || left < first) first = left;
  }
  return (int)first;
}

// Waits for whatever happens first and serves it.
static void serve_ready(int listener) {
  int timeout = expire_clients();
  struct pollfd waits[CLIENTS_MAX + 1];
  struct client *waiting[CLIENTS_MAX + 1];
  nfds_t count = 0;
  for (struct client *client = clients; client < clients + CLIENTS_MAX; client++) {
    if (client->stage == FREE) continue;
    waiting[count] = client;
    waits[count++] = (struct pollfd){client->fd, client->stage == ANSWERING ? POLLOUT : POLLIN, 0};
  }
  struct client *next = find_free();
  if (next != NULL) {
    waiting[count] = NULL;
    waits[count++] = (struct pollfd){listener, POLLIN, 0};
  }
  if (poll(waits, count, timeout) < 0) {
    write_line(STDERR_FILENO, "hello: waiting for clients failed\n");
    exit(EXIT_FAILURE);
  }
  for (nfds_t index = 0; index < count; index++) {
    if (waits[index].revents == 0) continue;
    if (waiting[index] != NULL) serve(waiting[index]);
    else accept_client(listener, next);
  }
}

int main(void) {
  int listener = find_listener();
  if (listener < 0) {
    write_line(STDERR_FILENO, "hello: no listening socket was handed in; declare a containerPort, or --listen\n");
    return EXIT_FAILURE;
  }
  write_line(STDOUT_FILENO, "hello: serving\n");
  for (;;) serve_ready(listener);
}
