/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap_blocks: allocation and release.
 *
 * Each thread has a cache of unused slots per class and a short list of freshly
 * freed blocks; shared lists are touched a batch at a time.  A freed block waits
 * in the quarantine, first in first out, until --freelist-vol bytes have come
 * after it; then its slot goes to the cache of the thread that pushed it out.
 * A block's state changes by compare-and-swap, so two threads that free the same
 * block cannot both succeed.
 */
#include <stdlib.h>
#include "heap_cache.h"
#include "shadow_side.h"

enum { BATCH = 32, BATCH_BYTES = 16 << 10 };

_Static_assert(2 * BATCH <= HEAP_CACHED, "what is kept of a class at most");

struct fifo { struct heap_batch *head, *tail; };

__thread struct heap_cache *heap_self_cache;
static pthread_mutex_t caches_lock = PTHREAD_MUTEX_INITIALIZER;
static struct heap_cache *caches;         /* never freed: an exited thread's is taken over by the next new one */
static struct heap_cache *idle_caches[64];
static int n_idle;

static struct { pthread_mutex_t lock; uint64_t bytes; struct fifo small, big; } quarantine = { .lock = PTHREAD_MUTEX_INITIALIZER };
/* Unused slots that no thread has in its cache, in bundles. */
struct bundle { struct bundle *next; int n; guest_addr slot[BATCH]; };
static struct { pthread_mutex_t lock; struct bundle *head; } central[HEAP_CLASSES];

static struct heap_cache *cache_make(void)
{
    struct heap_cache *c = NULL;
    pthread_mutex_lock(&caches_lock);
    if (n_idle > 0)
        c = idle_caches[--n_idle];
    else if ((c = calloc(1, sizeof *c))) {
        c->next = caches;
        caches = c;
    }
    pthread_mutex_unlock(&caches_lock);
    if (!c)
        ng_fatal("out of memory");
    c->thread = ng_thread_self();
    c->thread_id = c->thread ? (uint16_t)ng_thread_id(c->thread) : 0;
    return heap_self_cache = c;
}

static inline struct heap_cache *cache_self(void)
{
    return __builtin_expect(heap_self_cache != NULL, 1) ? heap_self_cache : cache_make();
}

void heap_thread_exited(struct ng_thread *t)
{
    /* Slots and counters stay with the cache for the next thread. */
    if (t != ng_thread_self() || !heap_self_cache)
        return;
    pthread_mutex_lock(&caches_lock);
    if (n_idle < 64)
        idle_caches[n_idle++] = heap_self_cache;
    pthread_mutex_unlock(&caches_lock);
    heap_self_cache = NULL;
}

/* ---- statistics ---- */

void heap_count_alloc(uint64_t size) { heap_cache_count_alloc(cache_self(), size); }

void heap_count_free(uint64_t size) { heap_cache_count_free(cache_self(), size); }

void heap_count_invalid_free(void) { heap_count(&cache_self()->counts.frees_of_nothing, 1); }

void heap_count_pool_free(uint64_t size)
{
    struct heap_counts *n = &cache_self()->counts;
    heap_count(&n->pool_frees, 1);
    heap_count(&n->bytes_freed, size);
}

void heap_count_resize(int64_t delta) { heap_count(&cache_self()->counts.bytes_resized, (uint64_t)delta); }

struct heap_totals heap_totals(void)
{
    struct heap_totals sum = { 0 };
    pthread_mutex_lock(&caches_lock);
    for (const struct heap_cache *c = caches; c; c = c->next) {
        const struct heap_counts *n = &c->counts;
        sum.allocs += n->allocs;
        sum.frees += n->frees + n->frees_of_nothing;
        sum.bytes_allocated += n->bytes_allocated;
        sum.live_bytes += n->bytes_allocated + n->bytes_resized - n->bytes_freed;
        sum.live_blocks += n->allocs - n->frees - n->pool_frees;
    }
    pthread_mutex_unlock(&caches_lock);
    return sum;
}

