/* SPDX-License-Identifier: GPL-3.0-or-later */
/* launch/options: the command line, as rows of options.def and of the tool's table.
 * Read-only after options_parse, except those marked dynamic.  */
#pragma once
#include "base/base.h"
#include "nagrind/tool.h"

struct options {
    const char *tool;
    int verbosity;                 /* 1; -q 0 (and below), -v 2 */
    bool trace_children, child_silent_after_fork;
    const char *log_file; int64_t log_fd;
    bool time_stamp;
    int64_t num_callers;           /* 12 */
    bool error_limit;
    int64_t error_exitcode;
    bool exit_on_first_error;
    int show_error_list;           /* 0 no, 1 yes, 2 all */
    bool show_below_main, demangle;
    const char **suppressions; int n_suppressions;
    bool default_suppressions;
    int gen_suppressions;          /* 0 no, 1 yes, 2 all */
    const char **fullpath_after; int n_fullpath_after;
    bool read_inline_info;
    int64_t max_stackframe, main_stacksize; /* main_stacksize 0: from ulimit */
    bool run_libc_freeres, run_cxx_freeres;
    int64_t redzone_size, alignment;
    bool sigill_diagnostics;
    bool trace_syscalls, trace_signals;
    bool stats, perf_map;
    int jit;                       /* 0 jit, 1 interp */
    int cpu;                       /* 0 x86-64-v3, 1 host */
    unsigned trace;                /* bits: 1 guest 2 ir 4 opt 8 tool 16 host */
    guest_addr trace_from, trace_to;
    unsigned stress;               /* STRESS_* */
    int64_t code_zone_size;        /* bytes */
    int64_t hot;                   /* runs of a block until a longer translation is made; 0: never */
    bool fast_hooks;               /* replaced functions have a fast way */
    int64_t sanity;
    /* the client */
    int argc; char **argv;         /* argv[0] is the program as given */
};
enum { STRESS_FLUSH = 1, STRESS_EVICT = 2, STRESS_MOVE = 4, STRESS_SIGNAL = 8, STRESS_DIRTY = 16, STRESS_TRACE = 32 };
extern struct options options;

/* Parses rc files, environment and argv in the order of parity.md section 1; loads the tool on the way.
 * Ends the process with the exit code of parity.md section 0 on a bad option, --help or --version. */
void options_parse(int argc, char **argv);
