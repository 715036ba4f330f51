/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap_fast: see heap.h.
 *
 * Each first looks whether it can do the whole of it, then does it.  Nothing before that point is seen by anybody, so the
 * hook may begin anew; nothing behind it can fail, or fault.  Client memory is touched before it only: the contents of a
 * slot that is still unused.  */
#include <emmintrin.h>
#include "heap_cache.h"
#include "heap_inherit.h"
#include "shadow_side.h"

#define INLINE static inline __attribute__((always_inline))
enum { SMALL = 1024 };

INLINE struct ng_fast done(uint64_t value) { return (struct ng_fast){ value, 1 }; }
INLINE struct ng_fast decline(void) { return (struct ng_fast){ 0, 0 }; }

/* The compiler must not move what may fault behind what cannot be undone. */
INLINE void point_of_no_return(void) { atomic_signal_fence(memory_order_seq_cst); }

/* ---- short runs of bytes ---- */

INLINE __m128i vector(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }
INLINE void put_vector(uint8_t *p, __m128i v) { _mm_storeu_si128((__m128i *)p, v); }

/* Without a loop: the compiler would make `rep stos` of it, which costs more than all else here. */
INLINE void fill(uint8_t *p, uint8_t byte, size_t n)
{
    const uint64_t word = 0x0101010101010101ull * byte;
    uint8_t *const end = p + n;
    if (n > 64) {
        __asm__("" : "+r"(n)); /* for the same reason */
        memset(p, byte, n);
    } else if (n >= 16) {
        const __m128i v = _mm_set1_epi64x((long long)word);
        put_vector(p, v);
        if (n > 32) {
            put_vector(p + 16, v);
            put_vector(end - 32, v);
        }
        put_vector(end - 16, v);
    } else if (n >= 8) {
        memcpy(p, &word, 8);
        memcpy(end - 8, &word, 8);
    } else if (n >= 4) {
        memcpy(p, &word, 4);
        memcpy(end - 4, &word, 4);
    } else if (n > 0) {
        p[0] = p[n / 2] = end[-1] = byte;
    }
}

/* n > 0 */
INLINE bool is_zero(const uint8_t *p, size_t n)
{
    uint8_t all = 0;
    if (n >= 16) {
        __m128i v = vector(p + n - 16);
        for (size_t i = 0; i < n - 16; i += 16)
            v = _mm_or_si128(v, vector(p + i));
        return _mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_setzero_si128())) == 0xffff;
    }
    for (size_t i = 0; i < n; i++)
        all |= p[i];
    return all == 0;
}

/* ---- parts ---- */

INLINE bool usual_options(void)
{
    return mc_options.keep_stacktraces == KEEP_ALLOC_AND_FREE && (mc_options.malloc_fill & mc_options.free_fill) == -1 &&
           heap_min_align <= 16 && !side_is_used();
}

/* The slot of a small new block, which stays unused for now; addr 0: declines. */
struct slot { guest_addr addr; int class; };
INLINE struct slot unused_slot(const struct heap_cache *c, uint64_t size)
{
    if (!c || size - 1 >= SMALL || !usual_options())
        return (struct slot){ 0, 0 };
    const int class = heap_class_of(size + 2 * heap_redzone);
    return (struct slot){ c->n_slots[class] ? heap_cache_top(c, class) : 0, class };
}

static const struct heap_inherited nothing = { 0, 0 };

/* It becomes a block, of which all but shadow is done here.  Its record is written, not read: it may be cold. */
INLINE struct ng_fast hand_out(struct heap_cache *c, struct slot s, uint64_t size, enum heap_kind kind, ng_trace trace, struct heap_inherited from)
{
    struct heap_block *b = heap_quick_at(s.addr).block;
    heap_cache_pop(c, s.class);
    b->size = size;
    b->inherited = from.bytes & HEAP_INHERITED_MAX;
    b->align_log2 = 0;
    b->alloc_trace = trace;
    b->origin_trace = from.trace;
    b->thread = c->thread_id;
    b->kind = (uint8_t)kind & 15;
    b->flags = 0;
    heap_cache_count_alloc(c, size);
    atomic_store_explicit(&b->state, HEAP_LIVE, memory_order_release);
    return done(s.addr);
}

/* The small live block at a that is to be freed, if the batch of freed ones has room without being full; NULL: declines. */
INLINE struct heap_quick freeable(const struct heap_cache *c, guest_addr a, enum heap_kind kind)
{
    const struct heap_quick q = heap_quick_at(a), none = { NULL, 0 };
    const struct heap_block *b = q.block;
    if (!c || !c->pending || !usual_options())
        return none;
    if (!heap_is_live_at(b, a) || b->size > SMALL || b->kind != kind || b->align_log2 || heap_is_big(b->size) ||
        heap_batch_is_full(c->pending->n + 1, c->pending->bytes + heap_volume(b->size)))
        return none;
    return q;
}

/* It is cold, mostly, and who looks at it is waited for.  The look-up of a trace, meanwhile, waits for nothing. */
INLINE void prefetch_record(guest_addr a) { __builtin_prefetch(heap_quick_at(a).block, 1); }

