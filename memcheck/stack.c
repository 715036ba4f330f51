/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stack: what a move of the stack pointer does to shadow memory.
 *
 * Below rsp nothing is addressable, but for what is used of the red zone; what a
 * growing stack makes addressable is undefined.  A move that is too large, or
 * leads into another stack, is a switch: it marks nothing.  */
#include <stdatomic.h>
#include "heap.h"
#include "instrument.h"

enum { WARNINGS_MAX = 3, FRESH_MARK = 256 << 10, ALTERNATE_MARK = 16 << 10, ASK_FROM = 1024 };

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

/* Fresh but for what is used of the red zone. */
static void grow(struct x86_state *s, guest_addr old, guest_addr now)
{
    const guest_addr used = s ? s->red_zone : ~0ull;
    if (used < old) {
        for (guest_addr a = used < now ? now : used; a < old; a++)
            if (*ng_v(a) == VPAT_NOACCESS)
                *ng_v(a) = shadow_fresh_pattern();
        old = used;
    }
    if (old > now)
        shadow_make_fresh(now, old - now);
    if (s && used >= now)
        s->red_zone = ~0ull;
}

/* The last 128 bytes stay as they are. */
static void shrink(struct x86_state *s, guest_addr old, guest_addr now)
{
    const guest_addr from = s && s->red_zone < old && old - s->red_zone <= IR_ZONE_FAR ? s->red_zone : old;
    if (now - from > RED_ZONE)
        shadow_make_noaccess(from, now - RED_ZONE - from);
    if (s)
        s->red_zone = now - from > RED_ZONE ? now - RED_ZONE : from;
}

void stack_moved(struct ng_thread *t, guest_addr old, guest_addr now)
{
    struct x86_state *s = t ? ng_thread_state(t) : NULL;
    const int64_t change = (int64_t)(now - old);
    watch_strip(t, now);
    if (!change)
        return;
    guest_addr low, high;
    if (change > ASK_FROM || change < -ASK_FROM)
        stack_heap_bounds(now, &low, &high); /* which takes note of it */
    const bool outside = !ng_in_client(now) || !ng_in_client(old), far = change > max_stackframe || change < -max_stackframe;
    if (outside || far || ((change > ASK_FROM || change < -ASK_FROM) && in_different_stacks(old, now))) {
        if (s)
            s->red_zone = ~0ull; /* of the new stack nothing is known */
        if (far && !outside && !in_different_stacks(old, now))
            warn_switch(old, now, change);
        return;
    }
    if (change < 0)
        grow(s, old, now);
    else
        shrink(s, old, now);
}

void stack_interrupted(struct ng_thread *t, guest_addr old, guest_addr now)
{
    struct x86_state *s = t ? ng_thread_state(t) : NULL;
    if (s)
        s->red_zone = ~0ull; /* what is used is the interrupted function's, and stays as it is */
    if (now > old)
        stack_moved(t, old, now);
    else if (old - now > RED_ZONE)
        stack_moved(t, old - RED_ZONE, now);
    guest_addr low, high;
    if (s && s->gpr[X86_RSP] != old && s->gpr[X86_RSP] != now && bounds_of(now, &low, &high)) { /* onto an alternate stack */
        const guest_addr from = now - low > ALTERNATE_MARK ? now - ALTERNATE_MARK : low;
        shadow_make_noaccess(from, now - from);
    }
    if (s && s->gpr[X86_RSP] == now && ng_in_client(now)) /* it is there again */
        s->red_zone = now - RED_ZONE;
}

void stack_started(guest_addr sp)
{
    guest_addr low, high;
    stack_heap_bounds(sp, &low, &high); /* which takes note of it */
    if (!ng_stack_bounds(sp, &low, &high) || sp <= low)
        return;
    const guest_addr from = sp - low > FRESH_MARK ? sp - FRESH_MARK : low;
    shadow_make_noaccess(from, sp - from);
}
