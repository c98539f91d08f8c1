/*
 * The machine room of the lab in one static program; lab.pl is the same for machines without a compiler.
 *
 * Called by any other name than "lab" it is a stand-in: it sends its arguments to labd and does what labd answers
 * (lab.md part 5). Called "lab" its first argument is a mode:
 *
 *   launch MODE PARENT RUN PROGRAM…            the outer namespaces; MODE is userns, rootless or plain
 *   zone NAME NETNS GLOBAL ROOT                a zone's init; mounts on stdin, control on descriptor 3
 *   enter PID UID GID CWD PROGRAM…             a program in the namespaces of the init PID
 *   login PID STDIN HOME SHELL COMMAND         zlogin's half inside the zone (illumos.md §5.6)
 *   netns NAME PROGRAM…                        a program with another network and the files of the machine
 *   sysctl NETNS [KEY VALUE]…                  writes below /proc/sys/net
 *   spawner                                    starts programs for labd, to which fork costs much; not in lab.pl
 *   capture LINK | inject LINK                 raw frames in hex, one a line
 *   crash-at N LIST PROGRAM…                   the program, killed before its Nth change of a file; not in lab.pl
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SOCKET_PATH "/usr/lib/lab/s/labd"
#define CONTROL 3
#define CANNOT_REACH 120
#define WENT_AWAY 121
#define CANNOT_TRACE 122
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442
#endif
#define SETATTR_RECURSIVE 0x8000
#define SETATTR_RDONLY 1

extern char **environ;

static void fail(int status, const char *format, ...) {
  va_list list;
  int error = errno;
  va_start(list, format);
  fprintf(stderr, "lab: ");
  vfprintf(stderr, format, list);
  va_end(list);
  fprintf(stderr, ": %s\n", strerror(error));
  exit(status);
}

static void write_all(int fd, const void *data, size_t length) {
  const char *at = data;
  while (length > 0) {
    ssize_t done = write(fd, at, length);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) exit(WENT_AWAY);
    at += done;
    length -= done;
  }
}

/* False at the end of the stream. */
static int read_all(int fd, void *data, size_t length) {
  char *at = data;
  while (length > 0) {
    ssize_t done = read(fd, at, length);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return 0;
    at += done;
    length -= done;
  }
  return 1;
}

/* The whole stream with a NUL behind it. */
static char *slurp(int fd, size_t *length) {
  size_t size = 65536;
  char *data = malloc(size);
  ssize_t done;
  *length = 0;
  while ((done = read(fd, data + *length, size - *length - 1)) > 0) {
    *length += done;
    if (size - *length < 32768) data = realloc(data, size *= 2);
  }
  data[*length] = 0;
  return data;
}

static int write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t done = write(fd, text, strlen(text));
  int error = errno;
  close(fd);
  errno = error;
  return done == (ssize_t)strlen(text) ? 0 : -1;
}

/* The program's status for a parent; a death by signal is died again. */
static int end_like(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  signal(WTERMSIG(status), SIG_DFL);
  kill(getpid(), WTERMSIG(status));
  return 128 + WTERMSIG(status);
}

static int wait_for(pid_t pid) {
  int status;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) fail(1, "waitpid");
  return status;
}

/* ---- stand-in ---------------------------------------------------------------------------------------------------- */

struct text {
  char *data;
  size_t length, size;
};

static void add(struct text *text, const void *data, size_t length) {
  if (text->length + length > text->size) {
    text->size = (text->length + length) * 2;
    text->data = realloc(text->data, text->size);
  }
  memcpy(text->data + text->length, data, length);
  text->length += length;
}

static void add_string(struct text *text, const char *string) { add(text, string, strlen(string) + 1); }

static void add_number(struct text *text, long number) {
  char digits[24];
  snprintf(digits, sizeof digits, "%ld", number);
  add_string(text, digits);
}

static int connect_labd(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET_PATH};
  for (int tries = 0;; tries++) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    if (errno != EAGAIN || tries == 100) fail(CANNOT_REACH, "cannot reach labd");
    close(fd);
    nanosleep(&(struct timespec){0, 10000000}, 0);
  }
}

static void send_request(int fd, const char *program, int argc, char **argv) {
  struct text request = {0};
  char cwd[4096];
  int envc = 0;
  uint32_t length = 0;
  add(&request, &length, 4);
  add_string(&request, "1");
  add_number(&request, getpid());
  add_number(&request, getppid());
  add_number(&request, getuid());
  add_string(&request, getcwd(cwd, sizeof cwd) == 0 ? "/" : cwd);
  add_number(&request, argc);
  add_string(&request, program);
  for (int i = 1; i < argc; i++) add_string(&request, argv[i]);
  while (environ[envc] != 0) envc++;
  add_number(&request, envc);
  for (int i = 0; i < envc; i++) add_string(&request, environ[i]);
  length = htonl(request.length - 4);
  memcpy(request.data, &length, 4);
  write_all(fd, request.data, request.length);
  free(request.data);
}

