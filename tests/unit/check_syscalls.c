/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: coregrind/kernel/syscall_table.c coregrind/kernel/syscall.c coregrind/kernel/sys_iov.c coregrind/kernel/sys_fd.c
 *        coregrind/kernel/sys_ioctl.c coregrind/kernel/sys_ipc.c coregrind/kernel/sys_limits.c coregrind/kernel/sys_mem.c
 *        coregrind/kernel/sys_path.c coregrind/kernel/sys_poll.c coregrind/kernel/sys_socket.c coregrind/kernel/sys_thread.c
 *        coregrind/kernel/proc.c */
/* System calls under a fake tool that writes down every event: what is checked, in which order, what is marked,
 * and what never reaches the kernel. */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "kernel/sys.h"
#include "kernel/syscall_table.h"
#include "launch/options.h"
#include "report/report.h"

/* ---- the rest of nagrind, as far as these files call it ---- */

uint64_t ng_strip_size = 1ull << 44, ng_v_shift = 1ull << 44;
struct options options;
int base_fd_floor = 256;
static struct ng_thread thread;
static char events[8192];
static int kernel_calls;

static void note(const char *fmt, ...)
{
    va_list va;
    const size_t n = strlen(events);
    va_start(va, fmt);
    vsnprintf(events + n, sizeof events - n, fmt, va);
    va_end(va);
}

static void on_reg(struct ng_thread *t, int slot, const char *what, int size)
{
    (void)t, (void)slot;
    if (strcmp(what, "(syscallno)"))
        note("r:%s/%d ", what, size);
}
static void on_read(struct ng_thread *t, const char *what, guest_addr a, size_t size)
{
    (void)t, (void)a;
    note("i:%s/%zu ", what, size);
}
static void on_string(struct ng_thread *t, const char *what, guest_addr a)
{
    (void)t, (void)a;
    note("s:%s ", what);
}
static void on_write(struct ng_thread *t, const char *what, guest_addr a, size_t size)
{
    (void)t, (void)a;
    note("o:%s/%zu ", what, size);
}
static void on_wrote(struct ng_thread *t, guest_addr a, size_t size)
{
    (void)t, (void)a;
    note("w:%zu ", size);
}

static const struct ng_tool fake = { .name = "fake", .events = { .pre_reg_read = on_reg, .pre_mem_read = on_read,
    .pre_mem_read_string = on_string, .pre_mem_write = on_write, .post_mem_write = on_wrote } };
const struct ng_tool *tool = &fake;

