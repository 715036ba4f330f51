/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/sys_thread: futexes, thread pointers and lists, other processes' memory. */
#include <asm/prctl.h>
#include <linux/futex.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "kernel/sys.h"
#include "kernel/syscall_table.h"

/* ---- futex: which arguments an operation uses, and what it does to the two words ---- */

enum { VAL = 1, TIMEOUT = 2, VAL2 = 4, UADDR2 = 8, VAL3 = 16, READS = 32, WRITES = 64, WRITES2 = 128 };

static const uint8_t futex_ops[] = {
    [FUTEX_WAIT] = VAL | TIMEOUT | READS,
    [FUTEX_WAKE] = VAL,
    [FUTEX_REQUEUE] = VAL | VAL2 | UADDR2,
    [FUTEX_CMP_REQUEUE] = VAL | VAL2 | UADDR2 | VAL3 | READS,
    [FUTEX_WAKE_OP] = VAL | VAL2 | UADDR2 | VAL3 | WRITES2,
    [FUTEX_LOCK_PI] = TIMEOUT | READS | WRITES,
    [FUTEX_UNLOCK_PI] = READS | WRITES,
    [FUTEX_TRYLOCK_PI] = READS | WRITES,
    [FUTEX_WAIT_BITSET] = VAL | TIMEOUT | VAL3 | READS,
    [FUTEX_WAKE_BITSET] = VAL | VAL3,
    [FUTEX_WAIT_REQUEUE_PI] = VAL | TIMEOUT | UADDR2 | VAL3 | READS,
    [FUTEX_CMP_REQUEUE_PI] = VAL | VAL2 | UADDR2 | VAL3 | READS | WRITES2,
    [FUTEX_LOCK_PI2] = TIMEOUT | READS | WRITES,
};

static int check_futex(struct ng_thread *t, const uint64_t a[6], unsigned uses)
{
    int error = sys_in_strip(a[0], 4) ? 0 : -EFAULT;
    if (uses & VAL)
        sys_check_arg(t, 2, "futex(val)", 4);
    if (uses & (TIMEOUT | VAL2))
        sys_check_arg(t, 3, "futex(utime)", uses & TIMEOUT ? 8 : 4);
    if (uses & UADDR2)
        sys_check_arg(t, 4, "futex(uaddr2)", 8);
    if (uses & VAL3)
        sys_check_arg(t, 5, "futex(val3)", 4);
    if (!error && (uses & READS))
        error = sys_check_read(t, "futex(futex)", a[0], 4);
    if (!error && (uses & WRITES))
        space_kernel_will_write(a[0], 4);
    if (!error && (uses & UADDR2))
        error = uses & WRITES2 ? sys_check_write(t, "futex(futex2)", a[4], 4) : sys_in_strip(a[4], 4) ? 0 : -EFAULT;
    if (!error && (uses & TIMEOUT) && a[3])
        error = sys_check_read(t, "futex(timeout)", a[3], 16);
    return error;
}

int64_t sys_futex(struct ng_thread *t, const uint64_t a[6])
{
    const unsigned op = (unsigned)a[1] & FUTEX_CMD_MASK;
    const unsigned uses = op < sizeof futex_ops ? futex_ops[op] : 0;
    const int error = check_futex(t, a, uses);
    if (error)
        return error;
    const int64_t result = sys_forward(t, a);
    if (uses & WRITES)
        sys_wrote(t, a[0], 4);
    if ((uses & WRITES2) && sys_ok(result))
        sys_wrote(t, a[4], 4);
    return result;
}

/* ---- thread pointer ---- */

static int64_t set_base(struct ng_thread *t, uint64_t *base, int slot, uint64_t value)
{
    if (value >= 8 * ng_strip_size)
        return -EPERM;
    *base = value;
    if (tool->events.post_reg_write)
        tool->events.post_reg_write(t, slot, 8);
    return 0;
}

static int64_t get_base(struct ng_thread *t, uint64_t base, guest_addr to)
{
    const int error = sys_check_write(t, "arch_prctl(arg2)", to, 8);
    if (error || ng_write(to, &base, 8) != 8)
        return -EFAULT;
    sys_wrote(t, to, 8);
    return 0;
}

int64_t sys_arch_prctl(struct ng_thread *t, const uint64_t a[6])
{
    enum { GET_CPUID = 0x1011, SET_CPUID = 0x1012 };
    switch ((int)a[0]) {
    case ARCH_SET_FS: return set_base(t, &t->state.fs_base, X86_FSBASE, a[1]);
    case ARCH_SET_GS: return set_base(t, &t->state.gs_base, X86_GSBASE, a[1]);
    case ARCH_GET_FS: return get_base(t, t->state.fs_base, a[1]);
    case ARCH_GET_GS: return get_base(t, t->state.gs_base, a[1]);
    case GET_CPUID: return 1;
    case SET_CPUID: return a[1] ? 0 : -ENODEV;
    }
    return -EINVAL; /* shadow stacks, AMX permission, 32-bit vdso: as a kernel without them */
}

/* ---- what the kernel does at a thread's end: run/ does it for us ---- */

int64_t sys_set_tid_address(struct ng_thread *t, const uint64_t a[6])
{
    t->clear_child_tid = a[0];
    return t->tid;
}

