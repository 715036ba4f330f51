/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stack_heap: stacks in heap blocks (makecontext and other coroutines). */
#include "heap.h"
#include "instrument.h"

bool stack_heap_bounds(guest_addr sp, guest_addr *low, guest_addr *high)
{
    struct heap_block *b = heap_slot_at(sp - 1); /* an empty stack's rsp is the block's end */
    if (!b || b->state != HEAP_LIVE)
        return false;
    b->flags |= HEAP_FLAG_STACK; /* so what is undefined there may be a frame's */
    stack_not_plain();
    *low = b->addr;
    *high = b->addr + b->size;
    return true;
}