/* ---- traces ---- */

void heap_trace_alloc(struct ng_thread *t, struct heap_block *b)
{
    const int keep = mc_options.keep_stacktraces;
    b->alloc_trace = keep == KEEP_ALLOC || keep == KEEP_ALLOC_AND_FREE || keep == KEEP_ALLOC_THEN_FREE
                         ? ng_trace_take(t) : 0;
    b->free_trace = 0;
    b->thread = (uint16_t)ng_thread_id(t);
}

void heap_trace_free(struct ng_thread *t, struct heap_block *b)
{
    const int keep = mc_options.keep_stacktraces;
    b->free_trace = keep == KEEP_FREE || keep == KEEP_ALLOC_AND_FREE || keep == KEEP_ALLOC_THEN_FREE ? ng_trace_take(t) : 0;
    if (keep == KEEP_ALLOC_THEN_FREE)
        b->alloc_trace = 0;
}

/* ---- slots ---- */

static int batch_of(int class)
{
    const uint64_t n = BATCH_BYTES / heap_class_size(class);
    return n < 1 ? 1 : n > BATCH ? BATCH : (int)n;
}

static struct bundle *central_take(int class)
{
    pthread_mutex_lock(&central[class].lock);
    struct bundle *f = central[class].head;
    if (f)
        central[class].head = f->next;
    pthread_mutex_unlock(&central[class].lock);
    return f;
}

static bool cache_refill(struct heap_cache *c, int class)
{
    struct bundle *f = central_take(class);
    int n;
    if (f) {
        n = f->n;
        memcpy(c->slots[class], f->slot, (size_t)n * sizeof *f->slot);
        free(f);
    } else {
        n = heap_span_carve(class, batch_of(class), c->slots[class]);
    }
    c->n_slots[class] = (uint32_t)n;
    return n > 0;
}

static struct heap_block *slot_take(int class)
{
    struct heap_cache *c = cache_self();
    if (c->n_slots[class] == 0 && !cache_refill(c, class))
        return NULL;
    return heap_slot_at(heap_cache_pop(c, class));
}

/* Half of a full cache, those that would be taken last, goes where any thread finds it. */
static void cache_share(struct heap_cache *c, int class)
{
    const uint32_t n = (uint32_t)batch_of(class);
    guest_addr *slots = c->slots[class];
    struct bundle *f = malloc(sizeof *f);
    if (!f)
        ng_fatal("out of memory");
    f->n = (int)n;
    memcpy(f->slot, slots, n * sizeof *slots);
    c->n_slots[class] -= n;
    memmove(slots, slots + n, c->n_slots[class] * sizeof *slots);
    pthread_mutex_lock(&central[class].lock);
    f->next = central[class].head;
    central[class].head = f;
    pthread_mutex_unlock(&central[class].lock);
}

/* A block leaves the quarantine.  One in a small span is said to be freed until its slot is taken: that keeps its record
 * out of the processor's caches until then. */
static void slot_give(struct heap_cache *c, heap_ticket t)
{
    const int class = heap_ticket_class(t);
    guest_addr a = heap_ticket_addr(t);
    if (class == HEAP_CLASSES) {
        struct heap_block *b = heap_slot_at(a);
        atomic_store_explicit(&b->state, HEAP_UNUSED, memory_order_relaxed);
        heap_span_give_large(b);
        return;
    }
    if (heap_ticket_is_moved(t)) {
        struct heap_block *b = heap_slot_at(a);
        atomic_store_explicit(&b->state, HEAP_UNUSED, memory_order_relaxed); /* what addr says is not true of it */
        b->addr = a = heap_slot_start(heap_span_at(a), b) + heap_redzone;
    }
    if (c->n_slots[class] == 2 * (uint32_t)batch_of(class))
        cache_share(c, class);
    c->slots[class][c->n_slots[class]++] = a;
}

/* ---- quarantine ---- */

