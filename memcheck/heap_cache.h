/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap_cache: what a thread has at hand of the heap, shared by heap_blocks.c and heap_fast.c.
 *
 * Only its own thread touches a cache, outside of fork and exit; its counters are read by others. */
#pragma once
#include "heap.h"

enum { HEAP_PENDING_BLOCKS = 64, HEAP_PENDING_BYTES = 64 << 10 };

/* Freed blocks on their way through the quarantine. */
struct heap_batch { struct heap_batch *next; uint64_t bytes; uint32_t n; struct heap_block *block[HEAP_PENDING_BLOCKS]; };

struct heap_cache {
    struct heap_batch *pending;      /* freed, not yet in the quarantine; NULL: none */
    struct heap_totals totals;       /* live_* are differences here, modulo 2^64 */
    struct ng_thread *thread;        /* whose it is */
    uint16_t thread_id;
    struct heap_block *slots[HEAP_CLASSES];
    uint32_t n_slots[HEAP_CLASSES];
    struct heap_batch *spare;
    struct heap_cache *next;
};

/* NULL until the thread's first allocation. */
extern __thread struct heap_cache *heap_self_cache __attribute__((tls_model("initial-exec"), visibility("hidden")));

static inline void heap_cache_count_alloc(struct heap_cache *c, uint64_t size)
{
    c->totals.allocs++;
    c->totals.bytes_allocated += size;
    c->totals.live_blocks++;
    c->totals.live_bytes += size;
}

static inline void heap_cache_count_free(struct heap_cache *c, uint64_t size)
{
    c->totals.frees++;
    c->totals.live_blocks--;
    c->totals.live_bytes -= size;
}

/* The first unused slot of a class that has one is taken off the list.  The next ones are cold: nobody has looked at them
 * since they went into the quarantine. */
static inline struct heap_block *heap_cache_pop(struct heap_cache *c, int class)
{
    struct heap_block *b = c->slots[class], *next = b->next;
    c->slots[class] = next;
    c->n_slots[class]--;
    if (next) {
        __builtin_prefetch(ng_v(next->addr), 1);
        __builtin_prefetch((void *)next->addr, 1);
        __builtin_prefetch(next->next, 1);
    }
    return b;
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
