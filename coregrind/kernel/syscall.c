/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/syscall: carries out one guest system call as its row says.
 *
 * Order: the number, register arguments, memory arguments (each reported by the
 * tool), then the call, then marks.  A pointer that leaves the client strip, or a
 * hidden descriptor, ends the call with EFAULT or EBADF before the kernel sees it.  */
#include <stdarg.h>
#include <stdio.h>
#include "kernel/sys.h"
#include "kernel/syscall_table.h"
#include "launch/options.h"
#include "report/report.h"

/* Where the kernel's calling convention keeps its arguments. */
static const uint8_t arg_slot[6] = { X86_RDI, X86_RSI, X86_RDX, X86_R10, X86_R8, X86_R9 };

/* ---- checks and marks that sys_*.c use too ---- */

int sys_check_read(struct ng_thread *t, const char *what, guest_addr p, uint64_t size)
{
    if (size && tool->events.pre_mem_read)
        tool->events.pre_mem_read(t, what, p, size);
    return sys_in_strip(p, size) ? 0 : -EFAULT;
}

int sys_check_write(struct ng_thread *t, const char *what, guest_addr p, uint64_t size)
{
    if (size && tool->events.pre_mem_write)
        tool->events.pre_mem_write(t, what, p, size);
    if (!sys_in_strip(p, size))
        return -EFAULT;
    if (size)
        space_kernel_will_write(p, size);
    return 0;
}

int sys_check_string(struct ng_thread *t, const char *what, guest_addr p)
{
    if (tool->events.pre_mem_read_string)
        tool->events.pre_mem_read_string(t, what, p);
    return sys_in_strip(p, 1) ? 0 : -EFAULT;
}

void sys_wrote(struct ng_thread *t, guest_addr p, uint64_t size)
{
    if (size && tool->events.post_mem_write && sys_in_strip(p, size))
        tool->events.post_mem_write(t, p, size);
}

void sys_check_arg(struct ng_thread *t, int arg, const char *what, int width)
{
    if (tool->events.pre_reg_read)
        tool->events.pre_reg_read(t, arg_slot[arg], what, width);
}

const char *sys_what(const char *prefix, const char *fmt, ...)
{
    char buf[200];
    va_list va;
    const int n = snprintf(buf, sizeof buf, "%s(", prefix);
    va_start(va, fmt);
    const int m = vsnprintf(buf + n, sizeof buf - (size_t)n - 1, fmt, va);
    va_end(va);
    snprintf(buf + n + m, sizeof buf - (size_t)(n + m), ")");
    return ng_intern(buf);
}

int64_t sys_forward(struct ng_thread *t, const uint64_t a[6])
{
    const uint64_t number = sys_number(t);
    const struct syscall_row *row = syscall_row(number);
    return !row || (row->flags & BLOCKS) ? kernel_blocking(t, (long)number, a) : kernel_direct((long)number, a);
}

int64_t sys_enosys(struct ng_thread *t, const uint64_t a[6])
{
    (void)t, (void)a;
    return -ENOSYS;
}

/* ---- before ---- */

static int check_buffer(struct ng_thread *t, const struct syscall_arg *arg, uint64_t a[6], int i)
{
    uint64_t size = syscall_size(&arg->size, a, 0);
    int error = 0;
    /* A huge size for what is a short answer: the kernel stops at the end of the strip, which is never mapped. */
    if (arg->clip && a[i] < ng_strip_size && size > ng_strip_size - a[i])
        size = ng_strip_size - a[i];
    if ((arg->dir & ARG_READS) && arg->n_fields)
        for (int k = 0; k < arg->n_fields && !error; k++)
            error = sys_check_read(t, arg->fields[k].what, a[i] + arg->fields[k].offset, arg->fields[k].size);
    else if (arg->dir & ARG_READS)
        error = sys_check_read(t, arg->mem_what, a[i], size);
    if (!error && arg->dir == ARG_WRITES && arg->n_fields)
        for (int k = 0; k < arg->n_fields && !error; k++)
            error = sys_check_write(t, arg->fields[k].what, a[i] + arg->fields[k].offset, arg->fields[k].size);
    else if (!error && arg->dir == ARG_WRITES)
        error = sys_check_write(t, arg->mem_what, a[i], size);
    else if (!error && (arg->dir & ARG_WRITES))
        space_kernel_will_write(a[i], size); /* read and written: addressability was checked by the read */
    return error || sys_in_strip(a[i], size) ? error : -EFAULT;
}