static int64_t raw(long number, const uint64_t a[6])
{
    kernel_calls++;
    const long r = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    return r < 0 ? -errno : r;
}
int64_t kernel_blocking(struct ng_thread *t, long number, const uint64_t a[6]) { (void)t; return raw(number, a); }
int64_t kernel_direct(long number, const uint64_t a[6]) { return raw(number, a); }
size_t ng_read(void *to, guest_addr from, size_t size) { if (from < 4096) return 0; memcpy(to, (void *)from, size); return size; }
size_t ng_write(guest_addr to, const void *from, size_t size) { if (to < 4096) return 0; memcpy((void *)to, from, size); return size; }
ssize_t ng_read_string(char *buf, guest_addr from, size_t size)
{
    if (from < 4096)
        return -1;
    snprintf(buf, size, "%s", (char *)from);
    return (ssize_t)strlen(buf);
}
const char *ng_intern(const char *s) { return strdup(s); }
void ng_msg(const char *fmt, ...) { note("msg:%s ", fmt); }
void report_debug(const char *fmt, ...) { note("msg:%s ", fmt); }
void ng_threads_each(void (*fn)(struct ng_thread *t, void *arg), void *arg) { fn(&thread, arg); }
void space_kernel_will_write(guest_addr a, uint64_t size) { (void)a, (void)size; }
void *base_alloc(size_t size) { return calloc(1, size ? size : 1); }
void *base_realloc(void *p, size_t size) { return realloc(p, size); }
char *base_strdup(const char *s) { return strdup(s); }
void base_lock(struct base_lock *l) { (void)l; }
void base_unlock(struct base_lock *l) { (void)l; }
void base_lock_register(struct base_lock *l, int rank) { (void)l, (void)rank; }
void base_assert_failed(const char *cond, const char *file, int line) { fprintf(stderr, "%s:%d: %s\n", file, line, cond); abort(); }
char *space_maps_text(size_t *size) { *size = 4; return strdup("maps"); }
int64_t space_mmap(guest_addr h, uint64_t n, int p, int f, int fd, uint64_t o) { note("space_mmap "); (void)h, (void)n, (void)p, (void)f, (void)fd, (void)o; return 0x10000; }
int64_t space_munmap(guest_addr a, uint64_t n) { (void)a, (void)n; return 0; }
int64_t space_mprotect(guest_addr a, uint64_t n, int p) { (void)a, (void)n, (void)p; return 0; }
int64_t space_mremap(guest_addr a, uint64_t o, uint64_t n, int f, guest_addr w) { (void)a, (void)o, (void)n, (void)f, (void)w; return 0; }
int64_t space_brk(guest_addr a) { return (int64_t)a; }
int64_t space_madvise(guest_addr a, uint64_t n, int v) { (void)a, (void)n, (void)v; return 0; }
int64_t space_shmat(int i, guest_addr a, int f) { (void)i, (void)a, (void)f; return 0; }
int64_t space_shmdt(guest_addr a) { (void)a; return 0; }
#define OTHERS(name) int64_t name(struct ng_thread *t, const uint64_t a[6]) { (void)t, (void)a; return 0; }
OTHERS(sys_rt_sigaction) OTHERS(sys_rt_sigprocmask) OTHERS(sys_rt_sigreturn) OTHERS(sys_rt_sigsuspend)
OTHERS(sys_rt_sigpending) OTHERS(sys_rt_sigtimedwait) OTHERS(sys_sigaltstack) OTHERS(sys_clone) OTHERS(sys_clone3)
OTHERS(sys_fork) OTHERS(sys_vfork) OTHERS(sys_execve) OTHERS(sys_execveat) OTHERS(sys_exit) OTHERS(sys_exit_group)

/* ---- helpers ---- */

/* A page of the client strip that stands for client memory. */
static char *page(void)
{
    static char *p;
    if (!p)
        p = mmap((void *)0x7000000000, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    ck_assert_ptr_ne(p, MAP_FAILED);
    memset(p, 0, 65536);
    return p;
}

static int64_t call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    struct x86_state *s = &thread.state;
    s->gpr[X86_RAX] = (uint64_t)number;
    s->gpr[X86_RDI] = a; s->gpr[X86_RSI] = b; s->gpr[X86_RDX] = c;
    s->gpr[X86_R10] = d; s->gpr[X86_R8] = e; s->gpr[X86_R9] = f;
    s->rip = 0x401234;
    s->rflags = 0x46;
    events[0] = 0;
    kernel_calls = 0;
    kernel_syscall(&thread);
    return (int64_t)s->gpr[X86_RAX];
}
#define A(x) ((uint64_t)(uintptr_t)(x))

static void expect(const char *text)
{
    ck_assert_str_eq(events, text);
}

/* ---- the table ---- */

START_TEST(rows_parse_and_are_complete)
{
    int n = 0;
    for (int i = 0; i < SYSCALL_MAX; i++) {
        const struct syscall_row *r = syscall_row((uint64_t)i);
        n += r != NULL;
        if (r && (r->flags & BLOCKS))
            ck_assert(i != SYS_exit);
    }
    ck_assert_int_eq(n, 335 + 39); /* 0-334, 424-462 */
    ck_assert_str_eq(kernel_syscall_name(SYS_read), "read");
    ck_assert_str_eq(kernel_syscall_name(9999), "unknown");
}
END_TEST

START_TEST(type_or_argument)
{
    const uint64_t a[6] = { 1, 0x7000000000, 0, 0x7000000000 };
    ck_assert_uint_eq(syscall_size(&syscall_row(SYS_wait4)->args[3].size, a, 0), 144); /* rusage?[rusage] */
    ck_assert_uint_eq(syscall_size(&syscall_row(SYS_read)->args[1].size, (const uint64_t[6]){ 0, 0, 9 }, 0), 9);
}
END_TEST