static struct heap_batch *batch_make(struct heap_cache *c)
{
    struct heap_batch *q = c->spare;
    if (q)
        c->spare = q->next;
    else if (!(q = malloc(sizeof *q)))
        ng_fatal("out of memory");
    q->next = NULL;
    q->bytes = q->n = 0;
    return q;
}

static void fifo_push(struct fifo *f, struct heap_batch *q)
{
    *(f->head ? &f->tail->next : &f->head) = q;
    f->tail = q;
}

static struct heap_batch *fifo_pop(struct fifo *f)
{
    struct heap_batch *q = f->head;
    if (q)
        f->head = q->next;
    return q;
}

static void batch_recycle(struct heap_cache *c, struct heap_batch *q)
{
    for (uint32_t i = 0; i < q->n; i++)
        slot_give(c, q->block[i]);
    q->next = c->spare;
    c->spare = q;
}

/* q enters the quarantine; what falls out is recycled, big blocks first. */
static void quarantine_push(struct heap_cache *c, struct heap_batch *q, struct fifo *f)
{
    struct heap_batch *out = NULL;
    const uint64_t max = (uint64_t)mc_options.freelist_vol;
    pthread_mutex_lock(&quarantine.lock);
    fifo_push(f, q);
    quarantine.bytes += q->bytes;
    while (quarantine.bytes > max) {
        struct heap_batch *old = fifo_pop(&quarantine.big);
        if (!old)
            old = fifo_pop(&quarantine.small);
        if (!old)
            break;
        quarantine.bytes -= old->bytes;
        old->next = out;
        out = old;
    }
    pthread_mutex_unlock(&quarantine.lock);
    while (out) {
        struct heap_batch *next = out->next;
        batch_recycle(c, out);
        out = next;
    }
}

static void quarantine_add(struct heap_block *b)
{
    struct heap_cache *c = cache_self();
    const bool is_big = heap_is_big(b->size);
    struct heap_batch *q = is_big || !c->pending ? batch_make(c) : c->pending;
    q->block[q->n++] = heap_ticket_of(b, heap_span_at(b->addr)->class);
    q->bytes += heap_volume(b->size);
    if (is_big) {
        quarantine_push(c, q, &quarantine.big);
        return;
    }
    c->pending = q;
    if (heap_batch_is_full(q->n, q->bytes)) {
        c->pending = NULL;
        quarantine_push(c, q, &quarantine.small);
        c->pending = batch_make(c); /* heap_fast.c goes on with it */
    }
}

/* ---- allocation ---- */

void heap_fill(guest_addr a, uint64_t size, uint8_t value)
{
    static const uint8_t zeros[4096];
    uint8_t other[4096];
    const uint8_t *from = zeros;
    if (value) {
        memset(other, value, size < sizeof other ? size : sizeof other);
        from = other;
    }
    while (size > 0) {
        const size_t n = size < sizeof zeros ? size : sizeof zeros;
        if (ng_write(a, from, n) < n)
            return;
        a += n;
        size -= n;
    }
}

/* Shadow and contents of a new block in memory that has served others before. */
static void block_init(const struct heap_block *b, const struct heap_request *r)
{
    if (r->zeroed) {
        heap_fill(b->addr, r->size, 0);
        shadow_make_defined(b->addr, r->size);
        return;
    }
    if (mc_options.malloc_fill >= 0)
        heap_fill(b->addr, r->size, (uint8_t)mc_options.malloc_fill);
    shadow_make_fresh(b->addr + r->copied, r->size - r->copied); /* its origin is looked up in its record (shadow_fresh.c) */
}

/* The same in pages from the kernel, which are zero with zero shadow. */
static void block_init_mapped(const struct heap_block *b, const struct heap_request *r)
{
    const struct heap_span *s = heap_span_at(b->addr);
    if (!r->zeroed && mc_options.malloc_fill >= 0)
        heap_fill(b->addr, r->size, (uint8_t)mc_options.malloc_fill);
    if (!r->zeroed && (r->size < HEAP_LAZY_MIN || !mc_options.undef_value_errors || !heap_lazy_fill(b, shadow_fresh_pattern())))
        shadow_make_fresh(b->addr, r->size);
    shadow_make_noaccess(s->start, b->addr - s->start);
    shadow_make_noaccess(b->addr + b->size, s->start + s->size - b->addr - b->size);
}

