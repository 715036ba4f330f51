/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stack_zone: the red zone, the 128 bytes below rsp that the running function may use
 * without moving rsp.
 *
 * Its shadow is that of all that lies below rsp, "not addressable", until a byte of it
 * is used; then state.red_zone is not above that byte, and the next call or return marks
 * all between again.  So functions without a red zone pay a comparison for it.  Who
 * finds "not addressable" in a shadow asks here before it believes it.  */
#include "instrument.h"
#include "shadow_side.h"

static void use_from(struct x86_state *s, guest_addr a)
{
    if (a < s->red_zone)
        s->red_zone = a;
}

/* Cuts [*a, *a+*size) to the running thread's red zone: its state, or NULL if nothing is left. */
static struct x86_state *in_zone(guest_addr *a, size_t *size)
{
    struct ng_thread *t = ng_thread_self();
    struct x86_state *s = t ? ng_thread_state(t) : NULL;
    if (!s)
        return NULL;
    const guest_addr sp = ng_reg(t, X86_RSP), low = sp - RED_ZONE;
    if (!ng_in_client(sp) || sp < RED_ZONE || *a >= sp || *size <= (*a < low ? low - *a : 0))
        return NULL;
    const guest_addr end = *size < sp - *a ? *a + *size : sp;
    *a = *a < low ? low : *a;
    *size = end - *a;
    return s;
}

void stack_zone_used(guest_addr a, size_t size)
{
    struct x86_state *s = in_zone(&a, &size);
    if (s)
        use_from(s, a);
}

struct search { guest_addr low, high; struct ng_thread *self; bool found; };

/* A running thread's state has the rsp of when it last left generated code, which is in the same stack. */
static void look_at_thread(struct ng_thread *t, void *arg)
{
    struct search *s = arg;
    const guest_addr sp = ng_thread_state(t)->gpr[X86_RSP];
    s->found |= t != s->self && sp >= s->low && sp < s->high;
}

static bool in_other_stack(guest_addr a, guest_addr *high)
{
    struct search s = { .self = ng_thread_self() };
    if (!s.self || !ng_stack_bounds(a, &s.low, &s.high))
        return false;
    const guest_addr sp = ng_reg(s.self, X86_RSP);
    if (sp >= s.low && sp < s.high)
        return false;
    ng_threads_each(look_at_thread, &s);
    *high = s.high;
    return s.found;
}

/* In the red zone of a thread that runs meanwhile?  Its rsp is not known, but not far above if something addressable is.
 * Then all up to there becomes fresh; it is not noted, for that thread's state is its own. */
static bool open_other(guest_addr a)
{
    guest_addr high, last = 0;
    if (!ng_in_client(a + RED_ZONE) || !in_other_stack(a, &high))
        return false;
    for (guest_addr above = a + 1; above <= a + RED_ZONE && above < high; above++)
        if (*ng_v(above) != VPAT_NOACCESS)
            last = above;
    for (guest_addr at = a; at < last; at++)
        if (*ng_v(at) == VPAT_NOACCESS)
            *ng_v(at) = shadow_fresh_pattern();
    return last != 0;
}

bool stack_zone_open(guest_addr a, size_t size)
{
    struct x86_state *s = in_zone(&a, &size);
    uint8_t v;
    bool any = false;
    if (!s)
        return size && *ng_v(a) == VPAT_NOACCESS && !side_find(a, &v) && open_other(a);
    for (size_t i = 0; i < size; i++) {
        if (*ng_v(a + i) != VPAT_NOACCESS || side_find(a + i, &v))
            continue;
        use_from(s, a + i);
        *ng_v(a + i) = shadow_fresh_pattern();
        any = true;
    }
    return any;
}