static void send_stdin(int fd, int *wanted) {
  static char data[65540];
  ssize_t done = read(0, data + 4, sizeof data - 4);
  if (done < 0 && errno == EINTR) return;
  uint32_t length = htonl(done > 0 ? done : 0);
  memcpy(data, &length, 4);
  write_all(fd, data, 4 + (done > 0 ? done : 0));
  if (done <= 0) *wanted = 0;
}

static void become(char *data, size_t length) {
  char *argv[4096];
  int argc = 0;
  for (size_t at = 0; at < length && argc < 4095; at += strlen(data + at) + 1) argv[argc++] = data + at;
  argv[argc] = 0;
  execv(argv[0], argv);
  fail(CANNOT_REACH, "%s", argv[0]);
}

static int stand_in(const char *program, int argc, char **argv) {
  int fd = connect_labd(), wants_stdin = 0;
  send_request(fd, program, argc, argv);
  for (;;) {
    struct pollfd watched[2] = {{fd, POLLIN, 0}, {wants_stdin ? 0 : -1, POLLIN, 0}};
    if (poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) send_stdin(fd, &wants_stdin);
    if (watched[0].revents == 0) continue;
    unsigned char head[5];
    if (!read_all(fd, head, 5)) exit(WENT_AWAY);
    size_t length = (size_t)head[1] << 24 | head[2] << 16 | head[3] << 8 | head[4];
    char *data = malloc(length + 1);
    if (!read_all(fd, data, length)) exit(WENT_AWAY);
    data[length] = 0;
    if (head[0] == 'o') write_all(1, data, length);
    if (head[0] == 'e') write_all(2, data, length);
    if (head[0] == 'i') wants_stdin = 1;
    if (head[0] == 'x') exit(atoi(data));
    if (head[0] == 'X') become(data, length);
    free(data);
  }
}

/* ---- outer namespaces -------------------------------------------------------------------------------------------- */

/* Both are needed, the signal and the look: the parent may have died before the signal was asked for. */
static void die_with_parent(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) exit(1);
}

static void set_attributes(const char *path, unsigned flags, uint64_t set, uint64_t clear) {
  uint64_t attributes[4] = {set, clear, 0, 0};
  if (syscall(__NR_mount_setattr, AT_FDCWD, path, flags, attributes, sizeof attributes) < 0)
    fail(1, "mount_setattr %s", path);
}

static void must_mount(const char *what, const char *where, const char *type, unsigned long flags, const char *data) {
  if (mount(what, where, type, flags, data) < 0) fail(1, "mount %s on %s", what ? what : type, where);
}

/* Private mounts; of the machine only the run directory can be written. */
static void outer_mounts(const char *run) {
  must_mount(0, "/", 0, MS_REC | MS_PRIVATE, 0);
  must_mount(run, run, 0, MS_BIND | MS_REC, 0);
  set_attributes("/", SETATTR_RECURSIVE, SETATTR_RDONLY, 0);
  set_attributes(run, 0, 0, SETATTR_RDONLY);
  must_mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0);
  must_mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
  if (mkdir("/run/netns", 0755) < 0) fail(1, "/run/netns");
}

/* pid 1 inside: starts labd, reaps everything, ends when labd ends, and everything with it. */
static int outer_init(const char *run, char **program) {
  outer_mounts(run);
  pid_t labd = fork();
  if (labd == 0) {
    execv(program[0], program);
    fail(1, "%s", program[0]);
  }
  int null = open("/dev/null", O_RDONLY);
  dup2(null, 0); /* the lease is labd's alone */
  for (;;) {
    int status;
    pid_t pid = wait(&status);
    if (pid == labd) return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }
}

static void map_ids(pid_t pid, const char *file, const char *text) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
  if (write_file(path, text) < 0) fail(1, "%s", path);
}

static void become_user_root(const char *mode, int asks, int answers) {
  uid_t uid = getuid();
  gid_t gid = getgid();
  char text[64], byte = 0;
  if (unshare(CLONE_NEWUSER) < 0) fail(1, "user namespace");
  if (strcmp(mode, "rootless") == 0) {
    map_ids(getpid(), "setgroups", "deny");
    snprintf(text, sizeof text, "0 %d 1", uid);
    map_ids(getpid(), "uid_map", text);
    snprintf(text, sizeof text, "0 %d 1", gid);
    map_ids(getpid(), "gid_map", text);
    return;
  }
  write_all(asks, &byte, 1);
  if (!read_all(answers, &byte, 1)) exit(1);
  if (setgroups(0, 0) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) fail(1, "ids");
}