/* The rest of freeing a block that has been claimed. */
INLINE void let_go(struct heap_cache *c, struct heap_quick freed, ng_trace trace)
{
    struct heap_batch *q = c->pending;
    struct heap_block *b = freed.block;
    const uint64_t size = b->size;
    b->free_trace = trace;
    fill(ng_v(b->addr), VPAT_NOACCESS, size);
    heap_cache_count_free(c, size);
    q->block[q->n++] = heap_ticket_of(b, freed.class);
    q->bytes += heap_volume(size);
}

/* ---- functions ---- */

INLINE struct ng_fast allocate(uint64_t size, enum heap_kind kind)
{
    struct heap_cache *c = heap_self_cache;
    const struct slot s = unused_slot(c, size);
    const ng_trace trace = s.addr ? ng_trace_known(c->thread) : 0;
    if (!trace)
        return decline();
    fill(ng_v(s.addr), shadow_fresh_pattern(), size);
    return hand_out(c, s, size, kind, trace, nothing);
}

INLINE struct ng_fast release(guest_addr a, enum heap_kind kind, const uint64_t *size)
{
    struct heap_cache *c = heap_self_cache;
    if (a == 0)
        return done(0);
    prefetch_record(a);
    const ng_trace trace = c ? ng_trace_known(c->thread) : 0;
    if (!trace)
        return decline();
    const struct heap_quick q = freeable(c, a, kind);
    if (!q.block || (size && q.block->size != *size) || !heap_claim(q.block))
        return decline();
    let_go(c, q, trace);
    return done(0);
}

HEAP_FAST(malloc)
{
    (void)a1, (void)a2, (void)a3;
    return allocate(a0, HEAP_MALLOC);
}

HEAP_FAST(calloc)
{
    struct heap_cache *c = heap_self_cache;
    uint64_t size;
    (void)a2, (void)a3;
    if (__builtin_mul_overflow(a0, a1, &size))
        return decline();
    const struct slot s = unused_slot(c, size);
    const ng_trace trace = s.addr ? ng_trace_known(c->thread) : 0;
    if (!trace)
        return decline();
    fill((uint8_t *)s.addr, 0, size);
    point_of_no_return();
    fill(ng_v(s.addr), VPAT_DEFINED, size);
    return hand_out(c, s, size, HEAP_MALLOC, trace, nothing);
}

/* Contents into another block.  What is undefined keeps its origin, found while its block is alive. */
static struct ng_fast move(guest_addr from, uint64_t size)
{
    struct heap_cache *c = heap_self_cache;
    const struct slot to = unused_slot(c, size);
    struct heap_inherited inherits = nothing;
    if (!to.addr)
        return decline();
    prefetch_record(from);
    const ng_trace trace = ng_trace_known(c->thread);
    const struct heap_quick old = freeable(c, from, HEAP_MALLOC);
    struct heap_block *b = old.block;
    if (!trace || !b)
        return decline();
    const uint64_t kept = b->size < size ? b->size : size;
    const bool defined = kept == 0 || is_zero(ng_v(from), kept);
    if (!defined && (b->flags & HEAP_FLAG_STACK)) /* they may be a frame's */
        return decline();
    memcpy((void *)to.addr, (const void *)from, kept);
    point_of_no_return();
    const bool has_tags = !defined && mc_options.track_origins && !heap_can_inherit(b, kept, &inherits);
    if (has_tags) {
        inherits = nothing;
        shadow_settle(from, kept);
    }
    if (!heap_claim(b))
        return decline();
    if (defined)
        fill(ng_v(to.addr), VPAT_DEFINED, kept);
    else if (has_tags)
        shadow_copy(from, to.addr, kept);
    else
        memcpy(ng_v(to.addr), ng_v(from), kept);
    fill(ng_v(to.addr + kept), shadow_fresh_pattern(), size - kept);
    const struct ng_fast result = hand_out(c, to, size, HEAP_MALLOC, trace, inherits);
    let_go(c, old, trace);
    return result;
}

HEAP_FAST(realloc)
{
    (void)a2, (void)a3;
    return a0 == 0 ? allocate(a1, HEAP_MALLOC) : move(a0, a1);
}

HEAP_FAST(free)
{
    (void)a1, (void)a2, (void)a3;
    return release(a0, HEAP_MALLOC, NULL);
}

HEAP_FAST(new)
{
    (void)a1, (void)a2, (void)a3;
    return allocate(a0, HEAP_NEW);
}

HEAP_FAST(new_array)
{
    (void)a1, (void)a2, (void)a3;
    return allocate(a0, HEAP_NEW_ARRAY);
}

HEAP_FAST(delete)
{
    (void)a1, (void)a2, (void)a3;
    return release(a0, HEAP_NEW, NULL);
}

HEAP_FAST(delete_sized)
{
    (void)a2, (void)a3;
    return release(a0, HEAP_NEW, &a1);
}

HEAP_FAST(delete_array)
{
    (void)a1, (void)a2, (void)a3;
    return release(a0, HEAP_NEW_ARRAY, NULL);
}

HEAP_FAST(delete_array_sized)
{
    (void)a2, (void)a3;
    return release(a0, HEAP_NEW_ARRAY, &a1);
}
