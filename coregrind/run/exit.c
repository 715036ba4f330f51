/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/exit: how the process ends: libc's own clean-up, tool, reports, exit code. */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "run/internal.h"
#include "kernel/signals.h"
#include "launch/options.h"
#include "report/report.h"
#include "symbols/symbols.h"
#include "tool/load.h"

/* libc frees what it holds only for leak checkers to see it freed.  Guest code, with all other
 * threads stopped: if it would wait for one of them, it is abandoned (kernel_blocking does not wait then). */
static void run_freeres(struct ng_thread *t)
{
    guest_addr fn;
    if (!tool->supp_name)
        return;
    t->exiting = false;
    if (options.run_cxx_freeres && (fn = symbols_lookup("libstdc++*", "_ZN9__gnu_cxx9__freeresEv")))
        run_call_guest(t, fn, 0, 0);
    t->exiting = false;
    if (options.run_libc_freeres && (fn = symbols_lookup("libc.so*", "__libc_freeres")))
        run_call_guest(t, fn, 0, 0);
}

static enum { RUNNING, CLEANING, REPORTING } stage;

bool run_is_finishing(void)
{
    return stage != RUNNING;
}

int64_t run_abandon_guest(struct ng_thread *t)
{
    t->state.rip = RUN_RETURN_PC;
    return -EINTR;
}

static void report(int code)
{
    stage = REPORTING;
    if (tool->fini)
        tool->fini(code);
    report_summary();
    if (options.stats)
        run_print_stats();
    if (options.perf_map)
        code_perf_map();
}

void run_process_exit(struct ng_thread *t, int code, int signal)
{
    if (t->vfork_child) { /* our memory is our parent's: it will report */
        if (signal)
            kernel_kill_self(signal);
        syscall(SYS_exit_group, code);
    }
    ng_world_stop();
    if (stage == RUNNING && !signal) {
        stage = CLEANING;
        run_freeres(t); /* may come here again */
    }
    if (stage != REPORTING)
        report(code);
    if (signal)
        kernel_kill_self(signal);
    if (options.error_exitcode && report_any_error())
        code = (int)options.error_exitcode;
    syscall(SYS_exit_group, code);
    __builtin_unreachable();
}