START_TEST(bad_rows_are_refused)
{
    static const char *const bad[] = { "fd", "fd fd,, int x", "in buf[nothing]", "out buf[4] upto", "int x if y&1", "bogus x",
                                       "in buf[4", "int x trailing" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct syscall_row r = { .name = "x", .report = "", .text = bad[i] };
        ck_assert_msg(syscall_row_parse(&r) != 0, "%s", bad[i]);
    }
}
END_TEST

/* ---- plain rows ---- */

START_TEST(write_and_read)
{
    char *p = page();
    int fd[2];
    ck_assert_int_eq(pipe(fd), 0);
    ck_assert_int_eq(call(SYS_write, (uint64_t)fd[1], A(p), 5, 0, 0, 0), 5);
    expect("r:write(fd)/4 r:write(buf)/8 r:write(count)/8 i:write(buf)/5 ");
    ck_assert_int_eq(call(SYS_read, (uint64_t)fd[0], A(p), 100, 0, 0, 0), 5);
    expect("r:read(fd)/4 r:read(buf)/8 r:read(count)/8 o:read(buf)/100 w:5 ");
    close(fd[0]);
    close(fd[1]);
}
END_TEST

START_TEST(registers_after)
{
    ck_assert_int_eq(call(SYS_getpid, 0, 0, 0, 0, 0, 0), getpid());
    ck_assert_uint_eq(thread.state.gpr[X86_RCX], 0x401234);
    ck_assert_uint_eq(thread.state.gpr[X86_R11], 0x246);
    ck_assert_uint_eq(thread.state.rip, 0x401234);
}
END_TEST

START_TEST(conditional_argument)
{
    char *p = page();
    strcpy(p, "/nonexistent/file");
    ck_assert_int_eq(call(SYS_open, A(p), O_RDONLY, 0, 0, 0, 0), -ENOENT);
    expect("r:open(filename)/8 r:open(flags)/4 s:open(filename) ");
    ck_assert_int_eq(call(SYS_open, A(p), O_CREAT | O_RDWR, 0600, 0, 0, 0), -ENOENT);
    expect("r:open(filename)/8 r:open(flags)/4 r:open(mode)/4 s:open(filename) ");
}
END_TEST

START_TEST(fields_and_null)
{
    char *p = page();
    call(SYS_setitimer, 0, A(p), 0, 0, 0, 0);
    expect("r:setitimer(which)/4 r:setitimer(value)/8 r:setitimer(ovalue)/8 "
           "i:setitimer(&value->it_interval)/16 i:setitimer(&value->it_value)/16 ");
}
END_TEST

START_TEST(other_names_for_memory)
{
    char *p = page();
    call(SYS_newfstatat, (uint64_t)AT_FDCWD, A(strcpy(p, "/")), A(p + 100), 0, 0, 0);
    ck_assert_ptr_nonnull(strstr(events, "s:fstatat(file_name) o:fstatat(buf)/144 w:144"));
    const int s = socket(AF_UNIX, SOCK_DGRAM, 0);
    *(uint16_t *)p = AF_UNIX;
    strcpy(p + 2, "/nonexistent");
    call(SYS_connect, (uint64_t)s, A(p), 60, 0, 0, 0);
    ck_assert_ptr_nonnull(strstr(events, "i:socketcall.connect(serv_addr.sa_family)/2 i:socketcall.connect(serv_addr.sun_path)/13"));
    close(s);
}
END_TEST

START_TEST(value_result)
{
    char *p = page();
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    uint32_t *length = (uint32_t *)(p + 200);
    *length = 100;
    ck_assert_int_eq(call(SYS_getsockname, (uint64_t)s, A(p), A(length), 0, 0, 0), 0);
    ck_assert_ptr_nonnull(strstr(events, "o:socketcall.getsockname(name)/100 i:socketcall.getsockname(namelen_in)/4 w:16 w:4"));
    close(s);
}
END_TEST

START_TEST(interrupted_sleep_only)
{
    char *p = page();
    ((struct timespec *)p)->tv_nsec = 1;
    ck_assert_int_eq(call(SYS_nanosleep, A(p), A(p + 64), 0, 0, 0, 0), 0);
    ck_assert_ptr_nonnull(strstr(events, "o:nanosleep(rem)/16 "));
    ck_assert_ptr_null(strstr(events, "w:"));
}
END_TEST

