/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/sys: what the sys_*.c files share: checks, marks, and the functions that syscalls.def names.
 *
 * Memory rule: no pointer of the client reaches the kernel unless all of what it
 * stands for lies in the client strip; otherwise the call fails with EFAULT here,
 * since the kernel would happily read or write the tool half.  */
#pragma once
#include "kernel/kernel.h"
#include "space/space.h"
#include "tool/load.h"

/* Does [p, p+size) lie in the client strip? */
static inline bool sys_in_strip(guest_addr p, uint64_t size)
{
    return p <= ng_strip_size && size <= ng_strip_size - p;
}

/* Checks of one piece of client memory, before a call: range, then the tool.  0 or -EFAULT.
 * sys_check_write also lifts our own write protection.  `what` must be static or interned. */
int sys_check_read(struct ng_thread *t, const char *what, guest_addr p, uint64_t size);
int sys_check_write(struct ng_thread *t, const char *what, guest_addr p, uint64_t size);
int sys_check_string(struct ng_thread *t, const char *what, guest_addr p);
/* After a call: the kernel has written these bytes. */
void sys_wrote(struct ng_thread *t, guest_addr p, uint64_t size);
/* A register argument (0-5) that only some variants of a call use. */
void sys_check_arg(struct ng_thread *t, int arg, const char *what, int width);
/* n struct iovec at p and their buffers; dir as ARG_READS/ARG_WRITES, 0: only the array.  Reports under
 * "base" and "base[i]" in prefix(...).  0 or -errno. */
int sys_check_iov(struct ng_thread *t, const char *prefix, const char *base, guest_addr p, uint64_t n, int dir);
/* The kernel wrote `size` bytes into the buffers. */
void sys_wrote_iov(struct ng_thread *t, guest_addr p, uint64_t n, uint64_t size);
/* A struct sockaddr, reported by field under prefix(base.FIELD). */
int sys_check_sockaddr(struct ng_thread *t, const char *prefix, const char *base, guest_addr p, uint64_t size);
/* prefix(format...) interned. */
const char *sys_what(const char *prefix, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The call as it stands in rax, with these arguments: parks if its row says that it blocks. */
int64_t sys_forward(struct ng_thread *t, const uint64_t a[6]);
static inline uint64_t sys_number(const struct ng_thread *t) { return t->state.gpr[X86_RAX]; }
/* Success as the kernel's convention has it. */
static inline bool sys_ok(int64_t r) { return r >= 0 || r < -4095; }

/* Once, at start. */
void sys_fds_init(void);
void sys_limits_init(void);
void sys_ioctl_init(void);

/* sys_fd.c: descriptors of the tool half look closed. */
bool sys_fd_hidden(int fd);
/* RLIMIT_NOFILE's soft value as the client sees it. */
uint64_t sys_fds_shown_limit(uint64_t soft);
/* A new descriptor that fell among the hidden ones is moved above them. */
int64_t sys_fd_place(int64_t fd);

/* sys_limits.c: applies the limits that are otherwise only shown to the client, and takes that back. */
void kernel_limits_before_exec(void);
void kernel_limits_exec_failed(void);

/* proc.c */
/* The path that (dirfd, client path) names if that is something under /proc that we show otherwise: true, and *out
 * is like "/proc/self/exe"; false: ordinary. */
bool proc_path(int dirfd, guest_addr path, char out[64]);
/* Is fd a listing of /proc/self/fd or fdinfo? */
bool proc_is_fd_dir(int fd);

/* ---- functions that syscalls.def names ---- */
#define SYS_CODE(name) int64_t name(struct ng_thread *t, const uint64_t a[6])
SYS_CODE(sys_enosys); /* every call that is not offered */

/* sys_mem.c */
SYS_CODE(sys_mmap); SYS_CODE(sys_munmap); SYS_CODE(sys_mprotect); SYS_CODE(sys_mremap); SYS_CODE(sys_brk);
SYS_CODE(sys_madvise); SYS_CODE(sys_shmat); SYS_CODE(sys_shmdt); SYS_CODE(sys_mlockall); SYS_CODE(sys_get_mempolicy);
SYS_CODE(sys_pkey_mprotect); SYS_CODE(sys_pkey_alloc); SYS_CODE(sys_pkey_free);
SYS_CODE(sys_range_first); /* arguments 0 and 1 are a range that must lie in the strip (ENOMEM) */

/* sys_fd.c */
SYS_CODE(sys_close); SYS_CODE(sys_dup2); SYS_CODE(sys_dup3); SYS_CODE(sys_close_range); SYS_CODE(sys_fcntl);
SYS_CODE(sys_name_to_handle_at); SYS_CODE(sys_open_by_handle_at);

/* sys_path.c */
SYS_CODE(sys_open); SYS_CODE(sys_openat); SYS_CODE(sys_openat2); SYS_CODE(sys_stat); SYS_CODE(sys_lstat);
SYS_CODE(sys_newfstatat); SYS_CODE(sys_statx); SYS_CODE(sys_access); SYS_CODE(sys_faccessat); SYS_CODE(sys_readlink);
SYS_CODE(sys_readlinkat); SYS_CODE(sys_getdents); SYS_CODE(sys_execve_checked); SYS_CODE(sys_execveat_checked);
SYS_CODE(sys_utimensat); SYS_CODE(sys_mount); SYS_CODE(sys_fsconfig); SYS_CODE(sys_quotactl); SYS_CODE(sys_quotactl_fd);

/* sys_ioctl.c */
SYS_CODE(sys_ioctl);

/* sys_poll.c */
SYS_CODE(sys_poll); SYS_CODE(sys_ppoll); SYS_CODE(sys_select); SYS_CODE(sys_pselect6);

/* sys_socket.c */
SYS_CODE(sys_sendmsg); SYS_CODE(sys_recvmsg); SYS_CODE(sys_sendmmsg); SYS_CODE(sys_recvmmsg);
SYS_CODE(sys_setsockopt); SYS_CODE(sys_getsockopt);

/* sys_ipc.c */
SYS_CODE(sys_shmctl); SYS_CODE(sys_semctl); SYS_CODE(sys_msgctl); SYS_CODE(sys_msgsnd); SYS_CODE(sys_msgrcv);
SYS_CODE(sys_keyctl);

/* sys_thread.c */
SYS_CODE(sys_futex); SYS_CODE(sys_arch_prctl); SYS_CODE(sys_set_tid_address); SYS_CODE(sys_set_robust_list);
SYS_CODE(sys_get_robust_list); SYS_CODE(sys_process_vm); SYS_CODE(sys_ptrace);

/* sys_limits.c */
SYS_CODE(sys_prctl); SYS_CODE(sys_seccomp); SYS_CODE(sys_personality);
SYS_CODE(sys_getrlimit); SYS_CODE(sys_setrlimit); SYS_CODE(sys_prlimit64);
