#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wasi/api.h>

enum { SOCKETS_MAX = 8, TEXT_BYTES_MAX = 2048 };

static void greet(int listener, int number) {
  int client = accept(listener, NULL, NULL);
  char request[TEXT_BYTES_MAX], answer[64];
  read(client, request, sizeof request);
  snprintf(answer, sizeof answer, "HTTP/1.0 200 OK\r\n\r\nsocket %d\n", number);
  write(client, answer, strlen(answer));
  shutdown(client, SHUT_WR);
  close(client);
}

static void print_datagram(int socket, int number) {
  char text[TEXT_BYTES_MAX];
  ssize_t length = recv(socket, text, sizeof text - 1, 0);
  text[length < 0 ? 0 : length] = '\0';
  printf("socket %d got %s\n", number, text);
  fflush(stdout);
}

/* Serves all sockets that it was given: HTTP answers the socket's number, and datagrams are written out. */
int main(void) {
  struct pollfd sockets[SOCKETS_MAX];
  unsigned char types[SOCKETS_MAX];
  int first = 3, count = 0;
  __wasi_prestat_t prestat;
  __wasi_fdstat_t stat;
  while (__wasi_fd_prestat_get(first, &prestat) == 0) first++;
  while (count < SOCKETS_MAX && __wasi_fd_fdstat_get(first + count, &stat) == 0) {
    sockets[count] = (struct pollfd){.fd = first + count, .events = POLLIN};
    types[count++] = stat.fs_filetype;
  }
  printf("serving %d sockets\n", count);
  fflush(stdout);
  while (poll(sockets, count, -1) > 0) {
    for (int number = 0; number < count; number++) {
      if (sockets[number].revents == 0) continue;
      if (types[number] == __WASI_FILETYPE_SOCKET_DGRAM) print_datagram(sockets[number].fd, number);
      else greet(sockets[number].fd, number);
    }
  }
  return 1;
}
