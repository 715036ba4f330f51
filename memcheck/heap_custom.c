/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap_custom: blocks that the program declares by client request, and mempools.
 *
 * Records are in a hash table by start address under one lock.  Freed ones stay
 * until FREED_MAX more have been freed, so that reports can name them.  A chunk
 * of a mempool is a block whose pool is not NULL.
 */
#include <stdlib.h>
#include "heap.h"
#include "instrument.h"

enum { FREED_MAX = 4096, POOL_AUTO_FREE = 1, POOL_METAPOOL = 2 };

struct custom;
struct pool {
    struct custom *chunks;
    guest_addr addr;
    uint64_t redzone;
    bool zeroed;
    unsigned flags;
    struct pool *next;
};
struct custom {
    struct heap_block block;     /* first */
    struct custom *chain;        /* of the hash bucket */
    uint64_t redzone;
    struct pool *pool;
    struct custom *next, *prev;  /* chunks of the pool */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct custom **buckets;
static size_t n_buckets, n_blocks;
static struct custom *freed[FREED_MAX]; /* a ring */
static size_t n_freed;
static struct pool *pools;

static size_t bucket_of(guest_addr a) { return (size_t)(((a >> 3) * 0x9e3779b97f4a7c15ull) >> 20) & (n_buckets - 1); }

static void grow(void)
{
    const size_t old_n = n_buckets;
    struct custom **old = buckets;
    n_buckets = old_n ? 2 * old_n : 1024;
    buckets = calloc(n_buckets, sizeof *buckets);
    if (!buckets)
        ng_fatal("out of memory");
    for (size_t i = 0; i < old_n; i++)
        for (struct custom *c = old[i], *next; c; c = next) {
            next = c->chain;
            c->chain = buckets[bucket_of(c->block.addr)];
            buckets[bucket_of(c->block.addr)] = c;
        }
    free(old);
}

static void insert(struct custom *c)
{
    if (n_blocks >= n_buckets)
        grow();
    c->chain = buckets[bucket_of(c->block.addr)];
    buckets[bucket_of(c->block.addr)] = c;
    n_blocks++;
}

/* At the program's request. */
static void make_noaccess(guest_addr a, size_t size)
{
    stack_hole(a, size);
    shadow_make_noaccess(a, size);
}

static void unlink_block(struct custom *c)
{
    for (struct custom **p = &buckets[bucket_of(c->block.addr)]; *p; p = &(*p)->chain)
        if (*p == c) {
            *p = c->chain;
            n_blocks--;
            return;
        }
}

/* Live block that starts at a; pool NULL: one of no pool. */
static struct custom *find_live(guest_addr a, const struct pool *pool)
{
    for (struct custom *c = n_buckets ? buckets[bucket_of(a)] : NULL; c; c = c->chain)
        if (c->block.addr == a && c->block.state == HEAP_LIVE && c->pool == pool)
            return c;
    return NULL;
}

/* A record for a new live block; marks its shadow.  Lock held. */
static void make(struct ng_thread *t, guest_addr a, uint64_t size, uint64_t redzone, bool zeroed, struct pool *pool)
{
    struct custom *c = calloc(1, sizeof *c);
    if (!c)
        ng_fatal("out of memory");
    c->block = (struct heap_block){ .addr = a, .size = heap_size_field(size), .kind = pool ? HEAP_POOL : HEAP_CUSTOM, .state = HEAP_LIVE,
                                    .flags = pool && (pool->flags & POOL_METAPOOL) ? HEAP_FLAG_META : 0 };
    c->redzone = redzone;
    c->pool = pool;
    if (pool) {
        if ((c->next = pool->chunks))
            c->next->prev = c;
        pool->chunks = c;
    }
    heap_trace_alloc(t, &c->block);
    insert(c);
    heap_count_alloc(size);
    if (zeroed)
        shadow_make_defined(a, size);
    else
        shadow_make_undefined(a, size, origin_make(c->block.alloc_trace, ORIGIN_HEAP));
    if (redzone) {
        make_noaccess(a - redzone, redzone);
        make_noaccess(a + size, redzone);
    }
}

/* The block is freed: noaccess, and its record joins the ring.  Lock held. */
static void retire(struct ng_thread *t, struct custom *c)
{
    c->block.state = HEAP_FREED;
    if (c->pool) {
        *(c->prev ? &c->prev->next : &c->pool->chunks) = c->next;
        if (c->next)
            c->next->prev = c->prev;
        c->pool = NULL;
    }
    heap_trace_free(t, &c->block);
    make_noaccess(c->block.addr, c->block.size);
    struct custom **slot = &freed[n_freed++ % FREED_MAX];
    if (*slot) {
        unlink_block(*slot);
        free(*slot);
    }
    *slot = c;
}

void heap_custom_alloc(struct ng_thread *t, guest_addr a, uint64_t size, uint64_t redzone, bool zeroed)
{
    pthread_mutex_lock(&lock);
    make(t, a, size, redzone, zeroed, NULL);
    pthread_mutex_unlock(&lock);
}

void heap_custom_free(struct ng_thread *t, guest_addr a, enum heap_kind kind)
{
    pthread_mutex_lock(&lock);
    struct custom *c = find_live(a, NULL);
    const uint64_t size = c ? c->block.size : 0;
    pthread_mutex_unlock(&lock);
    if (!c) {
        if (kind == HEAP_CUSTOM && heap_live_block(a))
            heap_hook_free(t, a, HEAP_CUSTOM);
        else {
            heap_count_invalid_free();
            errors_free(t, a);
        }
        return;
    }
    if (kind != HEAP_CUSTOM)
        errors_mismatched_free(t, a);
    pthread_mutex_lock(&lock);
    if ((c = find_live(a, NULL)))
        retire(t, c);
    pthread_mutex_unlock(&lock);
    heap_count_free(size);
}

void heap_custom_resize(struct ng_thread *t, guest_addr a, uint64_t old_size, uint64_t new_size, uint64_t redzone)
{
    pthread_mutex_lock(&lock);
    struct custom *c = find_live(a, NULL);
    const bool valid = c && c->block.size == old_size && new_size > 0;
    if (valid) {
        c->block.size = heap_size_field(new_size);
        if (new_size > old_size)
            shadow_make_undefined(a + old_size, new_size - old_size, origin_make(ng_trace_take(t), ORIGIN_HEAP));
        else
            make_noaccess(a + new_size, old_size - new_size);
        if (redzone)
            make_noaccess(a + new_size, redzone);
    }
    pthread_mutex_unlock(&lock);
    if (valid)
        heap_count_resize((int64_t)(new_size - old_size));
    else
        errors_free(t, a);
}

void heap_custom_each(void (*fn)(struct heap_block *b, void *arg), void *arg)
{
    for (size_t i = 0; i < n_buckets; i++)
        for (struct custom *c = buckets[i]; c; c = c->chain)
            fn(&c->block, arg);
}

bool heap_custom_near(guest_addr a, enum heap_state state, bool meta, struct heap_block *out)
{
    const struct custom *best = NULL;
    if (n_blocks == 0)
        return false;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < n_buckets; i++)
        for (const struct custom *c = buckets[i]; c; c = c->chain) {
            const struct heap_block *b = &c->block;
            const uint64_t size = b->size ? b->size : 1;
            if (b->state != state || !(b->flags & HEAP_FLAG_META) != !meta || a + c->redzone < b->addr ||
                a >= b->addr + size + c->redzone)
                continue;
            /* one that holds a is better than one whose redzone does */
            if (!best || (a >= b->addr && a < b->addr + size))
                best = c;
        }
    if (best)
        *out = best->block;
    pthread_mutex_unlock(&lock);
    return best != NULL;
}

