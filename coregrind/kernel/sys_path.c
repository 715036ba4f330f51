/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/sys_path: calls that take a path which may lead into /proc/self, and the few others whose
 * strings need more than a row says.  */
#include <fcntl.h>
#include <sys/stat.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include "kernel/sys.h"

/* Does "/proc/self/fd/N" (or fdinfo/N) name a descriptor that the client has not got? */
static bool names_hidden_fd(const char *path)
{
    const char *n = strncmp(path, "/proc/self/fd/", 14) == 0 ? path + 14
                  : strncmp(path, "/proc/self/fdinfo/", 18) == 0 ? path + 18 : NULL;
    return n && *n >= '0' && *n <= '9' && sys_fd_hidden(atoi(n));
}

/* The call with the path in argument i led to where the client would see it. */
static int64_t with_path(struct ng_thread *t, const uint64_t a[6], int dirfd, int i, bool follow)
{
    char path[64];
    if (!proc_path(dirfd, a[i], path))
        return sys_forward(t, a);
    if (names_hidden_fd(path))
        return -ENOENT;
    const char *link = follow ? kernel_proc_link(path) : NULL;
    if (!link)
        return sys_forward(t, a);
    uint64_t b[6];
    memcpy(b, a, sizeof b);
    b[i] = (uint64_t)link;
    return sys_forward(t, b);
}

static int64_t open_any(struct ng_thread *t, const uint64_t a[6], int dirfd, int i, int flags)
{
    char path[64];
    if (proc_path(dirfd, a[i], path)) {
        const int fd = kernel_proc_open(path, flags);
        if (fd >= 0)
            return fd;
    }
    return with_path(t, a, dirfd, i, !(flags & O_NOFOLLOW));
}

int64_t sys_open(struct ng_thread *t, const uint64_t a[6])
{
    return open_any(t, a, AT_FDCWD, 0, (int)a[1]);
}

int64_t sys_openat(struct ng_thread *t, const uint64_t a[6])
{
    return open_any(t, a, (int)a[0], 1, (int)a[2]);
}

int64_t sys_openat2(struct ng_thread *t, const uint64_t a[6])
{
    uint64_t flags = 0;
    ng_read(&flags, a[2], sizeof flags);
    return open_any(t, a, (int)a[0], 1, (int)flags);
}

int64_t sys_stat(struct ng_thread *t, const uint64_t a[6])
{
    return with_path(t, a, AT_FDCWD, 0, true);
}

int64_t sys_lstat(struct ng_thread *t, const uint64_t a[6])
{
    return with_path(t, a, AT_FDCWD, 0, false);
}

int64_t sys_newfstatat(struct ng_thread *t, const uint64_t a[6])
{
    return with_path(t, a, (int)a[0], 1, !(a[3] & AT_SYMLINK_NOFOLLOW));
}

int64_t sys_statx(struct ng_thread *t, const uint64_t a[6])
{
    return a[1] ? with_path(t, a, (int)a[0], 1, !(a[2] & AT_SYMLINK_NOFOLLOW)) : sys_forward(t, a);
}

int64_t sys_access(struct ng_thread *t, const uint64_t a[6])
{
    return with_path(t, a, AT_FDCWD, 0, true);
}

int64_t sys_faccessat(struct ng_thread *t, const uint64_t a[6])
{
    enum { FACCESSAT2 = 439 };
    return with_path(t, a, (int)a[0], 1, sys_number(t) != FACCESSAT2 || !(a[3] & AT_SYMLINK_NOFOLLOW));
}

/* ---- readlink ---- */

static int64_t readlink_any(struct ng_thread *t, const uint64_t a[6], int dirfd, int i)
{
    char path[64];
    const char *link = NULL;
    if (proc_path(dirfd, a[i], path)) {
        if (names_hidden_fd(path))
            return -ENOENT;
        link = kernel_proc_link(path);
    }
    if (!link)
        return sys_forward(t, a);
    const int room = (int)a[i + 2];
    const size_t n = strlen(link) < (size_t)(room > 0 ? room : 0) ? strlen(link) : (size_t)(room > 0 ? room : 0);
    if (room <= 0)
        return -EINVAL;
    return ng_write(a[i + 1], link, n) == n ? (int64_t)n : -EFAULT;
}

int64_t sys_readlink(struct ng_thread *t, const uint64_t a[6])
{
    return readlink_any(t, a, AT_FDCWD, 0);
}

int64_t sys_readlinkat(struct ng_thread *t, const uint64_t a[6])
{
    return readlink_any(t, a, (int)a[0], 1);
}

/* ---- listings of /proc/self/fd ---- */

/* Takes the entries of hidden descriptors out of n bytes of directory entries; what is left.
 * Both formats: u64 inode, u64 offset, u16 length; the name is at 18 (old) or 19. */
static int64_t filter_entries(uint8_t *buf, int64_t n, int name_at)
{
    int64_t kept = 0;
    for (int64_t i = 0; i + name_at < n;) {
        uint16_t length;
        memcpy(&length, buf + i + 16, 2);
        if (length == 0 || i + length > n)
            break;
        const char *name = (const char *)buf + i + name_at;
        if (*name < '0' || *name > '9' || !sys_fd_hidden(atoi(name))) {
            memmove(buf + kept, buf + i, length);
            kept += length;
        }
        i += length;
    }
    return kept;
}