static struct heap_block *block_take(uint64_t bytes, uint64_t align, bool *mapped)
{
    struct heap_block *b;
    const bool large = bytes > HEAP_SMALL_MAX;
    if (!large)
        b = slot_take(heap_class_of(bytes));
    else
        b = heap_span_large(bytes);
    *mapped = false;
    if (b && (large || align > 16)) {
        const struct heap_span *s = heap_span_at(b->addr);
        *mapped = large && !s->kept;
        b->addr = (heap_slot_start(s, b) + heap_redzone + align - 1) & ~(align - 1);
    }
    return b;
}

guest_addr heap_alloc(struct ng_thread *t, const struct heap_request *r)
{
    const uint64_t align = r->align > heap_min_align ? r->align : heap_min_align;
    const uint64_t bytes = r->size + 2 * heap_redzone + (align > 16 ? align : 0);
    if (r->size > ng_strip_size || align > ng_strip_size)
        return 0;
    bool mapped;
    struct heap_block *b = block_take(bytes, align, &mapped);
    if (!b)
        return 0;
    b->size = r->size;
    b->inherited = 0;
    b->kind = (uint8_t)r->kind & 15;
    b->flags = 0;
    b->align_log2 = r->align ? (unsigned)__builtin_ctzll(r->align) & 63 : 0;
    heap_trace_alloc(t, b);
    if (mc_options.track_origins && b->alloc_trace == 0 && !r->zeroed)
        b->origin_trace = ng_trace_take(t);
    if (mapped)
        block_init_mapped(b, r);
    else
        block_init(b, r);
    heap_count_alloc(r->size);
    atomic_store_explicit(&b->state, HEAP_LIVE, memory_order_release);
    return b->addr;
}

bool heap_origin_at(guest_addr a, struct heap_origin *o)
{
    const struct heap_block *b = heap_slot_at(a);
    if (!b || b->state != HEAP_LIVE || a - b->addr >= b->size)
        return false;
    const bool inherited = a - b->addr < b->inherited;
    o->tag = origin_make(inherited || !b->alloc_trace ? b->origin_trace : b->alloc_trace, ORIGIN_HEAP);
    o->low = b->addr + (inherited ? 0 : b->inherited);
    o->high = b->addr + (inherited && b->inherited < b->size ? b->inherited : b->size);
    o->is_stack = b->flags & HEAP_FLAG_STACK;
    return true;
}

struct heap_block *heap_live_block(guest_addr a)
{
    struct heap_block *b = heap_slot_at(a);
    return heap_is_live_at(b, a) ? b : NULL;
}

bool heap_release(struct ng_thread *t, struct heap_block *b)
{
    if (!heap_claim(b))
        return false;
    heap_trace_free(t, b);
    if (mc_options.free_fill >= 0)
        heap_fill(b->addr, b->size, (uint8_t)mc_options.free_fill);
    if (b->size < HEAP_LAZY_MIN || side_is_used() || heap_keeps_shadow(b->addr) || !heap_lazy_fill(b, VPAT_NOACCESS))
        shadow_make_noaccess(b->addr, b->size);
    heap_count_free(b->size);
    quarantine_add(b);
    return true;
}

void heap_forked(void)
{
    pthread_mutex_init(&caches_lock, NULL);
    pthread_mutex_init(&quarantine.lock, NULL);
    for (int i = 0; i < HEAP_CLASSES; i++)
        pthread_mutex_init(&central[i].lock, NULL);
    heap_spans_forked();
    heap_lazy_forked();
    heap_custom_forked();
    requests_forked();
}
