/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report/describe: what an address is, when the tool does not know it:
 * stack, data symbol, section, brk, mapping, or nothing. */
#include <stdio.h>
#include "report/internal.h"
#include "run/run.h"
#include "space/space.h"
#include "symbols/symbols.h"

/* ---- stacks ---- */

enum { RED_ZONE = 128 };           /* below the stack pointer, by the ABI */

struct stack_search {
    guest_addr a;
    struct ng_thread *owner;
    guest_addr sp;
};

static void look_at_thread(struct ng_thread *t, void *arg)
{
    struct stack_search *s = arg;
    guest_addr low, high;
    const guest_addr sp = ng_reg(t, X86_RSP);
    if (s->owner)
        return;
    if (!ng_stack_bounds(sp, &low, &high)) {
        low = t->stack_low;
        high = t->stack_high;
    }
    if (t->stack_high && t->stack_high > low && t->stack_high < high)
        high = t->stack_high;
    if (s->a >= low && s->a < high) {
        s->owner = t;
        s->sp = sp;
    }
}

/* The frame that holds a: the one whose stack pointer is the last at or below it. */
static void describe_frame(const struct stack_search *s)
{
    enum { MAX = 512 };
    guest_addr pcs[MAX], sps[MAX];
    if (s->owner != ng_thread_self() && !s->owner->parked)
        return; /* it runs: its registers are not to be had */
    const int n = symbols_walk(s->owner, pcs, sps, MAX);
    for (int i = 0; i + 1 < n; i++) {
        if (s->a < sps[i] || s->a >= sps[i + 1])
            continue;
        struct symbols_frame f[32];
        const guest_addr start = symbols_function_start(pcs[i]);
        const int k = symbols_describe(start ? start : pcs[i], f, 32);
        if (k <= 0)
            return;
        const struct symbols_frame *outer = &f[k - 1];
        char line[16] = "";
        if (outer->file)
            snprintf(line, sizeof line, "%d", outer->line);
        ng_auxwhat("in frame #%d, created by %s (%s:%s)", i, outer->fn ? outer->fn : "???",
                   outer->file ? outer->file : "???", line);
        return;
    }
}

static bool describe_stack(guest_addr a)
{
    struct stack_search s = { .a = a };
    struct ng_segment seg;
    if (!ng_segment_at(a, &seg))
        return false;
    ng_threads_each(look_at_thread, &s);
    if (!s.owner)
        return false;
    ng_auxwhat("Address 0x%lx is on thread %d's stack", (unsigned long)a, s.owner->id);
    if (a >= s.sp)
        describe_frame(&s);
    else if (a >= s.sp - RED_ZONE)
        ; /* a leaf's variables: nothing to add */
    else if (!(seg.prot & (NG_PROT_R | NG_PROT_W)))
        ng_auxwhat("In stack guard protected page, %lu bytes below stack pointer", (unsigned long)(s.sp - a));
    else
        ng_auxwhat("%lu bytes below stack pointer", (unsigned long)(s.sp - a));
    return true;
}

/* ---- objects ---- */

static bool describe_symbol(guest_addr a)
{
    char name[1024];
    guest_addr start;
    if (!ng_data_symbol(a, name, sizeof name, &start))
        return false;
    ng_auxwhat("Address 0x%lx is %lu bytes inside data symbol \"%s\"", (unsigned long)a, (unsigned long)(a - start), name);
    return true;
}

static bool describe_section(guest_addr a)
{
    const char *section, *object;
    if (!symbols_section(a, &section, &object))
        return false;
    ng_auxwhat("Address 0x%lx is in the %s segment of %s", (unsigned long)a, section, object);
    if (!strcmp(section, "Text"))
        ng_trace_print(symbols_trace_of(&a, 1));
    return true;
}

/* ---- mappings ---- */

static void describe_brk(guest_addr a, const struct ng_segment *seg)
{
    const guest_addr limit = (guest_addr)space_brk(0);
    if (limit > seg->start && a >= limit)
        ng_auxwhat("Address 0x%lx is %lu bytes after the brk data segment limit 0x%lx", (unsigned long)a,
                   (unsigned long)(a - limit), (unsigned long)limit);
    else
        ng_auxwhat("Address 0x%lx is in the brk data segment 0x%lx-0x%lx", (unsigned long)a, (unsigned long)seg->start,
                   (unsigned long)((limit > a ? limit : seg->end) - 1));
}

static bool describe_mapping(guest_addr a)
{
    struct ng_segment seg;
    if (!ng_segment_at(a, &seg))
        return false;
    if (seg.kind == NG_SEG_BRK) {
        describe_brk(a, &seg);
        return true;
    }
    const char prot[4] = { seg.prot & NG_PROT_R ? 'r' : '-', seg.prot & NG_PROT_W ? 'w' : '-',
                           seg.prot & NG_PROT_X ? 'x' : '-', 0 };
    if (seg.kind == NG_SEG_FILE)
        ng_auxwhat("Address 0x%lx is in a %s mapped file %s segment", (unsigned long)a, prot, seg.path ? seg.path : "???");
    else
        ng_auxwhat("Address 0x%lx is in a %s %s segment", (unsigned long)a, prot,
                   seg.kind == NG_SEG_SHM ? "shared memory" : "anonymous");
    return true;
}

void ng_describe_addr(guest_addr a)
{
    report_begin();
    if (!describe_stack(a) && !describe_symbol(a) && !describe_section(a) && !describe_mapping(a))
        ng_auxwhat("Address 0x%lx is not stack'd, malloc'd or (recently) free'd", (unsigned long)a);
    report_end();
}
