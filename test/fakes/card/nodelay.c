/*
 * Preloaded into the test's own pcscd. vpcd sends length and body of a frame in two writes: Nagle's algorithm and the
 * delayed acknowledgement make 40 ms of each APDU, so TCP_NODELAY is set on what it accepts. It also listens on every
 * address: here only on the loopback one.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

int accept(int socket_fd, struct sockaddr *address, socklen_t *length) {
  int (*real)(int, struct sockaddr *, socklen_t *) = dlsym(RTLD_NEXT, "accept");
  int accepted = real(socket_fd, address, length);
  int on = 1;
  if (accepted >= 0) setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return accepted;
}

int bind(int socket_fd, const struct sockaddr *address, socklen_t length) {
  int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");
  if (address->sa_family != AF_INET) return real(socket_fd, address, length);
  struct sockaddr_in local = *(const struct sockaddr_in *)address;
  if (local.sin_addr.s_addr == INADDR_ANY) local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return real(socket_fd, (struct sockaddr *)&local, sizeof local);
}