static int launch(char **argv) {
  const char *mode = argv[0], *run = argv[2];
  int asks[2], answers[2], alive[2];
  char byte = 0;
  die_with_parent(atoi(argv[1]));
  pid_t self = getpid();
  if (pipe2(asks, O_CLOEXEC) < 0 || pipe2(answers, O_CLOEXEC) < 0) fail(1, "pipe");
  pid_t inner = fork();
  if (inner > 0) {
    close(asks[1]);
    close(0);
    if (strcmp(mode, "userns") == 0 && read_all(asks[0], &byte, 1)) {
      map_ids(inner, "uid_map", "0 0 65536");
      map_ids(inner, "gid_map", "0 0 65536");
      write_all(answers[1], &byte, 1);
    }
    return end_like(wait_for(inner));
  }
  close(answers[1]);
  if (strcmp(mode, "plain") != 0) become_user_root(mode, asks[1], answers[0]);
  if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC) < 0) fail(1, "namespaces");
  die_with_parent(self);
  if (pipe2(alive, O_CLOEXEC) < 0) fail(1, "pipe");
  pid_t init = fork();
  if (init > 0) {
    close(0);
    return end_like(wait_for(init));
  }
  close(alive[1]);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct pollfd parent = {alive[0], POLLIN, 0};
  if (poll(&parent, 1, 0) != 0) exit(1); /* parent gone; its pid cannot be seen from here */
  return outer_init(run, argv + 3);
}

/* ---- a zone's init ----------------------------------------------------------------------------------------------- */

static void report(const char *format, ...) {
  char line[4096];
  va_list list;
  va_start(list, format);
  int length = vsnprintf(line, sizeof line - 1, format, list);
  va_end(list);
  if (length > (int)sizeof line - 2) length = sizeof line - 2;
  line[length] = '\n';
  if (write(CONTROL, line, length + 1) < 0) exit(1);
}

/* labd turns this into the failure of a boot. */
static void no_boot(const char *what, const char *where) {
  report("E %s %s: %s", what, where, strerror(errno));
  exit(1);
}

static void join(const char *namespaces, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", namespaces, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, 0) < 0) fail(1, "%s", path);
  close(fd);
}

static void loopback_up(void) {
  struct ifreq request = {.ifr_name = "lo"};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) fail(1, "lo");
  close(fd);
}

static void make_mount_point(const char *source, const char *target) {
  struct stat from, to;
  if (stat(source, &from) < 0) no_boot("mount", source);
  if (stat(target, &to) == 0) return;
  if (S_ISDIR(from.st_mode) ? mkdir(target, 0755) < 0 : close(open(target, O_CREAT | O_WRONLY, 0644)) < 0)
    no_boot("mount point", target);
}

/* One line of the list: kind, source, target below the root, options. */
static void one_mount(const char *kind, const char *source, const char *target, const char *options) {
  unsigned long quiet = MS_NOSUID | MS_NODEV;
  if (strcmp(kind, "link") == 0) {
    if (symlink(source, target) < 0) no_boot("link", target);
    return;
  }
  if (strcmp(kind, "bind") == 0 || strcmp(kind, "rbind") == 0) {
    int recursive = *kind == 'r' ? MS_REC : 0;
    make_mount_point(source, target);
    if (mount(source, target, 0, MS_BIND | recursive, 0) < 0) no_boot("mount", target);
    if (strcmp(options, "ro") == 0) set_attributes(target, recursive ? SETATTR_RECURSIVE : 0, SETATTR_RDONLY, 0);
    return;
  }
  if (strcmp(kind, "proc") == 0) quiet |= MS_NOEXEC;
  if (mkdir(target, 0755) < 0 && errno != EEXIST) no_boot("mount point", target);
  if (mount(kind, target, kind, quiet, options) < 0) no_boot("mount", target);
}

static void enter_root(const char *root, char *list, size_t length) {
  char target[4096], *field[4];
  int count = 0;
  if (mount(0, "/", 0, MS_REC | MS_PRIVATE, 0) < 0) no_boot("private", "/");
  if (mount(root, root, 0, MS_BIND | MS_REC, 0) < 0) no_boot("root", root);
  for (char *at = list; at < list + length; at += strlen(at) + 1) {
    field[count++] = at;
    if (count < 4) continue;
    count = 0;
    snprintf(target, sizeof target, "%s%s", root, field[2]);
    one_mount(field[0], field[1], target, field[3]);
  }
  if (chdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
    no_boot("pivot", root);
}

struct method {
  const char *id, *cwd, *log;
  int uid, gid;
  char **argv, **env;
};

static void method_failed(int fd, const char *step) {
  char text[256];
  int length = snprintf(text, sizeof text, "%s: %s", step, strerror(errno));
  if (write(fd, text, length) < 0) _exit(126);
  _exit(126);
}

static void run_method(const struct method *method, int failure) {
  gid_t group = method->gid;
  int null = open("/dev/null", O_RDONLY);
  int log = open(method->log, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, 0644);
  if (log < 0) method_failed(failure, method->log);
  dup2(null, 0);
  dup2(log, 1);
  dup2(log, 2);
  if (null > 2) close(null);
  if (log > 2) close(log);
  if (chdir(method->cwd) < 0) method_failed(failure, method->cwd);
  if (method->uid != 0 || method->gid != 0) {
    if (setgroups(1, &group) < 0 || setgid(method->gid) < 0 || setuid(method->uid) < 0) method_failed(failure, "ids");
  }
  execve(method->argv[0], method->argv, method->env);
  method_failed(failure, method->argv[0]);
}

/*
 * Holds one contract: orphans come to it, so "no children left" is "contract empty".
 * Reports S (started), F (could not), M (the method ended), C (a member died by a signal), E (empty).
 */
static void hold(const struct method *method) {
  int failure[2], status;
  char text[256];
  signal(SIGCHLD, SIG_DFL);
  signal(SIGPIPE, SIG_DFL);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  setsid();
  if (pipe2(failure, O_CLOEXEC) < 0) exit(1);
  pid_t main = fork();
  if (main == 0) run_method(method, failure[1]);
  close(failure[1]);
  ssize_t length = read(failure[0], text, sizeof text - 1);
  close(failure[0]);
  if (length > 0) {
    text[length] = 0;
    report("F %s %s", method->id, text);
    exit(0);
  }
  report("S %s", method->id);
  for (;;) {
    pid_t pid = wait(&status);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) break;
    if (pid == main && WIFEXITED(status)) report("M %s status %d", method->id, WEXITSTATUS(status));
    if (pid == main && WIFSIGNALED(status)) report("M %s signal %d", method->id, WTERMSIG(status));
    if (pid != main && WIFSIGNALED(status)) report("C %s %d", method->id, WTERMSIG(status));
  }
  report("E %s", method->id);
  exit(0);
}

