/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shadow_fresh: where fresh memory comes from (--track-origins=yes).
 *
 * Memory whose V byte is 0xff has not been stored to since it was allocated.  On a
 * stack nobody wrote its origin down: growing frames would pay for it all the time.
 * It is looked up here when somebody reads such memory: it comes from the function
 * whose frame it lies in now, for a later frame would have made it fresh again.
 * Then its bytes become VPAT_TAGGED, and the O plane tells from there on.  In a heap
 * block the O plane holds the allocation's tag already.  */
#include "instrument.h"

enum { AROUND = 64 };             /* neighbours are looked up along with it: 64 bytes, aligned */

/* Is the word at a one that the program stored? */
static enum ng_word word_kind(guest_addr a)
{
    uint64_t v;
    if (!ng_in_client(a + 8))
        return NG_WORD_NONE;
    memcpy(&v, ng_v(a), 8);
    if (v == 0)
        return NG_WORD_WRITTEN;
    return (uint8_t)v == VPAT_NOACCESS ? NG_WORD_NONE : NG_WORD_OTHER;
}

/* Fresh bytes of [a, end) become tagged; where a word holds other undefined bytes its tag is theirs, and stays. */
static void tag_word(guest_addr word, guest_addr a, guest_addr end, origin_tag tag, bool set)
{
    uint8_t *const v = ng_v(word);
    bool fresh = false, other = false;
    for (unsigned i = 0; i < 4; i++) {
        const bool mine = v[i] == VPAT_UNDEFINED && word + i >= a && word + i < end;
        fresh |= mine;
        other |= v[i] && v[i] != VPAT_UNDEFINED && v[i] != VPAT_NOACCESS;
        if (mine)
            v[i] = VPAT_TAGGED;
    }
    if (fresh && !other && set)
        *ng_o(word) = tag;
}

static void tag_range(guest_addr a, guest_addr end, origin_tag tag, bool set)
{
    for (guest_addr word = a & ~3ull; word < end; word += 4)
        tag_word(word, a, end, tag, set);
}

/* A heap block's tags are there, but for blocks that serve as the stack that is in use. */
static bool is_heap(guest_addr a, guest_addr *end)
{
    guest_addr low;
    struct ng_thread *t = ng_thread_self();
    if (!stack_heap_bounds(a + 1, &low, end))
        return false;
    const guest_addr sp = t ? ng_reg(t, X86_RSP) : 0;
    return sp < low || sp > *end;
}

bool shadow_fresh_is_told(guest_addr a)
{
    guest_addr end;
    return is_heap(a, &end);
}

void shadow_fresh_to_tagged(guest_addr a, size_t size)
{
    uint8_t *p = ng_v(a), *const end = p + size;
    while (p < end && (p = memchr(p, VPAT_UNDEFINED, (size_t)(end - p))))
        while (p < end && *p == VPAT_UNDEFINED)
            *p++ = VPAT_TAGGED;
}

/* The fresh byte at a, what is fresh behind it before `end`, and its neighbours, as far as they come from the same
 * place.  Yields where that ends. */
static guest_addr settle_from(guest_addr a, guest_addr end)
{
    struct ng_frame f;
    guest_addr low = a & ~(guest_addr)(AROUND - 1), high;
    if (is_heap(a, &high)) {
        high = high < end ? high : end;
        tag_range(a, high, 0, false);
    } else if (ng_frame_at(a, word_kind, &f)) {
        high = end > low + AROUND ? end : low + AROUND;
        high = f.high < high ? f.high : high;
        tag_range(f.low > low ? f.low : low, high, origin_make(ng_trace_of_pc(f.pc), ORIGIN_STACK), true);
    } else { /* nobody's: a stack that was left */
        high = a + 1;
        tag_range(a, high, 0, true);
    }
    return high;
}

void shadow_settle(guest_addr a, size_t size)
{
    const guest_addr end = a + size;
    while (a < end) {
        const uint8_t *fresh = memchr(ng_v(a), VPAT_UNDEFINED, end - a);
        a = fresh ? settle_from((guest_addr)fresh - ng_v_shift, end) : end;
    }
}
