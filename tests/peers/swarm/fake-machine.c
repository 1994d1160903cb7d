/* fake-machine MACHINE PROGRAM ARGUMENTS...: runs PROGRAM so that it and its children see uname(2).machine = MACHINE (aarch64).
 * A seccomp user notification answers uname(2) from this process; nothing else is touched. Root or no_new_privs; x86-64 hosts. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sched.h>
#include <poll.h>
#include <unistd.h>
static pid_t child;
static void pass(int s) { if (child > 0) kill(child, s); }
static void die(const char *w) { perror(w); exit(125); }
static void send_fd(int s, int fd) {
  char c = 0, b[CMSG_SPACE(sizeof(int))] = {0}; struct iovec io = {&c, 1};
  struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = b, .msg_controllen = sizeof b};
  struct cmsghdr *h = CMSG_FIRSTHDR(&m); h->cmsg_level = SOL_SOCKET; h->cmsg_type = SCM_RIGHTS; h->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(h), &fd, sizeof fd); if (sendmsg(s, &m, 0) < 0) die("sendmsg");
}
static int recv_fd(int s) {
  char c, b[CMSG_SPACE(sizeof(int))]; int fd; struct iovec io = {&c, 1};
  struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = b, .msg_controllen = sizeof b};
  if (recvmsg(s, &m, 0) <= 0) die("recvmsg");
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd); return fd;
}
int main(int n, char **v) {
  if (n < 3) { fprintf(stderr, "usage: fake-machine MACHINE PROGRAM ARGS...\n"); return 125; }
  int sp[2]; if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sp)) die("socketpair");
  if (!(child = fork())) {
    struct sock_filter f[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_uname, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog p = {sizeof f / sizeof *f, f};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (geteuid()) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    int fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &p);
    if (fd < 0) die("seccomp");
    send_fd(sp[1], fd); close(fd); execvp(v[2], v + 2); die(v[2]);
  }
  close(sp[1]); int fd = recv_fd(sp[0]);
  signal(SIGTERM, pass); signal(SIGINT, pass); signal(SIGHUP, pass);
  int gone = 0, code = 0;
  struct seccomp_notif_sizes z; if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &z)) die("sizes");
  struct seccomp_notif *q = malloc(z.seccomp_notif); struct seccomp_notif_resp *r = malloc(z.seccomp_notif_resp);
  for (;;) {
    struct pollfd w = {fd, POLLIN, 0}; int st;
    if (!gone && waitpid(child, &st, WNOHANG) == child) { gone = 1; code = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st); }
    if (poll(&w, 1, 500) < 0 && errno != EINTR) die("poll");
    if (w.revents & POLLIN) {
      memset(q, 0, z.seccomp_notif); if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, q)) continue;
      memset(r, 0, z.seccomp_notif_resp); r->id = q->id;
      char path[64]; snprintf(path, sizeof path, "/proc/%d/ns/uts", q->pid);  /* the caller's host name, not ours */
      int un = open(path, O_RDONLY | O_CLOEXEC); if (un >= 0) { setns(un, CLONE_NEWUTS); close(un); }
      struct utsname u; uname(&u); memset(u.machine, 0, sizeof u.machine); strncpy(u.machine, v[1], sizeof u.machine - 1);
      snprintf(path, sizeof path, "/proc/%d/mem", q->pid); int m = open(path, O_WRONLY | O_CLOEXEC);
      if (m < 0 || pwrite(m, &u, sizeof u, q->data.args[0]) != sizeof u) r->error = -EFAULT;
      if (m >= 0) close(m);
      ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, r);
    }
    /* stay while any process still carries the filter (a container's shim outlives dockerd): POLLHUP says that none is left */
    if (w.revents & POLLHUP) { if (!gone) { waitpid(child, &st, 0); code = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st); } return code; }
  }
}