struct process {
  pid_t pid, parent;
  int inside;
};

static int read_parent(const char *pid, pid_t *parent) {
  char path[300], text[512];
  snprintf(path, sizeof path, "/proc/%s/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return 0;
  text[length] = 0;
  char state, *after = strrchr(text, ')');
  return after != 0 && sscanf(after + 1, " %c %d", &state, parent) == 2 && state != 'Z';
}

/* Signals everything below the holder; how many there were. */
static int signal_members(pid_t holder, int number) {
  struct process *all = 0;
  int count = 0, size = 0, found = 0, more = 1;
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; (entry = readdir(proc)) != 0;) {
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    if (count == size) all = realloc(all, (size = size ? size * 2 : 256) * sizeof *all);
    all[count] = (struct process){atoi(entry->d_name), 0, 0};
    if (read_parent(entry->d_name, &all[count].parent)) count++;
  }
  closedir(proc);
  while (more) {
    more = 0;
    for (int i = 0; i < count; i++) {
      int below = all[i].parent == holder;
      for (int j = 0; !below && j < count; j++) below = all[j].inside && all[j].pid == all[i].parent;
      if (!all[i].inside && below) all[i].inside = more = 1;
    }
  }
  for (int i = 0; i < count; i++)
    if (all[i].inside) found += kill(all[i].pid, number) == 0;
  free(all);
  return found;
}

#define HOLDERS 4096
static pid_t holders[HOLDERS]; /* by contract id, round and round */

/* run ID UID GID CWD LOG ENVC ENV… ARGC ARGV… */
static void serve_run(char **field) {
  static char *argv[4096], *env[4096];
  struct method method = {field[1], field[4], field[5], atoi(field[2]), atoi(field[3]), argv, env};
  int envc = atoi(field[6]), at = 7, argc;
  if (envc > 4095 || atoi(field[7 + envc]) > 4095) {
    report("F %s too many arguments", method.id);
    return;
  }
  for (int i = 0; i < envc; i++) env[i] = field[at++];
  env[envc] = 0;
  argc = atoi(field[at++]);
  for (int i = 0; i < argc; i++) argv[i] = field[at++];
  argv[argc] = 0;
  pid_t holder = fork();
  if (holder == 0) hold(&method);
  if (holder < 0) report("F %s fork: %s", method.id, strerror(errno));
  holders[atoi(method.id) % HOLDERS] = holder;
}

/* kill ID SIGNAL. A member may fork while it is looked for: SIGKILL goes on until nobody is found. */
static void serve_kill(char **field) {
  int number = atoi(field[2]);
  pid_t holder = holders[atoi(field[1]) % HOLDERS];
  if (holder <= 1) return;
  for (int tries = 0; signal_members(holder, number) > 0 && number == SIGKILL && tries < 100; tries++) sched_yield();
}

static void serve(void) {
  static char *field[9000];
  for (;;) {
    uint32_t length;
    int count = 0;
    if (!read_all(CONTROL, &length, 4)) exit(0);
    length = ntohl(length);
    char *data = malloc(length + 1);
    if (!read_all(CONTROL, data, length)) exit(0);
    data[length] = 0;
    for (size_t at = 0; at < length && count < 8999; at += strlen(data + at) + 1) field[count++] = data + at;
    field[count] = 0;
    if (strcmp(field[0], "run") == 0) serve_run(field);
    if (strcmp(field[0], "kill") == 0) serve_kill(field);
    free(data);
  }
}