/* ---- nothing of the tool half reaches the kernel ---- */

START_TEST(pointers_outside)
{
    char *p = page();
    const uint64_t S = ng_strip_size;
    ck_assert_int_eq(call(SYS_write, 1, S, 1, 0, 0, 0), -EFAULT);
    ck_assert_int_eq(call(SYS_read, 0, S - 10, 11, 0, 0, 0), -EFAULT);
    ck_assert_int_eq(call(SYS_read, 0, A(p), ~0ull, 0, 0, 0), -EFAULT);
    ck_assert_int_eq(call(SYS_open, A("/etc/passwd"), 0, 0, 0, 0, 0), -EFAULT); /* a string of the tool half */
    ck_assert_int_eq(call(SYS_clock_gettime, 0, A(&S), 0, 0, 0, 0), -EFAULT);
    ck_assert_int_eq(call(SYS_futex, A(&S), 1, 1, 0, 0, 0), -EFAULT);
    ck_assert_int_eq(call(SYS_poll, A(&S), 1, 0, 0, 0, 0), -EFAULT);
    ck_assert_int_eq(call(SYS_select, 1, A(&S), 0, 0, 0, 0), -EFAULT);
    ck_assert_int_eq(call(SYS_ioctl, 0, 0x5413, A(&S), 0, 0, 0), -EFAULT);
    ck_assert_int_eq(call(999, A(&S), 0, 0, 0, 0, 0), -EFAULT);
    struct iovec *v = (struct iovec *)p;
    v[0] = (struct iovec){ (void *)(uintptr_t)&S, 8 };
    ck_assert_int_eq(call(SYS_writev, 1, A(v), 1, 0, 0, 0), -EFAULT);
    ck_assert_int_eq(call(SYS_readv, 0, A(v), 1, 0, 0, 0), -EFAULT);
    struct msghdr *h = (struct msghdr *)(p + 4096);
    h->msg_iov = v;
    h->msg_iovlen = 1;
    ck_assert_int_eq(call(SYS_sendmsg, 1, A(h), 0, 0, 0, 0), -EFAULT);
    ck_assert_int_eq(call(SYS_recvmsg, 1, A(h), 0, 0, 0, 0), -EFAULT);
    ck_assert_int_eq(kernel_calls, 0);
}
END_TEST

START_TEST(huge_size_of_a_short_answer)
{
    char *p = page();
    strcpy(p, "/proc/self/cwd");
    ck_assert_int_gt(call(SYS_readlink, A(p), A(p + 4096), 0x7fffffff, 0, 0, 0), 0);
}
END_TEST

/* ---- nested memory ---- */

START_TEST(vectors)
{
    char *p = page();
    int fd[2];
    ck_assert_int_eq(pipe(fd), 0);
    struct iovec *v = (struct iovec *)p;
    v[0] = (struct iovec){ p + 100, 3 };
    v[1] = (struct iovec){ p + 200, 50 };
    ck_assert_int_eq(call(SYS_writev, (uint64_t)fd[1], A(v), 2, 0, 0, 0), 53);
    ck_assert_ptr_nonnull(strstr(events, "i:writev(vector)/32 i:writev(vector[0])/3 i:writev(vector[1])/50 "));
    v[1].iov_len = 10;
    ck_assert_int_eq(call(SYS_readv, (uint64_t)fd[0], A(v), 2, 0, 0, 0), 13);
    ck_assert_ptr_nonnull(strstr(events, "o:readv(vector[0])/3 o:readv(vector[1])/10 w:3 w:10 "));
    close(fd[0]);
    close(fd[1]);
}
END_TEST

START_TEST(messages)
{
    char *p = page();
    int s[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, s), 0);
    struct msghdr *h = (struct msghdr *)p;
    struct iovec *v = (struct iovec *)(p + 128);
    *v = (struct iovec){ p + 1000, 7 };
    h->msg_iov = v;
    h->msg_iovlen = 1;
    ck_assert_int_eq(call(SYS_sendmsg, (uint64_t)s[0], A(h), 0, 0, 0, 0), 7);
    ck_assert_ptr_nonnull(strstr(events, "i:sendmsg(msg.msg_iov)/16 i:sendmsg(msg.msg_iov[0])/7"));
    v->iov_len = 100;
    ck_assert_int_eq(call(SYS_recvmsg, (uint64_t)s[1], A(h), 0, 0, 0, 0), 7);
    ck_assert_ptr_nonnull(strstr(events, "o:recvmsg(msg.msg_iov[0])/100"));
    ck_assert_ptr_nonnull(strstr(events, "w:7 "));
    close(s[0]);
    close(s[1]);
}
END_TEST