int64_t sys_set_robust_list(struct ng_thread *t, const uint64_t a[6])
{
    if (a[1] != 24)
        return -EINVAL;
    t->robust_list = a[0];
    t->robust_list_size = a[1];
    return kernel_direct(SYS_set_robust_list, a); /* for the ways of dying that run/ does not see */
}

struct thread_search { int tid; struct ng_thread *found; };

static void match_tid(struct ng_thread *t, void *arg)
{
    struct thread_search *s = arg;
    if (t->tid == s->tid)
        s->found = t;
}

int64_t sys_get_robust_list(struct ng_thread *t, const uint64_t a[6])
{
    struct thread_search s = { (int)a[0], t };
    if (s.tid && s.tid != t->tid) {
        s.found = NULL;
        ng_threads_each(match_tid, &s);
        if (!s.found)
            return sys_forward(t, a); /* another process */
    }
    const uint64_t size = 24;
    return ng_write(a[2], &size, 8) == 8 && ng_write(a[1], &s.found->robust_list, 8) == 8 ? 0 : -EFAULT;
}

/* ---- other processes ---- */

/* Our own process: the remote side must be the client's memory too. */
int64_t sys_process_vm(struct ng_thread *t, const uint64_t a[6])
{
    enum { PROCESS_VM_WRITEV = 311, LIMIT = 1024 };
    struct iovec v;
    const bool writes = sys_number(t) == PROCESS_VM_WRITEV;
    if ((int)a[0] != getpid() || a[4] > LIMIT)
        return sys_forward(t, a);
    for (uint64_t i = 0; i < a[4] && ng_read(&v, a[3] + i * sizeof v, sizeof v) == sizeof v; i++) {
        if (!sys_in_strip((guest_addr)v.iov_base, v.iov_len))
            return -EFAULT;
        if (writes)
            space_kernel_will_write((guest_addr)v.iov_base, v.iov_len);
    }
    const int64_t result = sys_forward(t, a);
    if (writes && result > 0)
        sys_wrote_iov(t, a[3], a[4], (uint64_t)result);
    return result;
}

/* Requests that move memory of ours; the rest only numbers.  Size 0: in addr. */
static const struct { int request; bool writes; const char *what; uint32_t size; } ptrace_requests[] = {
    { PTRACE_PEEKTEXT, true, "ptrace(peek)", 8 }, { PTRACE_PEEKDATA, true, "ptrace(peek)", 8 },
    { PTRACE_PEEKUSER, true, "ptrace(peek)", 8 }, { PTRACE_GETREGS, true, "ptrace(getregs)", 27 * 8 },
    { PTRACE_SETREGS, false, "ptrace(setregs)", 27 * 8 }, { PTRACE_GETFPREGS, true, "ptrace(getfpregs)", 512 },
    { PTRACE_SETFPREGS, false, "ptrace(setfpregs)", 512 }, { PTRACE_GETEVENTMSG, true, "ptrace(geteventmsg)", 8 },
    { PTRACE_GETSIGINFO, true, "ptrace(getsiginfo)", 128 }, { PTRACE_SETSIGINFO, false, "ptrace(setsiginfo)", 128 },
    { 0x420a /* GETSIGMASK */, true, "ptrace(getsigmask)", 0 }, { 0x420b /* SETSIGMASK */, false, "ptrace(setsigmask)", 0 },
};

static int64_t ptrace_regset(struct ng_thread *t, const uint64_t a[6])
{
    const bool get = a[0] == PTRACE_GETREGSET;
    struct iovec v;
    int error = sys_check_read(t, "ptrace(regset iovec->iov_base)", a[3], sizeof v);
    if (!error && ng_read(&v, a[3], sizeof v) == sizeof v)
        error = get ? sys_check_write(t, "ptrace(getregset iovec->iov_base)", (guest_addr)v.iov_base, v.iov_len)
                    : sys_check_read(t, "ptrace(setregset iovec->iov_base)", (guest_addr)v.iov_base, v.iov_len);
    if (error)
        return error;
    space_kernel_will_write(a[3], sizeof v);
    const int64_t result = sys_forward(t, a);
    if (get && result == 0 && ng_read(&v, a[3], sizeof v) == sizeof v)
        sys_wrote(t, (guest_addr)v.iov_base, v.iov_len);
    return result;
}

int64_t sys_ptrace(struct ng_thread *t, const uint64_t a[6])
{
    if (a[0] == PTRACE_GETREGSET || a[0] == PTRACE_SETREGSET)
        return ptrace_regset(t, a);
    for (size_t i = 0; i < sizeof ptrace_requests / sizeof *ptrace_requests; i++) {
        if ((uint64_t)ptrace_requests[i].request != a[0])
            continue;
        const bool writes = ptrace_requests[i].writes;
        const uint64_t size = ptrace_requests[i].size ? ptrace_requests[i].size : a[2];
        const int error = writes ? sys_check_write(t, ptrace_requests[i].what, a[3], size)
                                 : sys_check_read(t, ptrace_requests[i].what, a[3], size);
        if (error)
            return error;
        const int64_t result = sys_forward(t, a);
        if (writes && result == 0)
            sys_wrote(t, a[3], size);
        return result;
    }
    return sys_forward(t, a);
}