static int zone(char **argv) {
  const char *name = argv[0], *netns = argv[1], *global = argv[2], *root = argv[3];
  int nested = strcmp(global, "-") != 0;
  size_t length;
  fcntl(CONTROL, F_SETFD, FD_CLOEXEC);
  char *list = slurp(0, &length);
  if (strcmp(netns, "-") != 0) join("/run/netns", netns);
  else if (unshare(CLONE_NEWNET) < 0) fail(1, "network namespace");
  loopback_up();
  if (nested) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/ns", global);
    join(path, "mnt");
  }
  if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | (nested ? CLONE_NEWPID : 0)) < 0) fail(1, "namespaces");
  pid_t init = fork();
  if (init > 0) {
    report("P %d", init);
    close(CONTROL);
    wait_for(init);
    return 0;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setsid();
  if (sethostname(name, strlen(name)) < 0) no_boot("sethostname", name);
  enter_root(root, list, length);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(null, 0);
  signal(SIGCHLD, SIG_IGN); /* the kernel reaps: holders report for themselves */
  signal(SIGPIPE, SIG_IGN);
  umask(022);
  report("R");
  serve();
  return 0;
}

/* ---- into a zone from outside ------------------------------------------------------------------------------------ */

static void join_all(const int *fds, int count) {
  for (int i = 0; i < count; i++)
    if (setns(fds[i], 0) < 0) fail(1, "setns");
}

/* Opens net, uts, ipc and mnt of an init (mnt last: /proc changes with it) and joins its pid namespace for children. */
static int prepare_to_join(const char *pid, int *fds) {
  static const char *names[] = {"net", "uts", "ipc", "mnt"};
  char path[64];
  struct stat ours, theirs;
  for (int i = 0; i < 4; i++) {
    snprintf(path, sizeof path, "/proc/%s/ns/%s", pid, names[i]);
    fds[i] = open(path, O_RDONLY | O_CLOEXEC);
    if (fds[i] < 0) return -1;
  }
  snprintf(path, sizeof path, "/proc/%s/ns/pid", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &theirs) < 0 || stat("/proc/self/ns/pid", &ours) < 0) return -1;
  if (ours.st_ino == theirs.st_ino) return 0;
  if (setns(fd, CLONE_NEWPID) < 0) return -1;
  close(fd);
  return 1;
}

