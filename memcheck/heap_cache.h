/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap_cache: what a thread has at hand of the heap, shared by heap_blocks.c and heap_fast.c.
 *
 * Only its own thread touches a cache, outside of fork and exit; its counters are read by others. */
#pragma once
#include "heap.h"

enum { HEAP_PENDING_BLOCKS = 64, HEAP_PENDING_BYTES = 64 << 10, HEAP_CACHED = 64 };

/* A block in the quarantine, with what is asked about it when it leaves: its record is cold by then, and stays so. */
typedef uint64_t heap_ticket;
static inline __attribute__((always_inline)) heap_ticket heap_ticket_of(const struct heap_block *b, int class)
{
    const uint64_t moved = b->align_log2 > 4 || heap_min_align > 16; /* its block may begin anywhere in its slot */
    return b->addr | (uint64_t)class << 48 | moved << 63;
}
static inline guest_addr heap_ticket_addr(heap_ticket t) { return t & 0xffffffffffff; }
static inline int heap_ticket_class(heap_ticket t) { return (int)(t >> 48 & 0x7f); }
static inline bool heap_ticket_is_moved(heap_ticket t) { return t >> 63; }
_Static_assert(HEAP_CLASSES < 128, "a class has seven bits");

/* Freed blocks on their way through the quarantine. */
struct heap_batch { struct heap_batch *next; uint64_t bytes; uint32_t n; heap_ticket block[HEAP_PENDING_BLOCKS]; };

struct heap_cache {
    struct heap_batch *pending;      /* freed, not yet in the quarantine; NULL: none */
    struct heap_counts {
        _Atomic uint64_t allocs, bytes_allocated, frees, bytes_freed;
        _Atomic uint64_t frees_of_nothing, pool_frees, bytes_resized;
    } counts;
    struct ng_thread *thread;        /* whose it is */
    uint16_t thread_id;
    uint32_t n_slots[HEAP_CLASSES];
    struct heap_batch *spare;
    struct heap_cache *next;
    guest_addr slots[HEAP_CLASSES][HEAP_CACHED]; /* unused ones, as the addresses their blocks have; the last is taken first */
};

/* NULL until the thread's first allocation. */
extern __thread struct heap_cache *heap_self_cache __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* One thread writes, others read.  Of plain ones the compiler makes vectors, and a vector that is loaded when its halves
 * have just been stored waits until all stores before are done, those to cold shadow too. */
static inline void heap_count(_Atomic uint64_t *n, uint64_t by)
{
    atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + by, memory_order_relaxed);
}

static inline void heap_cache_count_alloc(struct heap_cache *c, uint64_t size)
{
    heap_count(&c->counts.allocs, 1);
    heap_count(&c->counts.bytes_allocated, size);
}

static inline void heap_cache_count_free(struct heap_cache *c, uint64_t size)
{
    heap_count(&c->counts.frees, 1);
    heap_count(&c->counts.bytes_freed, size);
}

/* An unused slot of a class that has one; it stays in the cache. */
static inline guest_addr heap_cache_top(const struct heap_cache *c, int class)
{
    return c->slots[class][c->n_slots[class] - 1];
}

/* It is taken.  The next one is cold: nobody has looked at it since it went into the quarantine.  All that is wanted of it
 * follows from its address, so nothing here waits. */
static inline guest_addr heap_cache_pop(struct heap_cache *c, int class)
{
    const uint32_t n = --c->n_slots[class];
    const guest_addr *at = &c->slots[class][n];
    if (n > 0) {
        const guest_addr next = at[-1];
        __builtin_prefetch(ng_v(next), 1);
        __builtin_prefetch((void *)next, 1);
        __builtin_prefetch(heap_quick_at(next).block, 1);
    }
    return *at;
}

/* What a block counts in the quarantine; something even for an empty one, as its slot waits too. */
static inline uint64_t heap_volume(uint64_t size) { return size < 16 ? 16 : size; }
static inline bool heap_is_big(uint64_t size)
{
    return mc_options.freelist_big_blocks != 0 && size >= (uint64_t)mc_options.freelist_big_blocks;
}

/* Is it time for a batch of so many blocks and bytes to enter the quarantine? */
static inline bool heap_batch_is_full(uint32_t n, uint64_t bytes)
{
    return n >= HEAP_PENDING_BLOCKS || bytes >= HEAP_PENDING_BYTES || bytes >= (uint64_t)mc_options.freelist_vol / 8;
}