void heap_custom_forked(void) { pthread_mutex_init(&lock, NULL); }

/* ---- mempools ---- */

static struct pool *pool_find(guest_addr a)
{
    struct pool *p = pools;
    while (p && p->addr != a)
        p = p->next;
    return p;
}

/* The pool, with the lock held; unknown: an error, and NULL without the lock. */
static struct pool *pool_lock(struct ng_thread *t, guest_addr a)
{
    pthread_mutex_lock(&lock);
    struct pool *p = pool_find(a);
    if (!p) {
        pthread_mutex_unlock(&lock);
        errors_mempool(t, a);
    }
    return p;
}

/* Frees the second-level blocks inside a superblock of an auto-free metapool.  Lock held. */
static void free_inside(struct ng_thread *t, guest_addr a, uint64_t size)
{
    for (size_t i = 0; i < n_buckets; i++)
        for (struct custom *c = buckets[i], *next; c; c = next) {
            const struct heap_block *b = &c->block;
            next = c->chain;
            if (b->state == HEAP_LIVE && !c->pool && b->addr >= a && b->addr < a + size) {
                heap_count_free(b->size);
                retire(t, c);
                next = buckets[i]; /* the ring may have dropped what came next */
            }
        }
}

static void free_chunk(struct ng_thread *t, struct custom *c)
{
    if ((c->pool->flags & (POOL_AUTO_FREE | POOL_METAPOOL)) == (POOL_AUTO_FREE | POOL_METAPOOL))
        free_inside(t, c->block.addr, c->block.size);
    heap_count_pool_free(c->block.size);
    retire(t, c);
}

