/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/client_request: what programs ask of us through valgrind.h (parity.md 5a).
 *
 * Requests of the core are rows here; all others go to the tool.  The result
 * register becomes defined in any case.  */
#include <stdio.h>
#include "run/internal.h"
#include "kernel/kernel.h"
#include "launch/options.h"
#include "report/report.h"
#include "space/space.h"
#include "symbols/symbols.h"
#include "tool/load.h"

typedef void (*request_fn)(struct ng_thread *t, const uint64_t a[6], uint64_t *result);

static void request_running(struct ng_thread *t, const uint64_t a[6], uint64_t *result)
{
    (void)t, (void)a;
    *result = 1;
}

static void request_discard(struct ng_thread *t, const uint64_t a[6], uint64_t *result)
{
    (void)t;
    *result = 0;
    if (a[2])
        code_discard_range(a[1], a[2]);
}

static void request_tool_name(struct ng_thread *t, const uint64_t a[6], uint64_t *result)
{
    const size_t need = strlen(tool->name) + 1;
    (void)t;
    *result = need;
    if (a[1] && a[2]) {
        char text[256];
        const size_t room = a[2] < sizeof text ? a[2] : sizeof text;
        snprintf(text, room, "%s", tool->name);
        const size_t n = strlen(text) + 1;
        if (tool->events.pre_mem_write)
            tool->events.pre_mem_write(t, "GET_TOOLNAME(buf)", a[1], n);
        ng_write(a[1], text, n);
        if (tool->events.post_mem_write)
            tool->events.post_mem_write(t, a[1], n);
    }
}

/* fn(tid, args...) without the tool's hooks in the way of its results: runs as guest code. */
static void request_call(struct ng_thread *t, const uint64_t a[6], uint64_t *result)
{
    uint64_t *gpr = t->state.gpr;
    const uint64_t rdx = gpr[X86_RDX], rcx = gpr[X86_RCX];
    gpr[X86_RDX] = a[3];
    gpr[X86_RCX] = a[4];
    *result = run_call_guest(t, a[1], (uint64_t)t->id, a[2]);
    gpr[X86_RDX] = rdx;
    gpr[X86_RCX] = rcx;
}

static void request_count_errors(struct ng_thread *t, const uint64_t a[6], uint64_t *result)
{
    (void)t, (void)a;
    *result = ng_errors_found();
}

static void request_print(struct ng_thread *t, const uint64_t a[6], uint64_t *result)
{
    size_t length = 0;
    char *text = run_format_guest(a[1], a[2], &length);
    (void)t;
    report_client(text, a[0] == 0x1402 || a[0] == 0x1404);
    free(text);
    *result = length;
}

/* ---- stacks the client made itself ---- */

static void request_stack_register(struct ng_thread *t, const uint64_t a[6], uint64_t *result)
{
    (void)t;
    *result = space_stack_register(a[1], a[2]);
}

static void request_stack_deregister(struct ng_thread *t, const uint64_t a[6], uint64_t *result)
{
    (void)t;
    *result = 0;
    space_stack_deregister(a[1]);
}

static void request_stack_change(struct ng_thread *t, const uint64_t a[6], uint64_t *result)
{
    (void)t;
    *result = 0;
    space_stack_change(a[1], a[2], a[3]);
}

/* ---- source lines, error switch, monitor ---- */

static void request_source_line(struct ng_thread *t, const uint64_t a[6], uint64_t *result)
{
    struct symbols_frame f[8];
    char text[64] = "";
    *result = 0;
    const int n = symbols_describe(a[1], f, 8);
    if (n > 0 && f[0].file && f[0].line > 0)
        snprintf(text, sizeof text, "%.50s:%d", f[0].file, f[0].line);
    ng_write(a[2], text, sizeof text);
    if (tool->events.post_mem_write)
        tool->events.post_mem_write(t, a[2], sizeof text);
}

static void request_error_switch(struct ng_thread *t, const uint64_t a[6], uint64_t *result)
{
    *result = 0;
    ng_errors_disable(t, (int)a[1]);
}

static void request_nothing(struct ng_thread *t, const uint64_t a[6], uint64_t *result)
{
    (void)t, (void)a;
    *result = 0;
}

static const struct { uint64_t code; request_fn fn; } rows[] = {
    { 0x1001, request_running },
    { 0x1002, request_discard },
    { 0x1004, request_tool_name },
    { 0x1101, request_call }, { 0x1102, request_call }, { 0x1103, request_call }, { 0x1104, request_call },
    { 0x1201, request_count_errors },
    { 0x1401, request_print }, { 0x1402, request_print }, { 0x1403, request_print }, { 0x1404, request_print },
    { 0x1501, request_stack_register },
    { 0x1502, request_stack_deregister },
    { 0x1503, request_stack_change },
    { 0x1601, request_nothing },
    { 0x1701, request_source_line },
    { 0x1801, request_error_switch },
    { 0x1901, request_nothing }, { 0x1902, request_nothing },
};

/* The tool's, or nobody's. */
static void request_other(struct ng_thread *t, const uint64_t a[6], uint64_t *result)
{
    static _Atomic bool warned;
    if (tool->events.client_request && tool->events.client_request(t, a, result))
        return;
    if (a[0] == 0x1202) { /* monitor command: not recognised */
        *result = 1;
        return;
    }
    const bool other_tool = (a[0] >> 16) != 0;  /* codes of Helgrind, DRD, Callgrind, ... */
    if (!other_tool && a[0] != 0x1203 && ng_verbosity() > 2 && !atomic_exchange(&warned, true))
        ng_msg("Warning: client request 0x%llx is not known; ignored.", (unsigned long long)a[0]);
}

void run_client_request(struct ng_thread *t)
{
    uint64_t a[6], result = t->state.gpr[X86_RDX];
    const guest_addr block = t->state.gpr[X86_RAX];
    if (tool->events.pre_reg_read)
        tool->events.pre_reg_read(t, X86_RAX, "client request(args)", 8);
    if (ng_read(a, block, sizeof a) == sizeof a) {
        request_fn fn = request_other;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (rows[i].code == a[0])
                fn = rows[i].fn;
        fn(t, a, &result);
    }
    t->state.gpr[X86_RDX] = result;
    if (tool->events.post_reg_write)
        tool->events.post_reg_write(t, X86_RDX, 8);
}
