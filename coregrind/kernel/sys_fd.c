/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/sys_fd: descriptors.
 *
 * The tool half keeps its own in [base_fd_floor, base_fd_floor + SYS_FDS_HIDDEN),
 * above what the client's soft limit allows by default.  The client's limit stays
 * the kernel's own, so that open fails with EMFILE where it would natively; only
 * base_fd_hide lifts it for a moment.  To the client a hidden number is closed.
 * A client that raises its limit beyond the floor finds its new descriptors
 * moved over the hidden range (sys_fd_place).  */
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "kernel/sys.h"
#include "kernel/syscall_table.h"

enum { SYS_FDS_HIDDEN = 1024, SYS_FDS_HIGHEST = 16384 };

/* The soft limit that was lowered to make room for ours, as the client is told it; 0: none was. */
static uint64_t shown_limit;

uint64_t sys_fds_shown_limit(uint64_t soft)
{
    return shown_limit && soft == (uint64_t)base_fd_floor ? shown_limit : soft;
}

void sys_fds_init(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    const uint64_t top = limit.rlim_max < SYS_FDS_HIGHEST ? limit.rlim_max : SYS_FDS_HIGHEST;
    /* Under a small hard limit the client gets three quarters of it. */
    const uint64_t floor = top >= 4 * SYS_FDS_HIDDEN ? top - SYS_FDS_HIDDEN : top - top / 4;
    base_fd_floor = (int)floor;
    if (limit.rlim_cur > floor && limit.rlim_max <= SYS_FDS_HIGHEST) {
        shown_limit = limit.rlim_cur;
        limit.rlim_cur = floor;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

bool sys_fd_hidden(int fd)
{
    return fd >= base_fd_floor && fd < base_fd_floor + SYS_FDS_HIDDEN;
}

int64_t sys_fd_place(int64_t fd)
{
    if (!sys_fd_hidden((int)fd))
        return fd;
    const int flags = fcntl((int)fd, F_GETFD);
    const int high = fcntl((int)fd, flags & FD_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, base_fd_floor + SYS_FDS_HIDDEN);
    const int error = errno;
    close((int)fd);
    return high >= 0 ? high : error == EINVAL ? -EMFILE : -error;
}

int64_t sys_close(struct ng_thread *t, const uint64_t a[6])
{
    const int64_t result = sys_forward(t, a);
    /* The descriptor is gone however the call ends: closing again could hit another thread's new one. */
    return result == -KERNEL_ERESTART && fcntl((int)a[0], F_GETFD) < 0 ? 0 : result;
}

int64_t sys_dup2(struct ng_thread *t, const uint64_t a[6])
{
    return sys_fd_hidden((int)a[1]) ? -EBADF : sys_forward(t, a);
}

int64_t sys_dup3(struct ng_thread *t, const uint64_t a[6])
{
    return sys_fd_hidden((int)a[1]) ? -EBADF : sys_forward(t, a);
}

/* Leaves out the hidden ones. */
int64_t sys_close_range(struct ng_thread *t, const uint64_t a[6])
{
    const uint32_t first = (uint32_t)a[0], last = (uint32_t)a[1];
    const uint32_t low = (uint32_t)base_fd_floor, high = low + SYS_FDS_HIDDEN;
    if (first > last || last < low || first >= high)
        return sys_forward(t, a);
    const uint64_t below[6] = { first, low - 1, a[2] }, above[6] = { high, last, a[2] };
    int64_t result = first < low ? sys_forward(t, below) : 0;
    if (result == 0 && last >= high)
        result = sys_forward(t, above);
    return result;
}

/* ---- fcntl: the command decides what the argument is ---- */

/* what: of the register; memory: of what it points to. */
struct command { int cmd; uint8_t dir; const char *what, *memory; uint32_t size; };

static const struct command commands[] = {
    { F_DUPFD, 0, "fcntl(arg)", NULL, 0 }, { F_DUPFD_CLOEXEC, 0, "fcntl(arg)", NULL, 0 },
    { F_SETFD, 0, "fcntl(arg)", NULL, 0 }, { F_SETFL, 0, "fcntl(arg)", NULL, 0 },
    { F_SETOWN, 0, "fcntl(arg)", NULL, 0 }, { F_SETSIG, 0, "fcntl(arg)", NULL, 0 },
    { F_SETLEASE, 0, "fcntl(arg)", NULL, 0 }, { F_NOTIFY, 0, "fcntl(arg)", NULL, 0 },
    { F_SETPIPE_SZ, 0, "fcntl(arg)", NULL, 0 }, { F_ADD_SEALS, 0, "fcntl(arg)", NULL, 0 },
    { F_SETOWN_EX, ARG_READS, "fcntl(F_SETOWN_EX)", "fcntl(F_SETOWN_EX)", 8 },
    { F_GETOWN_EX, ARG_WRITES, "fcntl(F_GETOWN_EX)", "fcntl(F_GETOWN_EX)", 8 },
    { F_GET_RW_HINT, ARG_WRITES, "fcntl(arg)", "fcntl(F_GET_RW_HINT)", 8 },
    { F_SET_RW_HINT, ARG_READS, "fcntl(arg)", "fcntl(F_SET_RW_HINT)", 8 },
    { F_GET_FILE_RW_HINT, ARG_WRITES, "fcntl(arg)", "fcntl(F_GET_FILE_RW_HINT)", 8 },
    { F_SET_FILE_RW_HINT, ARG_READS, "fcntl(arg)", "fcntl(F_SET_FILE_RW_HINT)", 8 },
};

static bool is_lock(int cmd)
{
    return cmd == F_GETLK || cmd == F_SETLK || cmd == F_SETLKW || cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
}

static int64_t lock(struct ng_thread *t, const uint64_t a[6])
{
    static const struct { const char *what; uint32_t offset, size; } fields[] = {
        { "fcntl(lock->l_type)", offsetof(struct flock, l_type), 2 },
        { "fcntl(lock->l_whence)", offsetof(struct flock, l_whence), 2 },
        { "fcntl(lock->l_start)", offsetof(struct flock, l_start), 8 },
        { "fcntl(lock->l_len)", offsetof(struct flock, l_len), 8 },
    };
    const bool get = (int)a[1] == F_GETLK || (int)a[1] == F_OFD_GETLK;
    sys_check_arg(t, 2, "fcntl(lock)", 8);
    if (!sys_in_strip(a[2], sizeof(struct flock)))
        return -EFAULT;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        sys_check_read(t, fields[i].what, a[2] + fields[i].offset, fields[i].size);
    if (get)
        space_kernel_will_write(a[2], sizeof(struct flock));
    const int64_t result = sys_forward(t, a);
    if (get && result == 0)
        sys_wrote(t, a[2], sizeof(struct flock));
    return result;
}

int64_t sys_fcntl(struct ng_thread *t, const uint64_t a[6])
{
    const int cmd = (int)a[1];
    const struct command *c = NULL;
    int error = 0;
    if (is_lock(cmd))
        return lock(t, a);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (commands[i].cmd == cmd)
            c = &commands[i];
    if (c)
        sys_check_arg(t, 2, c->what, c->size ? 8 : 4);
    if (c && (c->dir & ARG_READS))
        error = sys_check_read(t, c->memory, a[2], c->size);
    else if (c && (c->dir & ARG_WRITES))
        error = sys_check_write(t, c->memory, a[2], c->size);
    if (error)
        return error;
    int64_t result = sys_forward(t, a);
    if (c && (c->dir & ARG_WRITES) && result == 0)
        sys_wrote(t, a[2], c->size);
    if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC)
        result = result > 0 ? sys_fd_place(result) : result;
    return result;
}

/* ---- file handles: struct { u32 bytes; int type; u8 handle[bytes]; } ---- */

int64_t sys_name_to_handle_at(struct ng_thread *t, const uint64_t a[6])
{
    uint32_t bytes = 0;
    int error = sys_check_read(t, "name_to_handle_at(handle)", a[2], 4);
    if (error)
        return error;
    if (ng_read(&bytes, a[2], 4) == 4 && bytes <= 128)
        error = sys_check_write(t, "name_to_handle_at(handle)", a[2] + 4, 4 + bytes);
    if (error)
        return error;
    space_kernel_will_write(a[2], 4);
    const int64_t result = sys_forward(t, a);
    if ((result == 0 || result == -EOVERFLOW) && ng_read(&bytes, a[2], 4) == 4)
        sys_wrote(t, a[2], result ? 4 : 8 + (uint64_t)bytes);
    return result;
}

int64_t sys_open_by_handle_at(struct ng_thread *t, const uint64_t a[6])
{
    uint32_t bytes = 0;
    int error = sys_check_read(t, "open_by_handle_at(handle)", a[1], 8);
    if (!error && ng_read(&bytes, a[1], 4) == 4 && bytes <= 128)
        error = sys_check_read(t, "open_by_handle_at(handle)", a[1] + 8, bytes);
    return error ? error : sys_forward(t, a);
}
