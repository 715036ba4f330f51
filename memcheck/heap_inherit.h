/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap_inherit: whose the fresh bytes are that realloc moves.
 *
 * Their origin is the block that they were made with.  To write it down as tags touches memory of the O plane for nothing, mostly;
 * so they stay fresh, and the record of the block they are in now says where its first bytes are from (struct heap_block).  It
 * has room for one such origin, of up to HEAP_INHERITED_MAX bytes.  */
#pragma once
#include <emmintrin.h>
#include "heap.h"

struct heap_inherited { uint64_t bytes; ng_trace trace; };

/* Of p[0..n): is a byte fresh, and is one undefined in another way, or not addressable?  The first only if not the second. */
struct heap_look { bool fresh, other; };
static inline __attribute__((always_inline)) struct heap_look heap_look_at(const uint8_t *p, size_t n)
{
    const __m128i zero = _mm_setzero_si128(), fresh = _mm_set1_epi8((char)VPAT_FRESH);
    __m128i all_zero = _mm_cmpeq_epi8(zero, zero), none_other = all_zero;
    bool any_fresh = false, any_other = false;
    for (; n >= 16; p += 16, n -= 16) {
        const __m128i v = _mm_loadu_si128((const __m128i *)p), is_zero = _mm_cmpeq_epi8(v, zero);
        all_zero = _mm_and_si128(all_zero, is_zero);
        none_other = _mm_and_si128(none_other, _mm_or_si128(is_zero, _mm_cmpeq_epi8(v, fresh)));
    }
    for (size_t i = 0; i < n; i++) {
        any_fresh |= p[i] == VPAT_FRESH;
        any_other |= p[i] != VPAT_FRESH && p[i] != VPAT_DEFINED;
    }
    any_other |= _mm_movemask_epi8(none_other) != 0xffff;
    any_fresh |= _mm_movemask_epi8(all_zero) != 0xffff;
    return (struct heap_look){ any_fresh && !any_other, any_other };
}

/* May the shadow of the first `kept` bytes of a live block that realloc frees go as it is to a new one whose alloc_trace is kept,
 * with *from in its record?  If true, its bytes are 0 where nothing is fresh.  Only with --track-origins=yes, and while the side table is empty; not if they may be a stack's. */
static inline __attribute__((always_inline)) bool heap_can_inherit(const struct heap_block *b, uint64_t kept, struct heap_inherited *from)
{
    *from = (struct heap_inherited){ 0, 0 };
    if (kept > HEAP_INHERITED_MAX || b->flags & HEAP_FLAG_STACK || !b->alloc_trace)
        return false;
    const struct heap_look all = heap_look_at(ng_v(b->addr), kept);
    if (!all.fresh)
        return !all.other;
    const uint64_t old = b->inherited < kept ? b->inherited : kept;
    if (old == 0 || !heap_look_at(ng_v(b->addr), old).fresh) {
        *from = (struct heap_inherited){ kept, b->alloc_trace };
        return true;
    }
    *from = (struct heap_inherited){ old, b->origin_trace };
    return !heap_look_at(ng_v(b->addr + old), kept - old).fresh;
}