static int check_memory(struct ng_thread *t, const struct syscall_row *row, uint64_t a[6], int i)
{
    const struct syscall_arg *arg = &row->args[i];
    if (arg->nullable && a[i] == 0)
        return 0;
    switch (arg->kind) {
    case ARG_FD:
        return sys_fd_hidden((int)a[i]) ? -EBADF : 0;
    case ARG_DIRFD:
        return (int)a[i] >= 0 && sys_fd_hidden((int)a[i]) ? -EBADF : 0;
    case ARG_PTR:
        return row->code || sys_in_strip(a[i], 0) ? 0 : -EFAULT;
    case ARG_STR:
        return sys_check_string(t, arg->mem_what, a[i]);
    case ARG_MEM:
        return check_buffer(t, arg, a, i);
    case ARG_IOV:
        return sys_check_iov(t, row->mem_prefix, arg->name, a[i], syscall_size(&arg->size, a, 0), arg->dir);
    case ARG_SOCKADDR:
        return sys_check_sockaddr(t, row->mem_prefix, arg->name, a[i], syscall_size(&arg->size, a, 0));
    }
    return 0;
}

static int check_before(struct ng_thread *t, const struct syscall_row *row, uint64_t a[6])
{
    int error = 0;
    if (tool->events.pre_reg_read)
        for (int i = 0; i < row->n_args; i++)
            if (syscall_arg_applies(&row->args[i], a))
                tool->events.pre_reg_read(t, arg_slot[i], row->args[i].reg_what, row->args[i].width);
    for (int i = 0; i < row->n_args; i++)
        if (syscall_arg_applies(&row->args[i], a)) {
            const int e = check_memory(t, row, a, i);
            error = error ? error : e;
        }
    return error;
}

/* ---- after ---- */

static void mark_after(struct ng_thread *t, const struct syscall_row *row, const uint64_t a[6], const uint64_t room[6], int64_t result)
{
    const bool ok = sys_ok(result), interrupted = result == -EINTR || (result <= -512 && result >= -516);
    for (int i = 0; i < row->n_args; i++) {
        const struct syscall_arg *arg = &row->args[i];
        if (!(arg->dir & ARG_WRITES) || a[i] == 0 || !(arg->on_eintr ? interrupted : ok) || !syscall_arg_applies(arg, a))
            continue;
        if (arg->kind == ARG_IOV) {
            sys_wrote_iov(t, a[i], room[i], result > 0 ? (uint64_t)result : 0);
            continue;
        }
        const uint64_t written = arg->has_upto ? syscall_size(&arg->upto, a, result) : room[i];
        sys_wrote(t, a[i], written < room[i] ? written : room[i]);
    }
}

/* ---- --trace-syscalls ---- */

static const char *trace_arg(const struct syscall_arg *arg, uint64_t v, char *buf, size_t size)
{
    char text[64];
    switch (arg->kind) {
    case ARG_STR:
        if (v && ng_in_client(v) && ng_read_string(text, v, sizeof text) >= 0)
            snprintf(buf, size, "0x%llx(%s)", (unsigned long long)v, text);
        else
            snprintf(buf, size, "0x%llx", (unsigned long long)v);
        break;
    case ARG_INT: case ARG_FD: case ARG_DIRFD:
        snprintf(buf, size, "%lld", arg->width == 4 ? (long long)(int)v : (long long)v);
        break;
    default:
        snprintf(buf, size, "0x%llx", (unsigned long long)v);
    }
    return buf;
}

static void trace_before(struct ng_thread *t, uint64_t number, const struct syscall_row *row, const uint64_t a[6])
{
    char line[700], one[120];
    int n = snprintf(line, sizeof line, "SYSCALL[%d,%d](%llu) sys_%s (", (int)t->tid, t->id, (unsigned long long)number,
                     kernel_syscall_name(number < SYSCALL_MAX ? (int)number : -1));
    static const struct syscall_arg plain = { .kind = ARG_ADDR };
    const int count = row ? row->n_args : 6;
    for (int i = 0; i < count; i++)
        n += snprintf(line + n, sizeof line - (size_t)n, "%s %s", i ? "," : "",
                      trace_arg(row ? &row->args[i] : &plain, a[i], one, sizeof one));
    report_debug("%s )", line);
}