START_TEST(polls)
{
    char *p = page();
    struct pollfd *f = (struct pollfd *)p;
    f[0].fd = -1;
    f[1].fd = 1;
    call(SYS_poll, A(f), 2, 0, 0, 0, 0);
    ck_assert_ptr_nonnull(strstr(events, "i:poll(ufds.fd)/4 o:poll(ufds.revents)/2 i:poll(ufds.fd)/4 i:poll(ufds.events)/2 o:poll(ufds.revents)/2 w:2 w:2"));
}
END_TEST

/* ---- descriptors ---- */

START_TEST(hidden_descriptors)
{
    char *p = page();
    const int high = fcntl(1, F_DUPFD_CLOEXEC, base_fd_floor);
    ck_assert_int_ge(high, base_fd_floor);
    ck_assert_int_eq(call(SYS_close, (uint64_t)high, 0, 0, 0, 0, 0), -EBADF);
    ck_assert_int_eq(call(SYS_write, (uint64_t)high, A(p), 1, 0, 0, 0), -EBADF);
    ck_assert_int_eq(call(SYS_dup2, 1, (uint64_t)high, 0, 0, 0, 0), -EBADF);
    ck_assert_int_eq(call(SYS_close_range, (uint64_t)high, ~0u, 0, 0, 0, 0), 0);
    ck_assert_int_ge(fcntl(high, F_GETFD), 0);
    strcpy(p, "/proc/self/fd");
    const int64_t dir = call(SYS_open, A(p), O_RDONLY | O_DIRECTORY, 0, 0, 0, 0);
    ck_assert_int_ge(dir, 0);
    const int64_t n = call(SYS_getdents64, (uint64_t)dir, A(p), 32768, 0, 0, 0);
    bool one = false;
    for (int64_t i = 0; i < n; i += *(uint16_t *)(p + i + 16)) {
        ck_assert(!sys_fd_hidden(atoi(p + i + 19)));
        one |= strcmp(p + i + 19, "1") == 0;
    }
    ck_assert(one);
    close((int)dir);
    snprintf(p, 100, "/proc/%d/fd/%d", getpid(), high);
    ck_assert_int_eq(call(SYS_readlink, A(p), A(p + 200), 100, 0, 0, 0), -ENOENT);
    close(high);
}
END_TEST

/* ---- /proc ---- */

