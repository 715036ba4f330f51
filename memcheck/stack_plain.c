/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stack_plain: whether everything above rsp is addressable.
 *
 * Then clean code need not look at the shadow of what it stores to the frame, and
 * clears it.  A heap block that serves as a stack ends somewhere, with what is not
 * addressable behind it, and a client request may make any place so.  */
#include <stdatomic.h>
#include "instrument.h"

static atomic_bool not_plain;

bool stack_is_plain(void) { return !atomic_load_explicit(&not_plain, memory_order_relaxed); }

void stack_not_plain(void)
{
    if (!atomic_exchange(&not_plain, true))
        ng_discard_translations();
}

/* A mapping of anonymous memory may become a stack later: the bounds of what might be one are asked for, not of those in use. */
static bool may_be_stack(guest_addr a)
{
    guest_addr low, high;
    return ng_stack_bounds(a, &low, &high);
}

void stack_hole(guest_addr a, size_t size)
{
    struct ng_thread *t = ng_thread_self();
    if (!size || !stack_is_plain())
        return;
    const guest_addr sp = t ? ng_reg(t, X86_RSP) : 0;
    if (may_be_stack(a) || may_be_stack(a + size - 1) || sp - a < size)
        stack_not_plain();
}
