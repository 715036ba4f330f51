/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report/message: single lines and the banner. */
#include "config.h"
#include <stdio.h>
#include <unistd.h>
#include "launch/options.h"
#include "report/internal.h"
#include "symbols/symbols.h"
#include "tool/load.h"

void ng_msg(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    report_vline('=', "", fmt, ap);
    va_end(ap);
}

void ng_umsg_v(int verbosity, const char *fmt, ...)
{
    if (options.verbosity < verbosity)
        return;
    va_list ap;
    va_start(ap, fmt);
    report_vline('=', "", fmt, ap);
    va_end(ap);
}

void ng_fatal(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    report_vline('=', "nagrind: FATAL: ", fmt, ap);
    va_end(ap);
    _exit(1);
}

void report_debug(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    report_vline('-', "", fmt, ap);
    va_end(ap);
}

void report_launcher_error(const char *fmt, ...)
{
    char *text = NULL, *line = NULL;
    va_list ap;
    va_start(ap, fmt);
    const int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    const int k = n < 0 ? -1 : asprintf(&line, "nagrind: %s\n", text);
    if (k > 0 && write(2, line, (size_t)k) < 0) {
        /* nobody to tell */
    }
    free(line);
    free(text);
}

void report_client(const char *text, bool backtrace)
{
    report_begin();
    report_client_text(text);
    if (backtrace)
        ng_trace_print(ng_trace_take(ng_thread_self()));
    report_end();
}

const char *ng_commas(uint64_t n)
{
    static __thread char buffers[8][32];
    static __thread unsigned next;
    char *end = buffers[next++ % 8] + 31, *p = end;
    *p = 0;
    int digits = 0;
    do {
        if (digits && digits % 3 == 0)
            *--p = ',';
        *--p = (char)('0' + n % 10);
        digits++;
    } while (n /= 10);
    return p;
}

/* Words of the command as the user typed them. */
static char *command_line(void)
{
    size_t size = 1;
    for (int i = 0; i < options.argc; i++)
        size += strlen(options.argv[i]) + 1;
    char *text = base_alloc(size), *p = text;
    for (int i = 0; i < options.argc; i++)
        p += sprintf(p, "%s%s", i ? " " : "", options.argv[i]);
    return text;
}

void report_banner(void)
{
    if (options.verbosity < 1)
        return;
    char *command = command_line();
    report_begin();
    ng_msg("%s", tool->banner);
    if (tool->copyright)
        ng_msg("%s", tool->copyright);
    ng_msg("Using nagrind-%s; rerun with -h for copyright info", PACKAGE_VERSION);
    ng_msg("Command: %s", command);
    if (report_to_file())
        ng_msg("Parent PID: %d", (int)getppid());
    ng_msg("%s", "");
    report_end();
    free(command);
}

int ng_verbosity(void)
{
    return options.verbosity;
}

bool ng_option_xml(void)
{
    return false; /* text is the only format so far */
}

int ng_option_num_callers(void)
{
    return (int)options.num_callers;
}