void heap_pool_create(struct ng_thread *t, guest_addr addr, uint64_t redzone, bool zeroed, unsigned flags)
{
    if (heap_pool_exists(addr))
        heap_pool_destroy(t, addr);
    struct pool *p = calloc(1, sizeof *p);
    if (!p)
        ng_fatal("out of memory");
    *p = (struct pool){ .addr = addr, .redzone = redzone, .zeroed = zeroed, .flags = flags };
    pthread_mutex_lock(&lock);
    p->next = pools;
    pools = p;
    pthread_mutex_unlock(&lock);
}

void heap_pool_destroy(struct ng_thread *t, guest_addr addr)
{
    struct pool *p = pool_lock(t, addr);
    if (!p)
        return;
    while (p->chunks)
        free_chunk(t, p->chunks);
    for (struct pool **q = &pools; *q; q = &(*q)->next)
        if (*q == p) {
            *q = p->next;
            break;
        }
    pthread_mutex_unlock(&lock);
    free(p);
}

void heap_pool_alloc(struct ng_thread *t, guest_addr addr, guest_addr a, uint64_t size)
{
    struct pool *p = pool_lock(t, addr);
    if (!p)
        return;
    make(t, a, size, p->redzone, p->zeroed, p);
    pthread_mutex_unlock(&lock);
}

void heap_pool_free(struct ng_thread *t, guest_addr addr, guest_addr a)
{
    struct pool *p = pool_lock(t, addr);
    if (!p)
        return;
    struct custom *c = find_live(a, p);
    if (c)
        free_chunk(t, c);
    pthread_mutex_unlock(&lock);
    if (!c)
        errors_free(t, a);
}

/* Cuts c down to [low, high), which it reaches out of. */
static void trim_chunk(struct ng_thread *t, struct custom *c, guest_addr low, guest_addr high)
{
    struct heap_block *b = &c->block;
    const guest_addr end = b->addr + b->size;
    if (low < b->addr)
        low = b->addr;
    if (high > end)
        high = end;
    if (low >= high) {
        free_chunk(t, c);
        return;
    }
    unlink_block(c);
    make_noaccess(b->addr, low - b->addr);
    make_noaccess(high, end - high);
    heap_count_resize(-(int64_t)(b->size - (high - low)));
    b->addr = low;
    b->size = high - low;
    insert(c);
}

void heap_pool_trim(struct ng_thread *t, guest_addr addr, guest_addr a, uint64_t size)
{
    struct pool *p = pool_lock(t, addr);
    if (!p)
        return;
    for (struct custom *c = p->chunks, *next; c; c = next) {
        next = c->next;
        if (c->block.addr < a || c->block.addr + c->block.size > a + size)
            trim_chunk(t, c, a, a + size);
    }
    pthread_mutex_unlock(&lock);
}

void heap_pool_move(struct ng_thread *t, guest_addr from, guest_addr to)
{
    struct pool *p = pool_lock(t, from);
    if (!p)
        return;
    p->addr = to;
    pthread_mutex_unlock(&lock);
}

void heap_pool_change(struct ng_thread *t, guest_addr addr, guest_addr from, guest_addr to, uint64_t size)
{
    struct pool *p = pool_lock(t, addr);
    if (!p)
        return;
    struct custom *c = find_live(from, p);
    if (c) {
        unlink_block(c);
        c->block.addr = to;
        c->block.size = heap_size_field(size);
        insert(c);
    }
    pthread_mutex_unlock(&lock);
    if (!c)
        errors_free(t, from);
}

bool heap_pool_exists(guest_addr addr)
{
    pthread_mutex_lock(&lock);
    const bool found = pool_find(addr) != NULL;
    pthread_mutex_unlock(&lock);
    return found;
}