static void trace_after(struct ng_thread *t, uint64_t number, int64_t result)
{
    const char *name = kernel_syscall_name(number < SYSCALL_MAX ? (int)number : -1);
    if (sys_ok(result))
        report_debug("SYSCALL[%d,%d](%llu) sys_%s --> Success(0x%llx)", (int)t->tid, t->id, (unsigned long long)number, name,
                     (unsigned long long)result);
    else
        report_debug("SYSCALL[%d,%d](%llu) sys_%s --> Failure(0x%llx)", (int)t->tid, t->id, (unsigned long long)number, name,
                     (unsigned long long)-result);
}

/* ---- unknown numbers ---- */

static void warn_unknown(uint64_t number)
{
    static _Atomic uint64_t warned[64]; /* a small filter; a number beyond it warns each time at -v only */
    const uint64_t bit = 1ull << (number & 63);
    if (number / 64 < 64 && (atomic_fetch_or(&warned[number / 64], bit) & bit))
        return;
    report_debug("WARNING: unhandled amd64-linux syscall: %llu", (unsigned long long)number);
    report_debug("It is passed on, and its result taken for defined.");
}

/* Nothing is known: passed on, unless an argument points into the tool half. */
static int64_t call_unknown(struct ng_thread *t, uint64_t number, const uint64_t a[6])
{
    if (number & 0x40000000) /* x32: not the ABI of this process */
        return -ENOSYS;
    warn_unknown(number);
    for (int i = 0; i < 6; i++)
        if (a[i] >= ng_strip_size && a[i] < 8 * ng_strip_size)
            return -EFAULT;
    return kernel_blocking(t, (long)number, a);
}

/* ---- the call ---- */

void kernel_syscalls_init(void)
{
    syscall_row(0); /* parses all */
    sys_fds_init();
    sys_limits_init();
    sys_ioctl_init();
}

static int64_t call_row(struct ng_thread *t, const struct syscall_row *row, uint64_t a[6])
{
    uint64_t room[6] = { 0 };
    int64_t result = check_before(t, row, a);
    if (result < 0)
        return result;
    /* Sizes as the client stated them: value-result arguments change. */
    for (int i = 0; i < row->n_args; i++)
        if (row->args[i].dir & ARG_WRITES)
            room[i] = syscall_size(&row->args[i].size, a, 0);
    result = row->code ? row->code(t, a) : sys_forward(t, a);
    if ((row->flags & NEWFD) && result > 0)
        result = sys_fd_place(result);
    mark_after(t, row, a, room, result);
    return result;
}

void kernel_syscall(struct ng_thread *t)
{
    struct x86_state *s = &t->state;
    const uint64_t number = s->gpr[X86_RAX];
    const struct syscall_row *row = syscall_row(number);
    uint64_t a[6];
    for (int i = 0; i < 6; i++)
        a[i] = s->gpr[arg_slot[i]];
    if (tool->events.pre_reg_read)
        tool->events.pre_reg_read(t, X86_RAX, "(syscallno)", 8);
    if (options.trace_syscalls)
        trace_before(t, number, row, a);
    /* The CPU's own part of the instruction; bit 1 always reads as set, and interrupts are on. */
    s->gpr[X86_RCX] = s->rip;
    s->gpr[X86_R11] = s->rflags | 0x202;
    if (tool->events.post_reg_write) {
        tool->events.post_reg_write(t, X86_RCX, 8);
        tool->events.post_reg_write(t, X86_R11, 8);
    }
    const int64_t result = row ? call_row(t, row, a) : call_unknown(t, number, a);
    if (options.trace_syscalls)
        trace_after(t, number, result);
    if (row && (row->flags & NORESULT))
        return;
    s->gpr[X86_RAX] = (uint64_t)result;
    if (tool->events.post_reg_write)
        tool->events.post_reg_write(t, X86_RAX, 8);
}
