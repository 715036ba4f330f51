/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report/fatal: the block that is printed when a signal ends the program. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include "launch/options.h"
#include "report/internal.h"
#include "run/run.h"

struct event { int sig, code; const char *text; };

/* si_code of a signal that the CPU raised, in words. */
static const struct event events[] = {
    { SIGSEGV, SEGV_MAPERR, "Access not within mapped region" },
    { SIGSEGV, SEGV_ACCERR, "Bad permissions for mapped region" },
    { SIGILL, ILL_ILLOPC, "Illegal opcode" },
    { SIGILL, ILL_ILLOPN, "Illegal operand" },
    { SIGILL, ILL_ILLADR, "Illegal addressing mode" },
    { SIGILL, ILL_ILLTRP, "Illegal trap" },
    { SIGILL, ILL_PRVOPC, "Privileged opcode" },
    { SIGILL, ILL_PRVREG, "Privileged register" },
    { SIGILL, ILL_COPROC, "Coprocessor error" },
    { SIGILL, ILL_BADSTK, "Internal stack error" },
    { SIGFPE, FPE_INTDIV, "Integer divide by zero" },
    { SIGFPE, FPE_INTOVF, "Integer overflow" },
    { SIGFPE, FPE_FLTDIV, "FP divide by zero" },
    { SIGFPE, FPE_FLTOVF, "FP overflow" },
    { SIGFPE, FPE_FLTUND, "FP underflow" },
    { SIGFPE, FPE_FLTRES, "FP inexact" },
    { SIGFPE, FPE_FLTINV, "FP invalid operation" },
    { SIGFPE, FPE_FLTSUB, "FP subscript out of range" },
    { SIGBUS, BUS_ADRALN, "Invalid address alignment" },
    { SIGBUS, BUS_ADRERR, "Non-existent physical address" },
    { SIGBUS, BUS_OBJERR, "Hardware error" },
};

static void print_event(int sig, int si_code, guest_addr at)
{
    if (sig == SIGSEGV && si_code == SI_KERNEL) {
        ng_msg(" General Protection Fault");
        return;
    }
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (events[i].sig == sig && events[i].code == si_code)
            ng_msg(" %s at address 0x%lX", events[i].text, (unsigned long)at);
}

/* What --main-stacksize or the limit gave the main thread: 1 to 16 MiB by default. */
static uint64_t main_stack_size(void)
{
    struct rlimit limit;
    if (options.main_stacksize)
        return (uint64_t)options.main_stacksize;
    if (getrlimit(RLIMIT_STACK, &limit))
        return 8 << 20;
    return limit.rlim_cur < 1 << 20 ? 1 << 20 : limit.rlim_cur > 16 << 20 ? 16 << 20 : limit.rlim_cur;
}

static void print_stack_hint(void)
{
    ng_msg(" If you believe this happened as a result of a stack");
    ng_msg(" overflow in your program's main thread (unlikely but");
    ng_msg(" possible), you can try to increase the size of the");
    ng_msg(" main thread stack using the --main-stacksize= flag.");
    ng_msg(" The main thread stack size used in this run was %lu.", (unsigned long)main_stack_size());
}

/* A little below the main thread's stack: it could not grow. */
static void print_overflow(struct ng_thread *t, guest_addr at)
{
    guest_addr low, high;
    const guest_addr sp = ng_reg(t, X86_RSP);
    if (!ng_stack_bounds(sp, &low, &high) && !ng_stack_bounds(sp + 2 * NG_PAGE, &low, &high))
        return;
    if (at < low && low - at <= 1 << 20 && at + (1 << 20) >= sp)
        ng_msg("Stack overflow in thread #%d: can't grow stack to 0x%lx", t->id, (unsigned long)ROUND_DOWN(at, NG_PAGE));
}

void report_fatal_signal(struct ng_thread *t, int sig, int si_code, guest_addr at)
{
    const bool from_cpu = si_code > 0 && (sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE);
    char name[24];
    if (options.verbosity < 1 && !from_cpu)
        return;
    if (sigabbrev_np(sig))
        snprintf(name, sizeof name, "SIG%s", sigabbrev_np(sig));
    else
        snprintf(name, sizeof name, "SIGRT%d", sig - 32);
    report_begin();
    ng_msg("%s", "");
    ng_msg("Process terminating with default action of signal %d (%s)", sig, name);
    if (from_cpu)
        print_event(sig, si_code, at);
    if (sig == SIGSEGV && si_code == SEGV_MAPERR)
        print_overflow(t, at);
    ng_trace_print(ng_trace_take(t));
    if (sig == SIGSEGV && si_code == SEGV_MAPERR)
        print_stack_hint();
    report_end();
}
