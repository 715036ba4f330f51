/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/proc: /proc/self as the client should find it.
 *
 * exe is the client's program; maps, cmdline, environ and auxv are its own; fd and
 * fdinfo leave out nagrind's descriptors.  The same holds under /proc/PID with our
 * own pid, /proc/thread-self and /proc/self/task/TID.  Everything else under /proc
 * is the kernel's.  */
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "kernel/sys.h"

struct kernel_client kernel_client;

/* ---- which paths ---- */

static const char *after_number(const char *p)
{
    const size_t n = strspn(p, "0123456789");
    return n && p[n] == '/' ? p + n + 1 : NULL;
}

static const char *after_word(const char *p, const char *word)
{
    const size_t n = strlen(word);
    return strncmp(p, word, n) == 0 && p[n] == '/' ? p + n + 1 : NULL;
}

/* Squeezes "//" and "/./" in place. */
static void squeeze(char *path)
{
    char *to = path;
    for (const char *p = path; *p;) {
        if (p[0] == '/' && p[1] == '/')
            p++;
        else if (p[0] == '/' && p[1] == '.' && p[2] == '/')
            p += 2;
        else
            *to++ = *p++;
    }
    *to = 0;
}

/* What follows our own process's directory in an absolute path; NULL if it is elsewhere. */
static const char *inside_self(const char *path)
{
    const char *p = after_word(path, "/proc"), *rest;
    if (!p)
        return NULL;
    if ((rest = after_word(p, "thread-self")))
        return rest;
    rest = after_word(p, "self");
    if (!rest && (rest = after_number(p)) && atoi(p) != getpid())
        return NULL;
    const char *task = rest ? after_word(rest, "task") : NULL;
    return task && after_number(task) ? after_number(task) : rest;
}

/* Could the last component be one of ours?  Keeps the common path cheap. */
static bool is_candidate(const char *path)
{
    static const char *const names[] = { "exe", "maps", "cmdline", "environ", "auxv" };
    const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(last, names[i]) == 0)
            return true;
    return *last && strspn(last, "0123456789") == strlen(last);
}

/* A relative path made absolute by its directory's link, if that is under /proc. */
static bool make_absolute(int dirfd, char *path, size_t size)
{
    char link[32], dir[PATH_MAX];
    if (dirfd == AT_FDCWD)
        snprintf(link, sizeof link, "/proc/self/cwd");
    else
        snprintf(link, sizeof link, "/proc/self/fd/%d", dirfd);
    const ssize_t n = readlink(link, dir, sizeof dir - 1);
    if (n <= 0 || strncmp(dir, "/proc", 5) != 0 || (size_t)n + strlen(path) + 2 > size)
        return false;
    memmove(path + n + 1, path, strlen(path) + 1);
    memcpy(path, dir, (size_t)n);
    path[n] = '/';
    return true;
}

bool proc_path(int dirfd, guest_addr path, char out[64])
{
    char full[PATH_MAX];
    if (ng_read_string(full, path, sizeof full) <= 0)
        return false;
    if (!is_candidate(full))
        return false;
    squeeze(full);
    if (full[0] != '/' && !make_absolute(dirfd, full, sizeof full))
        return false;
    const char *rest = inside_self(full);
    if (!rest || strlen(rest) > 40)
        return false;
    snprintf(out, 64, "/proc/self/%s", rest);
    return true;
}

bool proc_is_fd_dir(int fd)
{
    char link[40], dir[PATH_MAX];
    struct statfs fs;
    if (fstatfs(fd, &fs) || fs.f_type != PROC_SUPER_MAGIC)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, dir, sizeof dir - 2);
    if (n <= 0)
        return false;
    memcpy(dir + n, "/", 2);
    const char *rest = inside_self(dir);
    return rest && (strcmp(rest, "fd/") == 0 || strcmp(rest, "fdinfo/") == 0);
}

/* ---- contents ---- */

struct text { char *p; size_t n, cap; };

static void append(struct text *t, const void *p, size_t n)
{
    if (t->n + n > t->cap) {
        t->cap = 2 * (t->n + n);
        t->p = base_realloc(t->p, t->cap);
    }
    memcpy(t->p + t->n, p, n);
    t->n += n;
}

static void append_strings(struct text *t, char **v)
{
    for (; v && *v; v++)
        append(t, *v, strlen(*v) + 1);
}

/* Fills a file of ours; the descriptor, or -errno.  It is the client's: lowest number, close-on-exec as asked. */
static int make_file(const char *name, const struct text *text, int flags)
{
    const int fd = memfd_create(name, flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
    if (fd < 0)
        return -errno;
    for (size_t done = 0; done < text->n;) {
        const ssize_t n = write(fd, text->p + done, text->n - done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

int kernel_proc_open(const char *path, int flags)
{
    struct text text = { 0 };
    const char *name = strrchr(path, '/') + 1;
    int fd = -1;
    if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_PATH) || strncmp(path, "/proc/self/", 11) != 0 || name != path + 11)
        return -1;
    if (strcmp(name, "maps") == 0)
        text.p = space_maps_text(&text.n);
    else if (strcmp(name, "cmdline") == 0)
        append_strings(&text, kernel_client.argv);
    else if (strcmp(name, "environ") == 0)
        append_strings(&text, kernel_client.envp);
    else if (strcmp(name, "auxv") == 0) {
        text.p = base_alloc(kernel_client.auxv_size + 1);
        text.n = ng_read(text.p, kernel_client.auxv, kernel_client.auxv_size);
    } else
        return -1;
    fd = make_file(name, &text, flags);
    free(text.p);
    return fd;
}

const char *kernel_proc_link(const char *path)
{
    char full[PATH_MAX];
    if (strncmp(path, "/proc", 5) != 0 || strlen(path) >= sizeof full)
        return NULL;
    strcpy(full, path);
    squeeze(full);
    const char *rest = inside_self(full);
    return rest && strcmp(rest, "exe") == 0 ? kernel_client.exe_path : NULL;
}
