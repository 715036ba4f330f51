/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shadow_fresh: where fresh memory comes from (--track-origins=yes).
 *
 * Where a stack grows, or malloc makes a block, its V bytes become VPAT_FRESH, and nothing
 * is written to the O plane: every call of every program would pay for it.  The tag is
 * looked up here when somebody reads such memory before it was stored to: it comes from
 * the heap block that it lies in, or the function whose frame it lies in now, for a later
 * frame or block would have made it fresh again.  Then its bytes become 0xff, and the O
 * plane tells from there on.  */
#include <emmintrin.h>
#include "instrument.h"

enum { AROUND = 128 };            /* neighbours are looked up along with it: so many bytes, aligned */

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

/* Fresh bytes of [a, end) get the tag; where a word holds other undefined bytes its tag is theirs, and stays. */
static void tag_word(guest_addr word, guest_addr a, guest_addr end, origin_tag tag)
{
    uint8_t *const v = ng_v(word);
    bool fresh = false, other = false;
    for (unsigned i = 0; i < 4; i++) {
        const bool mine = v[i] == VPAT_FRESH && word + i >= a && word + i < end;
        fresh |= mine;
        other |= v[i] && v[i] != VPAT_FRESH && v[i] != VPAT_NOACCESS;
        if (mine)
            v[i] = VPAT_UNDEFINED;
    }
    if (fresh && !other)
        *ng_o(word) = tag;
}

enum { VECTOR = 16 };

/* If all of a vector is fresh; else it is done word by word. */
static bool tag_vector(guest_addr a, origin_tag tag)
{
    __m128i *const v = (__m128i *)ng_v(a);
    if (_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(v), _mm_set1_epi8((char)VPAT_FRESH))) != 0xffff)
        return false;
    _mm_storeu_si128(v, _mm_set1_epi8((char)VPAT_UNDEFINED));
    _mm_storeu_si128((__m128i *)ng_o(a), _mm_set1_epi32((int)tag));
    return true;
}

static bool is_clean_vector(guest_addr a)
{
    return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)ng_v(a)), _mm_setzero_si128())) == 0xffff;
}

static void tag_range(guest_addr low, guest_addr high, origin_tag tag)
{
    guest_addr word = low & ~3ull;
    while (word < high) {
        if (word >= low && word + VECTOR <= high && (is_clean_vector(word) || tag_vector(word, tag))) {
            word += VECTOR;
        } else {
            tag_word(word, low, high, tag);
            word += 4;
        }
    }
}

/* Whose is the fresh byte at a?  False: nobody's, a stack that was left. */
static bool owner_of(guest_addr a, struct heap_origin *o)
{
    struct ng_frame f;
    const bool in_heap = heap_origin_at(a, o);
    if (in_heap && !o->is_stack)
        return true;
    if (!ng_frame_at(a, word_kind, &f))
        return in_heap;
    o->tag = origin_make(ng_trace_of_pc(f.pc), ORIGIN_STACK);
    o->low = f.low;
    o->high = f.high;
    return true;
}

/* The fresh byte at a, what is fresh behind it before `end`, and its neighbours, as far as they are in the same frame
 * or block.  Yields where that ends. */
static guest_addr settle_from(guest_addr a, guest_addr end)
{
    struct heap_origin o = { 0 };
    guest_addr low = a & ~(guest_addr)(AROUND - 1), high = end > low + AROUND ? end : low + AROUND;
    if (owner_of(a, &o)) {
        low = o.low > low ? o.low : low;
        high = o.high < high ? o.high : high;
    } else {
        low = a;
        high = a + 1;
    }
    tag_range(low, high, o.tag);
    return high;
}

void shadow_settle(guest_addr a, size_t size)
{
    const guest_addr end = a + size;
    while (a < end) {
        const uint8_t *fresh = memchr(ng_v(a), VPAT_FRESH, end - a);
        a = fresh ? settle_from((guest_addr)fresh - ng_v_shift, end) : end;
    }
}