/* A status that is the program's own: no process stands between unless a pid namespace asks for one. */
static int enter(char **argv) {
  int fds[4];
  int nested = prepare_to_join(argv[0], fds);
  if (nested < 0) fail(CANNOT_REACH, "zone is gone");
  if (nested) {
    pid_t child = fork();
    if (child > 0) {
      /* Signals come to the whole process group: the child has them already. */
      static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
      for (int i = 0; i < 6; i++) signal(ignored[i], SIG_IGN);
      for (int i = 0; i < 3; i++) close(i);
      return end_like(wait_for(child));
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
  }
  join_all(fds, 4);
  int uid = atoi(argv[1]), gid = atoi(argv[2]);
  if (uid != 0 || gid != 0) {
    gid_t group = gid;
    if (setgroups(1, &group) < 0 || setgid(gid) < 0 || setuid(uid) < 0) fail(CANNOT_REACH, "ids");
  }
  if (chdir(argv[3]) < 0) fail(CANNOT_REACH, "%s", argv[3]);
  execvp(argv[4], argv + 4);
  fail(errno == ENOENT ? 127 : 126, "%s", argv[4]);
  return 0;
}

/* The environment is set by labd; a child killed by a signal is exit 0 (§5.6). */
static int login(char **argv) {
  int fds[4];
  int nested = prepare_to_join(argv[0], fds);
  if (nested < 0) fail(1, "zone is gone");
  pid_t child = fork();
  if (child == 0) {
    join_all(fds, 4);
    if (strcmp(argv[1], "null") == 0) dup2(open("/dev/null", O_RDONLY), 0);
    if (chdir(argv[2]) < 0 && chdir("/") < 0) fail(1, "/");
    execve(argv[3], (char *[]){"sh", "-c", argv[4], 0}, argv + 5);
    fail(1, "%s", argv[3]);
  }
  int status = wait_for(child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

static int in_netns(char **argv) {
  join("/run/netns", argv[0]);
  execvp(argv[1], argv + 1);
  fail(errno == ENOENT ? 127 : 126, "%s", argv[1]);
  return 0;
}

static int set_sysctls(char **argv) {
  char path[512];
  join("/run/netns", *argv++);
  for (; argv[0] != 0 && argv[1] != 0; argv += 2) {
    snprintf(path, sizeof path, "/proc/sys/net/%s", argv[0]);
    if (write_file(path, argv[1]) < 0) fail(1, "%s", path);
  }
  return 0;
}

/* ---- frames on a wire -------------------------------------------------------------------------------------------- */

static int packet_socket(const char *link) {
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  address.sll_ifindex = if_nametoindex(link);
  if (fd < 0 || address.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
    fail(1, "%s", link);
  return fd;
}

/* Prints "ready", then "in HEX" and "out HEX" as seen from the link. */
static int captured_from;

/* From now on the socket gives what it holds and then says that it has no more. */
static void end_capture(int signal) {
  (void)signal;
  fcntl(captured_from, F_SETFL, O_NONBLOCK);
}

/* Ends by SIGTERM, when everything that had passed until then is printed. */
static int capture(char **argv) {
  static unsigned char frame[65536];
  static char line[2 * sizeof frame + 8];
  int fd = captured_from = packet_socket(argv[0]);
  struct sigaction end = {.sa_handler = end_capture};
  sigaction(SIGTERM, &end, 0);
  write_all(1, "ready\n", 6);
  for (;;) {
    struct sockaddr_ll from;
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(fd, frame, sizeof frame, 0, (struct sockaddr *)&from, &size);
    if (length < 0 && errno == EAGAIN) return 0;
    if (length < 0 && (errno == EINTR || errno == ENETDOWN)) continue;
    if (length < 0) fail(1, "%s", argv[0]);
    int at = sprintf(line, "%s ", from.sll_pkttype == PACKET_OUTGOING ? "out" : "in");
    for (ssize_t i = 0; i < length; i++) at += sprintf(line + at, "%02x", frame[i]);
    line[at++] = '\n';
    write_all(1, line, at);
  }
  return 0;
}

static int inject(char **argv) {
  char *line = 0;
  size_t size = 0;
  ssize_t length;
  int fd = packet_socket(argv[0]);
  while ((length = getline(&line, &size, stdin)) > 0) {
    unsigned char frame[65536];
    size_t count = 0;
    unsigned byte;
    while (count < sizeof frame && sscanf(line + 2 * count, "%2x", &byte) == 1) frame[count++] = byte;
    if (count > 0 && send(fd, frame, count, 0) != (ssize_t)count) fail(1, "%s", argv[0]);
  }
  return 0;
}

/* ---- a program killed at a chosen change of a file --------------------------------------------------------------- */

/* How a system call names what it changes: by a descriptor, by a path, or by a path once its flags say O_CREAT. */
enum names { BY_FD, BY_PATH, CREATES };

static const struct change {
  long number;
  const char *name;
  enum names names;
  int argument; /* the descriptor or path; of two paths the one that changes last */
  int flags;    /* of CREATES; -1: always */
} changes[] = {
    {__NR_write, "write", BY_FD, 0, 0},
    {__NR_writev, "write", BY_FD, 0, 0},
    {__NR_pwrite64, "write", BY_FD, 0, 0},
    {__NR_pwritev, "write", BY_FD, 0, 0},
    {__NR_fsync, "fsync", BY_FD, 0, 0},
    {__NR_fdatasync, "fsync", BY_FD, 0, 0},
    {__NR_ftruncate, "truncate", BY_FD, 0, 0},
    {__NR_fchmod, "chmod", BY_FD, 0, 0},
    {__NR_fchmodat, "chmod", BY_PATH, 1, 0},
    {__NR_renameat, "rename", BY_PATH, 3, 0},
    {__NR_renameat2, "rename", BY_PATH, 3, 0},
    {__NR_linkat, "link", BY_PATH, 3, 0},
    {__NR_symlinkat, "link", BY_PATH, 2, 0},
    {__NR_unlinkat, "unlink", BY_PATH, 1, 0},
    {__NR_mkdirat, "mkdir", BY_PATH, 1, 0},
    {__NR_openat, "create", CREATES, 1, 2},
#ifdef __NR_open
    {__NR_open, "create", CREATES, 0, 1},
    {__NR_creat, "create", CREATES, 0, -1},
    {__NR_chmod, "chmod", BY_PATH, 0, 0},
    {__NR_rename, "rename", BY_PATH, 1, 0},
    {__NR_link, "link", BY_PATH, 1, 0},
    {__NR_symlink, "link", BY_PATH, 1, 0},
    {__NR_unlink, "unlink", BY_PATH, 0, 0},
    {__NR_rmdir, "rmdir", BY_PATH, 0, 0},
    {__NR_mkdir, "mkdir", BY_PATH, 0, 0},
#endif
};

/* Pipes, sockets and devices are no files that a crash could leave half written. */
static int keeps_content(const char *path, struct stat *found) {
  return stat(path, found) == 0 && (S_ISREG(found->st_mode) || S_ISDIR(found->st_mode));
}

static void read_path(pid_t thread, uint64_t address, char *path, size_t size) {
  struct iovec here = {path, 1}, there = {(void *)address, 1};
  for (size_t at = 0; at < size - 1; at++) {
    here.iov_base = path + at;
    there.iov_base = (void *)(address + at);
    path[at + 1] = 0;
    if (process_vm_readv(thread, &here, 1, &there, 1, 0) != 1 || path[at] == 0) {
      path[at] = 0;
      return;
    }
  }
}

/* The change that a thread is about to make, and of what; none for other system calls. */
static const struct change *change_ahead(pid_t thread, char *path, size_t size) {
  struct __ptrace_syscall_info call;
  struct stat found;
  char link[64];
  if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof call, &call) < 0) fail(CANNOT_TRACE, "system call");
  if (call.op != PTRACE_SYSCALL_INFO_ENTRY) return 0;
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    const struct change *change = &changes[i];
    uint64_t argument = call.entry.args[change->argument];
    if ((uint64_t)change->number != call.entry.nr) continue;
    if (change->names == BY_FD) {
      snprintf(link, sizeof link, "/proc/%d/fd/%d", thread, (int)argument);
      ssize_t length = readlink(link, path, size - 1);
      path[length > 0 ? length : 0] = 0;
      return keeps_content(link, &found) ? change : 0;
    }
    if (change->names == CREATES && change->flags >= 0 && !(call.entry.args[change->flags] & (O_CREAT | O_TRUNC)))
      return 0;
    read_path(thread, argument, path, size);
    if (change->names == CREATES && stat(path, &found) == 0 && !keeps_content(path, &found)) return 0;
    return change;
  }
  return 0;
}

/* Starts the program stopped and traced. */
static pid_t start_traced(char **program) {
  pid_t child = fork();
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0) fail(CANNOT_TRACE, "ptrace");
    raise(SIGSTOP);
    execvp(program[0], program);
    fail(errno == ENOENT ? 127 : 126, "%s", program[0]);
  }
  int status = wait_for(child);
  if (WIFEXITED(status)) exit(WEXITSTATUS(status));
  long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SETOPTIONS, child, 0, options) < 0 || ptrace(PTRACE_SYSCALL, child, 0, 0) < 0)
    fail(CANNOT_TRACE, "ptrace");
  return child;
}

