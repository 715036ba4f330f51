/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/assert: how nagrind itself dies.  No stdio and no locks: it may be called from a signal handler. */
#include <execinfo.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include "base/base.h"

uint64_t (*base_guest_pc)(void);

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (n > (int)sizeof line - 1)
        n = sizeof line - 1;
    if (n > 0 && write(2, line, (size_t)n) < 0)
        return;
}

void base_assert_failed(const char *cond, const char *file, int line)
{
    static _Atomic int nested;
    if (atomic_fetch_add(&nested, 1) == 0) {
        say("\nnagrind: %s:%d: assertion failed: %s\n", file, line, cond);
        if (base_guest_pc)
            say("nagrind: guest pc 0x%llx\n", (unsigned long long)base_guest_pc());
        void *frames[48];
        const int n = backtrace(frames, 48);
        backtrace_symbols_fd(frames, n, 2);
        say("nagrind: this is a defect of nagrind, not of your program; please report it with the lines above.\n");
    }
    signal(SIGABRT, SIG_DFL);
    abort();
}

void base_out_of_memory(size_t size)
{
    say("nagrind: out of memory (%zu bytes asked for)\n", size);
    _exit(1);
}
