/* server: a small HTTP server for images of tests; static, so that an image needs nothing else. `server check` asks the one on
 * 127.0.0.1:$PORT and is a health check. What it does is in its environment:
 *   PORT (8080)          where it listens, on every address
 *   TEXT                 what it answers; with a file $FILE, what that holds comes first
 *   START_MS (0)         how long it takes until it listens, as a JVM does
 *   CRASH_MS             ends with code 3 and a message, so long after its start
 *   SICK                 where set, `check` fails
 * As `sh -c COMMAND` it is a shell that knows one command, which names `check`: health checks of services want a shell.
 * SIGTERM ends it at once. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <poll.h>

static long number(const char *name, long other) { const char *v = getenv(name); return v && *v ? atol(v) : other; }
static long now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000 + t.tv_nsec / 1000000; }
static void bye(int s) { (void)s; _exit(0); }

static struct sockaddr_in place(in_addr_t address) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)number("PORT", 8080))};
  a.sin_addr.s_addr = htonl(address);
  return a;
}

static int check(void) {
  struct sockaddr_in a = place(INADDR_LOOPBACK);
  int s = socket(AF_INET, SOCK_STREAM, 0);
  char b[16] = {0};
  if (getenv("SICK") || connect(s, (struct sockaddr *)&a, sizeof a)) return 1;
  if (write(s, "GET / HTTP/1.0\r\n\r\n", 18) != 18 || read(s, b, 12) < 12) return 1;
  return strncmp(b + 9, "200", 3) != 0;
}

static void crash(void) {
  printf("server: the database does not answer\nserver: giving up\n");
  fflush(stdout);
  _exit(3);
}

int main(int n, char **v) {
  if (n > 2 && !strcmp(v[1], "-c")) return strstr(v[2], "check") ? check() : 127;
  if (n > 1 && !strcmp(v[1], "check")) return check();
  signal(SIGTERM, bye); signal(SIGINT, bye); signal(SIGPIPE, SIG_IGN);
  long began = now(), dies = number("CRASH_MS", -1), starts = number("START_MS", 0);
  printf("server: starting\n"); fflush(stdout);
  while (now() - began < starts) { if (dies >= 0 && now() - began >= dies) crash(); usleep(10000); }
  if (dies == 0) crash();
  int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in a = place(INADDR_ANY);
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  /* In a way back Swarm does not wait for the end of a task that it stopped before the way back began. */
  long waits = now();
  while (bind(s, (struct sockaddr *)&a, sizeof a)) {
    if (errno != EADDRINUSE || now() - waits > 20000) { perror("server: cannot listen"); return 1; }
    usleep(20000);
  }
  if (listen(s, 128)) { perror("server: cannot listen"); return 1; }
  printf("server: listening\n"); fflush(stdout);
  for (;;) {
    struct pollfd w = {s, POLLIN, 0};
    poll(&w, 1, 50);
    if (dies >= 0 && now() - began >= dies) crash();
    if (!(w.revents & POLLIN)) continue;
    int c = accept(s, 0, 0);
    if (c < 0) continue;
    struct timeval limit = {1, 0};
    setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char in[2048], body[4096] = "", out[5000];
    if (read(c, in, sizeof in) > 0) {
      size_t have = 0;
      FILE *f = getenv("FILE") ? fopen(getenv("FILE"), "r") : 0;
      if (f) { have = fread(body, 1, 2000, f); fclose(f); }
      snprintf(body + have, sizeof body - have, "%s", getenv("TEXT") ? getenv("TEXT") : "");
      int l = snprintf(out, sizeof out, "HTTP/1.0 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", strlen(body), body);
      if (write(c, out, (size_t)l) < 0) perror("server: write");
    }
    close(c);
  }
}