/*
 * Follows the threads of a program, not the programs it starts, and writes each change it is about to make to a file
 * or a directory as a line of LIST. With N above 0 it is killed right before the Nth, and nothing of that happens.
 */
static int crash_at(char **argv) {
  long wanted = atol(argv[0]), count = 0;
  char path[4096];
  int status;
  int list = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (list < 0) fail(1, "%s", argv[1]);
  pid_t program = start_traced(argv + 2);
  for (;;) {
    pid_t thread = waitpid(-1, &status, __WALL);
    if (thread < 0 && errno == EINTR) continue;
    if (thread < 0) fail(1, "waitpid");
    if (thread == program && !WIFSTOPPED(status)) return end_like(status);
    if (!WIFSTOPPED(status)) continue;
    int number = WSTOPSIG(status), passed = number;
    if (number == (SIGTRAP | 0x80)) {
      const struct change *change = change_ahead(thread, path, sizeof path);
      passed = 0;
      if (change != 0) {
        dprintf(list, "%s %s\n", change->name, path);
        if (++count == wanted) {
          kill(program, SIGKILL);
          continue;
        }
      }
    } else if (status >> 16 != 0 || (number == SIGSTOP && thread != program)) {
      passed = 0; /* a thread begins, or another program */
    }
    ptrace(PTRACE_SYSCALL, thread, 0, passed); /* fails for a thread that was just killed */
  }
}

static int run_mode(int argc, char **argv);

/* ---- spawner ----------------------------------------------------------------------------------------------------- */

/*
 * Requests on stdin, answers on stdout, in the order in which programs end (kernel/spawner.ts). A program of the name "lab" is
 * this one, without another exec.
 */
struct request {
  uint32_t id, words, words_length, input_length; /* input_length NO_INPUT: /dev/null */
};
struct answer {
  uint32_t id, status, out_length, err_length;
};
#define NO_INPUT 0xffffffffu

struct output {
  char *data;
  size_t length, size;
  int fd; /* -1: at its end */
};

struct job {
  struct job *next;
  uint32_t id, status;
  pid_t pid; /* 0: it has ended */
  char *input;
  size_t input_length, input_at;
  int input_fd;
  struct output out, err;
};

static struct job *jobs;

static void run_program(char **words, int words_count, int input, int out, int err) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  signal(SIGPIPE, SIG_DFL);
  dup2(input, 0);
  dup2(out, 1);
  dup2(err, 2);
  if (strcmp(words[0], "lab") == 0) exit(run_mode(words_count, words));
  execvp(words[0], words);
  fprintf(stderr, "lab: %s: %s\n", words[0], strerror(errno));
  _exit(127);
}