START_TEST(proc_views)
{
    static char *argv[] = { "prog", "x", NULL };
    char *p = page();
    kernel_client.exe_path = "/bin/true";
    kernel_client.argv = argv;
    static const char *const paths[] = { "/proc/self/exe", "/proc//thread-self/./exe", "//proc/./self/exe" };
    for (int i = 0; i < 3; i++) {
        strcpy(p, paths[i]);
        ck_assert_int_eq(call(SYS_readlink, A(p), A(p + 100), 100, 0, 0, 0), 9);
        ck_assert_str_eq(p + 100, "/bin/true");
        memset(p + 100, 0, 100);
    }
    strcpy(p, "/proc/self/cmdline");
    const int64_t fd = call(SYS_openat, (uint64_t)AT_FDCWD, A(p), O_RDONLY, 0, 0, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(read((int)fd, p, 100), 7);
    ck_assert_int_eq(memcmp(p, "prog\0x", 7), 0);
    close((int)fd);
    /* by a relative path */
    const int dir = open("/proc/self", O_RDONLY | O_DIRECTORY);
    memset(p, 0, 200);
    strcpy(p, "exe");
    ck_assert_int_eq(call(SYS_readlinkat, (uint64_t)dir, A(p), A(p + 100), 100, 0, 0), 9);
    close(dir);
    strcpy(p, "/proc/1/exe");
    call(SYS_readlink, A(p), A(p + 100), 100, 0, 0, 0);
    ck_assert_int_eq(kernel_calls, getpid() == 1 ? 0 : 1);
}
END_TEST

/* ---- decisions ---- */

START_TEST(limits_are_a_view)
{
    char *p = page();
    uint64_t *r = (uint64_t *)p;
    r[0] = r[1] = 1 << 20;
    ck_assert_int_eq(call(SYS_setrlimit, 9 /* AS */, A(r), 0, 0, 0, 0), 0);
    ck_assert_int_eq(call(SYS_prlimit64, 0, 9, 0, A(r + 2), 0, 0), 0);
    ck_assert_uint_eq(r[2], 1 << 20);
    ck_assert_ptr_ne(mmap(NULL, 64 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), MAP_FAILED);
}
END_TEST

START_TEST(not_offered)
{
    ck_assert_int_eq(call(SYS_rseq, 0, 32, 0, 0, 0, 0), -ENOSYS);
    ck_assert_int_eq(call(SYS_io_uring_setup, 1, A(page()), 0, 0, 0, 0), -ENOSYS);
    ck_assert_int_eq(call(SYS_seccomp, 1, 0, A(page()), 0, 0, 0), -EINVAL);
    ck_assert_int_eq(kernel_calls, 0);
    call(999, 0, 0, 0, 0, 0, 0);
    ck_assert_ptr_nonnull(strstr(events, "msg:WARNING: unhandled amd64-linux syscall"));
    call(999, 0, 0, 0, 0, 0, 0);
    ck_assert_ptr_null(strstr(events, "msg:"));
}
END_TEST

START_TEST(ioctls)
{
    char *p = page();
    int fd[2];
    ck_assert_int_eq(pipe(fd), 0);
    call(SYS_ioctl, (uint64_t)fd[0], 0x541b /* FIONREAD */, A(p), 0, 0, 0);
    expect("r:ioctl(fd)/4 r:ioctl(request)/4 r:ioctl(arg)/8 o:ioctl(FIONREAD)/4 w:4 ");
    call(SYS_ioctl, (uint64_t)fd[0], 0x5451 /* FIOCLEX */, 0, 0, 0, 0);
    expect("r:ioctl(fd)/4 r:ioctl(request)/4 ");
    call(SYS_ioctl, (uint64_t)fd[0], 0x40207801 /* _IOW('x', 1, 32 bytes) */, A(p), 0, 0, 0);
    ck_assert_ptr_nonnull(strstr(events, "i:ioctl(generic)/32"));
    call(SYS_ioctl, (uint64_t)fd[0], 0x7801, 0, 0, 0, 0);
    ck_assert_ptr_nonnull(strstr(events, "msg:Warning: noted but unhandled ioctl"));
    close(fd[0]);
    close(fd[1]);
}
END_TEST

START_TEST(tools_without_events)
{
    static const struct ng_tool silent = { .name = "silent" };
    char *p = page();
    tool = &silent;
    ck_assert_int_eq(call(SYS_clock_gettime, 0, A(p), 0, 0, 0, 0), 0);
    ck_assert_int_eq(call(SYS_poll, A(p), 0, 0, 0, 0, 0), 0);
    tool = &fake;
    expect("");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("syscalls");
    TCase *c = tcase_create("all");
    tcase_add_test(c, rows_parse_and_are_complete);
    tcase_add_test(c, type_or_argument);
    tcase_add_test(c, bad_rows_are_refused);
    tcase_add_test(c, write_and_read);
    tcase_add_test(c, registers_after);
    tcase_add_test(c, conditional_argument);
    tcase_add_test(c, fields_and_null);
    tcase_add_test(c, other_names_for_memory);
    tcase_add_test(c, value_result);
    tcase_add_test(c, interrupted_sleep_only);
    tcase_add_test(c, pointers_outside);
    tcase_add_test(c, huge_size_of_a_short_answer);
    tcase_add_test(c, vectors);
    tcase_add_test(c, messages);
    tcase_add_test(c, polls);
    tcase_add_test(c, hidden_descriptors);
    tcase_add_test(c, proc_views);
    tcase_add_test(c, limits_are_a_view);
    tcase_add_test(c, not_offered);
    tcase_add_test(c, ioctls);
    tcase_add_test(c, tools_without_events);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
