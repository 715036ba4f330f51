/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stack: what a move of the stack pointer does to shadow memory.
 *
 * Between the stack's low end and rsp - 128 nothing is addressable; what a
 * growing stack makes addressable is undefined.  A move that is too large, or
 * leads into another stack, is a switch: it marks nothing.  */
#include <stdatomic.h>
#include "heap.h"
#include "instrument.h"

enum { WARNINGS_MAX = 3, FRESH_MARK = 256 << 10, ASK_FROM = 1024 };

static int64_t max_stackframe = 2000000;

void stack_init(void) { ng_option_value("max-stackframe", &max_stackframe); }

static void warn_switch(guest_addr old, guest_addr now, int64_t change)
{
    static _Atomic int warnings;
    const int n = atomic_fetch_add(&warnings, 1);
    if (n >= WARNINGS_MAX || ng_verbosity() < 1 || ng_option_xml())
        return;
    ng_umsg_v(1, "Warning: client switching stacks?  SP change: 0x%lx --> 0x%lx", (unsigned long)old, (unsigned long)now);
    ng_umsg_v(1, "         to suppress, use: --max-stackframe=%ld or greater", (long)(change < 0 ? -change : change));
    if (n == WARNINGS_MAX - 1)
        ng_umsg_v(1, "         further instances of this message will not be shown.");
}

/* The stack that sp is in: one the core knows, or a heap block that serves as one. */
static bool bounds_of(guest_addr sp, guest_addr *low, guest_addr *high)
{
    return stack_heap_bounds(sp, low, high) || ng_stack_bounds(sp, low, high);
}

/* True if one of them lies in a stack that does not hold the other. */
static bool in_different_stacks(guest_addr a, guest_addr b)
{
    guest_addr low, high;
    if (bounds_of(a, &low, &high) && (b < low || b > high))
        return true;
    return bounds_of(b, &low, &high) && (a < low || a > high);
}

static void watch_strip(struct ng_thread *t, guest_addr sp)
{
    struct x86_state *s = t ? ng_thread_state(t) : NULL;
    if (!s)
        return;
    if (!ng_in_client(sp))
        __atomic_fetch_or(&s->attention, X86_ATT_GPR(X86_RSP), __ATOMIC_RELAXED);
    else if (s->attention & X86_ATT_GPR(X86_RSP) && !s->v.gpr[X86_RSP])
        __atomic_fetch_and(&s->attention, ~X86_ATT_GPR(X86_RSP), __ATOMIC_RELAXED);
}

void stack_moved(struct ng_thread *t, guest_addr old, guest_addr now)
{
    const int64_t change = (int64_t)(now - old);
    watch_strip(t, now);
    if (!change || !ng_in_client(now) || !ng_in_client(old))
        return;
    guest_addr low, high;
    if (change > ASK_FROM || change < -ASK_FROM)
        stack_heap_bounds(now, &low, &high); /* which takes note of it */
    if (change > max_stackframe || change < -max_stackframe) {
        if (!in_different_stacks(old, now))
            warn_switch(old, now, change);
        return;
    }
    if ((change > ASK_FROM || change < -ASK_FROM) && in_different_stacks(old, now))
        return;
    if (change < 0)
        shadow_make_fresh(now - RED_ZONE, (size_t)-change);
    else
        shadow_make_noaccess(old - RED_ZONE, (size_t)change);
}

void stack_started(guest_addr sp)
{
    guest_addr low, high;
    stack_heap_bounds(sp, &low, &high); /* which takes note of it */
    if (!ng_stack_bounds(sp, &low, &high) || sp - RED_ZONE <= low)
        return;
    const guest_addr from = sp - low > FRESH_MARK ? sp - FRESH_MARK : low;
    shadow_make_noaccess(from, sp - RED_ZONE - from);
}