static void start_job(const struct request *request) {
  char *block = malloc(request->words_length + 1);
  char **words = calloc(request->words + 1, sizeof *words);
  struct job *job = calloc(1, sizeof *job);
  int input[2] = {-1, -1}, out[2], err[2];
  if (!read_all(0, block, request->words_length)) exit(0);
  char *at = block;
  for (uint32_t i = 0; i < request->words; i++, at += strlen(at) + 1) words[i] = at;
  *job = (struct job){.next = jobs, .id = request->id, .input_fd = -1};
  if (request->input_length == NO_INPUT) input[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  else {
    job->input = malloc(request->input_length + 1);
    job->input_length = request->input_length;
    if (!read_all(0, job->input, job->input_length)) exit(0);
    if (pipe2(input, O_CLOEXEC) < 0) fail(1, "pipe");
    fcntl(input[1], F_SETFL, O_NONBLOCK);
    job->input_fd = input[1];
  }
  if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0) fail(1, "pipe");
  job->pid = fork();
  if (job->pid == 0) run_program(words, request->words, input[0], out[1], err[1]);
  if (job->pid < 0) fail(1, "fork");
  close(input[0]);
  close(out[1]);
  close(err[1]);
  job->out.fd = out[0];
  job->err.fd = err[0];
  jobs = job;
  free(words);
  free(block);
}

static void collect(struct output *output) {
  if (output->size - output->length < 16384) output->data = realloc(output->data, output->size = output->size * 2 + 32768);
  ssize_t done = read(output->fd, output->data + output->length, output->size - output->length);
  if (done < 0 && errno == EINTR) return;
  if (done > 0) output->length += done;
  else {
    close(output->fd);
    output->fd = -1;
  }
}

static void feed(struct job *job) {
  ssize_t done = write(job->input_fd, job->input + job->input_at, job->input_length - job->input_at);
  if (done < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (done > 0) job->input_at += done;
  /* A program may end without reading all of it. */
  if (done < 0 || job->input_at == job->input_length) {
    close(job->input_fd);
    job->input_fd = -1;
  }
}

static void reap(void) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
    for (struct job *job = jobs; job; job = job->next)
      if (job->pid == pid) {
        job->pid = 0;
        job->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
      }
}

static void answer_ended(void) {
  for (struct job **at = &jobs; *at;) {
    struct job *job = *at;
    if (job->pid != 0 || job->out.fd >= 0 || job->err.fd >= 0) {
      at = &job->next;
      continue;
    }
    struct answer answer = {job->id, job->status, job->out.length, job->err.length};
    write_all(1, &answer, sizeof answer);
    write_all(1, job->out.data, job->out.length);
    write_all(1, job->err.data, job->err.length);
    if (job->input_fd >= 0) close(job->input_fd);
    free(job->input);
    free(job->out.data);
    free(job->err.data);
    *at = job->next;
    free(job);
  }
}

static int spawner(char **argv) {
  (void)argv;
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, 0);
  signal(SIGPIPE, SIG_IGN);
  int ended = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  fcntl(0, F_SETFD, FD_CLOEXEC);
  fcntl(1, F_SETFD, FD_CLOEXEC);
  for (;;) {
    size_t count = 2;
    for (struct job *job = jobs; job; job = job->next) count += 3;
    struct pollfd fds[count], *fd = fds;
    *fd++ = (struct pollfd){0, POLLIN, 0};
    *fd++ = (struct pollfd){ended, POLLIN, 0};
    for (struct job *job = jobs; job; job = job->next) {
      *fd++ = (struct pollfd){job->out.fd, POLLIN, 0};
      *fd++ = (struct pollfd){job->err.fd, POLLIN, 0};
      *fd++ = (struct pollfd){job->input_fd, POLLOUT, 0};
    }
    if (poll(fds, count, -1) < 0 && errno != EINTR) fail(1, "poll");
    fd = fds + 2;
    for (struct job *job = jobs; job; job = job->next, fd += 3) {
      if (fd[0].revents) collect(&job->out);
      if (fd[1].revents) collect(&job->err);
      if (fd[2].revents) feed(job);
    }
    if (fds[1].revents) {
      struct signalfd_siginfo info;
      while (read(ended, &info, sizeof info) > 0);
      reap();
    }
    answer_ended();
    if (fds[0].revents) {
      struct request request;
      if (!read_all(0, &request, sizeof request)) return 0;
      start_job(&request);
    }
  }
}

/* ------------------------------------------------------------------------------------------------------------------ */

int main(int argc, char **argv) {
  const char *slash = strrchr(argv[0], '/');
  const char *program = slash ? slash + 1 : argv[0];
  return strcmp(program, "lab") == 0 ? run_mode(argc, argv) : stand_in(program, argc, argv);
}

static int run_mode(int argc, char **argv) {
  static const struct {
    const char *name;
    int arguments;
    int (*run)(char **);
  } modes[] = {{"launch", 4, launch}, {"zone", 4, zone},         {"enter", 5, enter},     {"login", 5, login},
               {"netns", 2, in_netns}, {"sysctl", 1, set_sysctls}, {"capture", 1, capture}, {"inject", 1, inject},
               {"crash-at", 3, crash_at}, {"spawner", 0, spawner}};
  for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++)
    if (argc - 2 >= modes[i].arguments && strcmp(argv[1], modes[i].name) == 0) return modes[i].run(argv + 2);
  fprintf(stderr, "lab: no such mode\n");
  return 2;
}