int64_t sys_getdents(struct ng_thread *t, const uint64_t a[6])
{
    enum { GETDENTS = 78 };
    int64_t result = sys_forward(t, a), kept = 0;
    if (result <= 0 || !proc_is_fd_dir((int)a[0]))
        return result;
    /* Only hidden ones in this portion: go on, for 0 would say that this is the end. */
    for (; result > 0 && kept == 0; result = kept ? kept : sys_forward(t, a)) {
        uint8_t *buf = base_alloc((size_t)result);
        if (ng_read(buf, a[1], (size_t)result) == (size_t)result) {
            kept = filter_entries(buf, result, sys_number(t) == GETDENTS ? 18 : 19);
            ng_write(a[1], buf, (size_t)kept);
        } else
            kept = result;
        free(buf);
    }
    return result;
}

/* ---- execve ---- */

/* The NULL-terminated array of strings at p. */
static int check_strings(struct ng_thread *t, const char *call, const char *name, guest_addr p)
{
    uint64_t string = 1;
    for (int i = 0; p && string; i++, p += 8) {
        int error = sys_check_read(t, sys_what(call, "%s", name), p, 8);
        if (error || ng_read(&string, p, 8) != 8)
            return error;
        if (string)
            error = sys_check_string(t, sys_what(call, "%s[i]", name), string);
        if (error)
            return error;
    }
    return 0;
}

/* process_exec.c does the rest, /proc/self/exe included. */
static int check_exec(struct ng_thread *t, const char *call, guest_addr argv, guest_addr envp)
{
    const int error = check_strings(t, call, "argv", argv);
    return error ? error : check_strings(t, call, "envp", envp);
}

int64_t sys_execve_checked(struct ng_thread *t, const uint64_t a[6])
{
    const int error = check_exec(t, "execve", a[1], a[2]);
    if (error)
        return error;
    kernel_limits_before_exec();
    const int64_t result = sys_execve(t, a);
    kernel_limits_exec_failed();
    return result;
}

int64_t sys_execveat_checked(struct ng_thread *t, const uint64_t a[6])
{
    const int error = check_exec(t, "execveat", a[2], a[3]);
    if (error)
        return error;
    kernel_limits_before_exec();
    const int64_t result = sys_execveat(t, a);
    kernel_limits_exec_failed();
    return result;
}

/* ---- mounts and quotas ---- */

/* The data of most file systems is a string, of some a struct of at most a page: only its range is checked. */
int64_t sys_mount(struct ng_thread *t, const uint64_t a[6])
{
    return sys_in_strip(a[4], 1) ? sys_forward(t, a) : -EFAULT;
}

int64_t sys_fsconfig(struct ng_thread *t, const uint64_t a[6])
{
    int error = sys_in_strip(a[3], 0) ? 0 : -EFAULT;
    switch ((int)a[1]) {
    case FSCONFIG_SET_STRING: case FSCONFIG_SET_PATH: case FSCONFIG_SET_PATH_EMPTY:
        error = sys_check_string(t, "fsconfig(value)", a[3]);
        break;
    case FSCONFIG_SET_BINARY:
        error = sys_check_read(t, "fsconfig(value)", a[3], (uint32_t)a[4]);
        break;
    }
    return error ? error : sys_forward(t, a);
}

static int64_t quota_any(struct ng_thread *t, const uint64_t a[6], uint32_t cmd, guest_addr p)
{
    static const struct { uint32_t sub; bool out; uint32_t size; } subs[] = {
        { 0x800004, true, 4 }, { 0x800005, true, 24 }, { 0x800006, false, 24 }, { 0x800007, true, 72 },
        { 0x800008, false, 72 }, { 0x800009, true, 80 } };
    int error = cmd >> 8 == 0x800002 ? sys_check_string(t, "quotactl(addr)", p) : 0;
    uint32_t written = 0;
    for (size_t i = 0; i < sizeof subs / sizeof *subs; i++)
        if (subs[i].sub == cmd >> 8) {
            error = subs[i].out ? sys_check_write(t, "quotactl(addr)", p, subs[i].size)
                                : sys_check_read(t, "quotactl(addr)", p, subs[i].size);
            written = subs[i].out ? subs[i].size : 0;
        }
    if (error || !sys_in_strip(p, 0))
        return -EFAULT;
    const int64_t result = sys_forward(t, a);
    if (result == 0)
        sys_wrote(t, p, written);
    return result;
}

int64_t sys_quotactl(struct ng_thread *t, const uint64_t a[6])
{
    return quota_any(t, a, (uint32_t)a[0], a[3]);
}

int64_t sys_quotactl_fd(struct ng_thread *t, const uint64_t a[6])
{
    return quota_any(t, a, (uint32_t)a[1], a[3]);
}

/* utimensat(2): tv_sec of a time is looked at unless its tv_nsec says "now" or "leave it". */
int64_t sys_utimensat(struct ng_thread *t, const uint64_t a[6])
{
    static const char *const names[2] = { "utimensat(times[0].tv_sec)", "utimensat(times[1].tv_sec)" };
    struct timespec times[2];
    if (a[2] && ng_read(times, a[2], sizeof times) == sizeof times)
        for (int i = 0; i < 2; i++)
            if (times[i].tv_nsec != UTIME_NOW && times[i].tv_nsec != UTIME_OMIT &&
                sys_check_read(t, names[i], a[2] + (unsigned)i * sizeof *times, 8))
                return -EFAULT;
    return sys_forward(t, a);
}
