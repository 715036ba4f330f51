/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/process_exec: execve.  Without --trace-children the program replaces us, and the
 * kernel alone decides whether it can: nothing is torn down before.  With it, nagrind
 * is started anew with the same options; what would fail natively must fail here
 * first, so the program is looked at before.  */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "kernel/signals.h"
#include "launch/launch.h"
#include "launch/options.h"
#include "report/report.h"

enum { MAX_STRINGS = 1 << 20 };
extern char **environ;

/* ---- our own command line, up to the client's ---- */

/* NULL-terminated vector of our options with room for `extra` more. */
static char **own_options(size_t extra)
{
    char *text = NULL;
    size_t n = 0, cap = 0, count = 0;
    const int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    for (ssize_t got = 1; fd >= 0 && got > 0; n += (size_t)(got > 0 ? got : 0)) {
        if (cap - n < 4096)
            text = base_realloc(text, cap += 65536);
        got = read(fd, text + n, cap - n);
    }
    if (fd >= 0)
        close(fd);
    for (size_t i = 0; i < n; i++)
        count += !text[i];
    char **v = base_alloc((count + extra + 2) * sizeof *v);
    const size_t ours = count > (size_t)options.argc ? count - (size_t)options.argc : 1;
    size_t k = 0;
    for (char *s = text; k < ours && s && s < text + n; s += strlen(s) + 1)
        v[k++] = s;
    if (k > 1 && !strcmp(v[k - 1], "--"))
        k--;
    v[k] = NULL;
    return v; /* what v points to lives until exec, or leaks with the failed call */
}

/* ---- the guest's vectors ---- */

/* Copies a NULL-terminated vector of guest pointers: strings stay where they are.  NULL: unreadable. */
static char **guest_vector(guest_addr at, size_t *n)
{
    char **v = NULL;
    size_t cap = 0, k = 0;
    for (; k < MAX_STRINGS; k++) {
        uint64_t p = 0;
        if (at && ng_read(&p, at + 8 * k, 8) != 8)
            break;
        if (k + 1 >= cap)
            v = base_realloc(v, (cap = 2 * cap + 16) * sizeof *v);
        v[k] = (char *)(uintptr_t)p;
        if (!p) {
            *n = k;
            return v;
        }
    }
    free(v);
    return NULL;
}

static bool strings_are_readable(char *const *v)
{
    char probe[2];
    for (; *v; v++)
        if (ng_read(probe, (guest_addr)(uintptr_t)*v, 1) != 1)
            return false;
    return true;
}

/* ---- traced: nagrind --options -- path args ---- */

/* prefix + path, or -ENAMETOOLONG. */
static int join(char out[PATH_MAX], const char *prefix, const char *path)
{
    const size_t a = strlen(prefix), b = strlen(path);
    if (a + b >= PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(out, prefix, a);
    memcpy(out + a, path, b + 1);
    return 0;
}

/* What descriptor fd is open on, with `tail` after it. */
static int fd_path(int fd, const char *tail, char out[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, out, PATH_MAX - 1);
    if (n < 0)
        return -EBADF;
    out[n] = 0;
    if (*tail && (size_t)n + strlen(tail) + 1 < PATH_MAX) {
        out[n] = '/';
        strcpy(out + n + 1, tail);
    } else if (*tail) {
        return -ENAMETOOLONG;
    } else if (access(out, F_OK) != 0) { /* deleted, or a memfd: only its descriptor leads there */
        strcpy(out, link);
    }
    return 0;
}

/* The path as our launcher should see it: never searched in $PATH. */
static int plain_path(int dirfd, const char *path, int flags, char out[PATH_MAX])
{
    if (!*path)
        return flags & AT_EMPTY_PATH ? fd_path(dirfd, "", out) : -ENOENT;
    if (*path == '/' || !strncmp(path, "./", 2))
        return *path == '/' || dirfd == AT_FDCWD ? join(out, "", path) : fd_path(dirfd, path, out);
    return dirfd == AT_FDCWD ? join(out, "./", path) : fd_path(dirfd, path, out);
}

/* The environment and, if the program's argv[0] is not its path, our note of it for the new launcher. */
static char **traced_env(char *const *envp, size_t n, const char *argv0, const char *path)
{
    char **env = base_alloc((n + 2) * sizeof *env);
    memcpy(env, envp, n * sizeof *env);
    if (argv0 && strcmp(argv0, path) && asprintf(&env[n], "NAGRIND_INTERNAL_ARGV0=%s", argv0) < 0)
        env[n] = NULL;
    return env;
}

static int64_t exec_traced(struct ng_thread *t, int dirfd, const char *path, char *const *argv, size_t argc,
                           char *const *envp, size_t envc, int flags)
{
    char real[PATH_MAX];
    int error = plain_path(dirfd, path, flags, real);
    if (error || (error = launch_can_run(real)))
        return error;
    if (!strings_are_readable(argv) || !strings_are_readable(envp))
        return -EFAULT;
    char **v = own_options(argc + 2);
    size_t k = 0;
    while (v[k])
        k++;
    v[k++] = (char *)"--";
    v[k++] = real;
    for (size_t i = 1; i < argc; i++)
        v[k++] = argv[i];
    v[k] = NULL;
    char **env = traced_env(envp, envc, argc ? argv[0] : NULL, real);
    const uint64_t a[6] = { (uintptr_t)launch_self_path, (uintptr_t)v, (uintptr_t)env };
    kernel_signals_before_exec(t);
    const int64_t result = kernel_direct(SYS_execve, a);
    kernel_signals_exec_failed(t);
    free(v);
    free(env);
    return result;
}

/* ---- both ---- */

static int64_t exec_any(struct ng_thread *t, int dirfd, guest_addr path_at, guest_addr argv_at, guest_addr envp_at, int flags)
{
    char path[PATH_MAX];
    const ssize_t length = ng_read_string(path, path_at, sizeof path);
    if (length < 0)
        return -EFAULT;
    if (length >= PATH_MAX - 1)
        return -ENAMETOOLONG;
    if (kernel_signals_waiting(t))
        return -KERNEL_ERESTART;
    const char *link = kernel_proc_link(path);
    const char *target = link ? link : path;
    if (options.trace_children) {
        size_t argc, envc;
        char **argv = guest_vector(argv_at, &argc), **envp = guest_vector(envp_at, &envc);
        const int64_t result = argv && envp ? exec_traced(t, dirfd, target, argv, argc, envp, envc, flags) : -EFAULT;
        free(argv);
        free(envp);
        return result;
    }
    const uint64_t a[6] = { (uint64_t)dirfd, (uintptr_t)target, argv_at, envp_at, (uint64_t)flags, 0 };
    kernel_signals_before_exec(t);
    const int64_t result = kernel_direct(SYS_execveat, a);
    kernel_signals_exec_failed(t);
    return result;
}

int64_t sys_execve(struct ng_thread *t, const uint64_t a[6])
{
    return exec_any(t, AT_FDCWD, a[0], a[1], a[2], 0);
}

int64_t sys_execveat(struct ng_thread *t, const uint64_t a[6])
{
    return exec_any(t, (int)a[0], a[1], a[2], a[3], (int)a[4]);
}
