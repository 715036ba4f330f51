/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap_spans: client pages for the heap, and the record of each slot.
 *
 * Client memory comes in granules of 64 KiB.  A two-level table over the client
 * strip leads from any address to its span, and from there a division to its
 * slot, so that interior pointers cost what exact ones cost.  Small spans live
 * for ever and hold slots of one size; a large block has a span of its own.
 * Look-ups take no lock: table entries are published once with all behind them.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include "heap.h"

/* Client pages are asked for in pieces.  The first one is small, so that a small program stays small; the shadow of the
 * later ones, and records, are filled from end to end, so large pages suit them: a fault for 2 MiB, not for 4 KiB, and one
 * entry of the TLB.  So they do the blocks themselves where the program uses nearly all of its memory, but some leave much
 * of it alone: the first of every PROBE_EACH pieces is on small pages, and when it is full, those that the program has
 * touched are counted. */
#define FIRST_REGION (1ull << 20)
#define REGION (8ull << 20)
enum { HUGE = 2 << 20, PAGE = 4096, PROBE_EACH = 8 };

_Atomic(struct heap_leaf *) heap_root[1 << HEAP_ROOT_LOG2];
uint32_t heap_slot_reciprocal[HEAP_CLASSES];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* regions, the span list, table writes */
static struct heap_span *small_spans, *large_spans, *free_large;
static guest_addr region, region_end;
static unsigned n_regions;
static bool huge_blocks;                                 /* the last probe was filled */
/* Large spans whose blocks are gone, the one that waits longest first.  Who allocates a large block often does so again
 * and again, and page faults cost more than all else that is done with one (docs/performance.md). */
enum { IDLE_MAX = 8 };
#define IDLE_BYTES (16ull << 20)
static struct heap_span *idle[IDLE_MAX];
static int n_idle;
static uint64_t idle_bytes;
static uint8_t *records, *records_end;                   /* room for records of small spans, which live for ever */

static struct class { pthread_mutex_t lock; struct heap_span *span; } classes[HEAP_CLASSES];

uint64_t heap_redzone = 16, heap_min_align = 16;

enum { LINEAR = HEAP_LINEAR_MAX / 16 };

uint64_t heap_class_size(int class)
{
    if (class < LINEAR)
        return 16ull * (uint64_t)(class + 1);
    const int k = class - LINEAR;
    return (512ull << (k / 8)) * (uint64_t)(9 + k % 8) / 8;
}

int heap_class_of_more(uint64_t n)
{
    const int doubling = 63 - __builtin_clzll((n - 1) / 512); /* n in (512 << d, 1024 << d] */
    const uint64_t step = 64ull << doubling;
    return LINEAR + 8 * doubling + (int)((n - (512ull << doubling) + step - 1) / step) - 1;
}

static void *tool_pages(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* Best effort. */
static void want_huge(uint8_t *from, uint8_t *to)
{
    const uintptr_t low = ((uintptr_t)from + PAGE - 1) & -(uintptr_t)PAGE, high = (uintptr_t)to & -(uintptr_t)PAGE;
    if (low < high)
        madvise((void *)low, high - low, MADV_HUGEPAGE);
}

/* Zeroed, aligned as size is; lock held. */
static void *take_records(size_t size)
{
    if ((size_t)(records_end - records) < size) {
        const size_t n = records ? REGION : FIRST_REGION / 2; /* the largest asked for is 128 KiB */
        uint8_t *p = tool_pages(n);
        if (!p)
            return NULL;
        if (records)
            want_huge(p, p + n);
        records = p;
        records_end = p + n;
    }
    void *p = records;
    records += size;
    return p;
}

/* Client pages aligned to align (a power of two of at least a page); slack is given back. */
static guest_addr map_aligned(uint64_t size, uint64_t align)
{
    guest_addr a = ng_client_map(size);
    if (a == 0 || (a & (align - 1)) == 0)
        return a;
    ng_client_unmap(a, size);
    if (size + align < size || (a = ng_client_map(size + align)) == 0)
        return 0;
    const guest_addr start = (a + align - 1) & ~(align - 1);
    if (start > a)
        ng_client_unmap(a, start - a);
    if (a + align > start)
        ng_client_unmap(start + size, a + align - start);
    return start;
}

static bool table_set(guest_addr start, uint64_t size, struct heap_span *span)
{
    for (uint64_t g = start >> HEAP_GRANULE_LOG2; g < (start + size) >> HEAP_GRANULE_LOG2; g++) {
        struct heap_leaf *l = heap_root[g >> HEAP_LEAF_LOG2];
        const uint64_t i = g & ((1 << HEAP_LEAF_LOG2) - 1);
        if (!l) {
            if (!(l = tool_pages(sizeof *l)))
                return false;
            heap_root[g >> HEAP_LEAF_LOG2] = l;
        }
        l->span[i] = span;
        if (span && span->class < HEAP_CLASSES && span->size == HEAP_GRANULE)
            l->quick[i] = (uintptr_t)span->blocks | (uint64_t)span->class << 48;
    }
    return true;
}

struct heap_span *heap_span_at(guest_addr a)
{
    const uint64_t g = a >> HEAP_GRANULE_LOG2;
    if (g >> (HEAP_LEAF_LOG2 + HEAP_ROOT_LOG2))
        return NULL;
    struct heap_leaf *l = atomic_load_explicit(&heap_root[g >> HEAP_LEAF_LOG2], memory_order_acquire);
    return l ? atomic_load_explicit(&l->span[g & ((1 << HEAP_LEAF_LOG2) - 1)], memory_order_acquire) : NULL;
}

struct heap_block *heap_slot_at(guest_addr a)
{
    const struct heap_quick q = heap_quick_at(a);
    if (q.block)
        return q.block->addr ? q.block : NULL;
    const struct heap_span *s = heap_span_at(a);
    if (!s)
        return NULL;
    if (s->n_slots == 1)
        return s->blocks;
    /* Exact: both are at most 1 MiB, so what the reciprocal is too large by makes less than 2^44 of a slot. */
    const uint64_t slot = (a - s->start) * s->reciprocal >> HEAP_RECIPROCAL_LOG2;
    return slot < s->n_used ? &s->blocks[slot] : NULL; /* the tail of a span is no slot */
}

/* Have nearly all of the last pages before `end` been touched?  Asked when they are all in spans. */
static bool is_filled(guest_addr end)
{
    static unsigned char in_memory[REGION / PAGE];
    uint32_t n = 0;
    if (mincore((void *)(end - REGION), REGION, in_memory) != 0)
        return false;
    for (uint32_t i = 0; i < REGION / PAGE; i++)
        n += in_memory[i] & 1;
    return n >= REGION / PAGE / 8 * 7;
}

/* Granules for small spans; lock held. */
static guest_addr take_granules(uint64_t size)
{
    if (region_end - region < size) {
        const bool first = region == 0;
        const uint64_t piece = first ? FIRST_REGION : REGION, ask = size > piece ? size : piece;
        if (n_regions % PROBE_EACH == 2)
            huge_blocks = is_filled(region_end);
        const guest_addr a = map_aligned(ask, first ? HEAP_GRANULE : HUGE);
        if (a == 0)
            return 0;
        if (!first)
            want_huge(ng_v(a), ng_v(a + ask + HUGE)); /* a large page of shadow may hold the end of this and the next */
        if (n_regions++ % PROBE_EACH != 1 && huge_blocks)
            want_huge((uint8_t *)a, (uint8_t *)(a + ask));
        if (a != region_end) /* else it continues the old region */
            region = a;
        region_end = a + ask;
    }
    const guest_addr a = region;
    region += size;
    return a;
}

static struct heap_span *make_span(int class)
{
    const uint64_t slot_size = heap_class_size(class);
    const uint64_t want = slot_size <= 8192 ? HEAP_GRANULE : (8 * slot_size + HEAP_GRANULE - 1) & ~(HEAP_GRANULE - 1);
    const uint32_t n = (uint32_t)(want / slot_size);
    struct heap_span *s = calloc(1, sizeof *s);
    pthread_mutex_lock(&lock);
    struct heap_block *blocks = s ? take_records((n + 1) * sizeof *blocks) : NULL; /* one for the tail: heap_quick_at */
    guest_addr a = s && blocks ? take_granules(want) : 0;
    if (a != 0) {
        heap_slot_reciprocal[class] = (uint32_t)((1ull << 32) / slot_size + 1);
        *s = (struct heap_span){ .start = a, .size = want, .slot_size = slot_size, .n_slots = n, .blocks = blocks, .class = class,
                                 .reciprocal = (1ull << HEAP_RECIPROCAL_LOG2) / slot_size + 1 };
        shadow_make_noaccess(a, want);
        if (!table_set(a, want, s))
            a = 0;
    }
    if (a != 0) {
        s->next = small_spans;
        small_spans = s;
    }
    pthread_mutex_unlock(&lock);
    if (a != 0)
        return s;
    free(s);
    return NULL;
}

int heap_span_carve(int class, int n, guest_addr *slots)
{
    struct class *c = &classes[class];
    int got = 0;
    pthread_mutex_lock(&c->lock);
    while (got < n) {
        struct heap_span *s = c->span;
        if (!s || s->n_used == s->n_slots) {
            if (got > 0)
                break; /* a new span only when nothing else is left */
            if (!(s = make_span(class)))
                break;
            c->span = s;
        }
        struct heap_block *b = &s->blocks[s->n_used];
        b->addr = heap_slot_start(s, b) + heap_redzone;
        atomic_store_explicit((_Atomic uint32_t *)&s->n_used, s->n_used + 1, memory_order_release);
        slots[got++] = b->addr;
    }
    pthread_mutex_unlock(&c->lock);
    return got;
}

static struct heap_span *idle_remove(int i)
{
    struct heap_span *s = idle[i];
    idle_bytes -= s->size;
    memmove(idle + i, idle + i + 1, (size_t)(--n_idle - i) * sizeof *idle);
    return s;
}

static struct heap_span *idle_take(uint64_t size)
{
    int best = -1;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < n_idle; i++)
        if (idle[i]->size >= size && idle[i]->size - size <= size / 4 && (best < 0 || idle[i]->size < idle[best]->size))
            best = i;
    struct heap_span *s = best < 0 ? NULL : idle_remove(best);
    pthread_mutex_unlock(&lock);
    return s;
}

static struct heap_span *idle_oldest(void)
{
    pthread_mutex_lock(&lock);
    struct heap_span *s = n_idle ? idle_remove(0) : NULL;
    pthread_mutex_unlock(&lock);
    return s;
}

/* The program may have changed the mapping, or put another one there. */
static bool is_as_mapped(const struct heap_span *s)
{
    struct ng_segment g;
    return ng_segment_at(s->start, &g) && g.kind == NG_SEG_HEAP && g.prot == (NG_PROT_R | NG_PROT_W) && g.end >= s->start + s->size;
}

static void unmap_large(struct heap_span *s)
{
    const guest_addr a = s->start;
    const uint64_t size = s->size;
    heap_lazy_drop(s); /* the shadow of what is not mapped is zero */
    pthread_mutex_lock(&lock);
    table_set(a, size, NULL);
    *(s->prev ? &s->prev->next : &large_spans) = s->next;
    if (s->next)
        s->next->prev = s->prev;
    s->next = free_large;
    free_large = s;
    pthread_mutex_unlock(&lock);
    if (mc_options.track_origins) {
        const uintptr_t low = ((uintptr_t)ng_o(a) + 4095) & ~4095ull, high = (uintptr_t)ng_o(a + size) & ~4095ull;
        if (low < high) /* what is left at the edges says nothing: the shadow is defined */
            madvise((void *)low, high - low, MADV_DONTNEED);
    }
    ng_client_unmap(a, size);
}

static struct heap_block *map_large(uint64_t size)
{
    const guest_addr a = map_aligned(size, HEAP_GRANULE);
    if (a == 0)
        return NULL;
    pthread_mutex_lock(&lock);
    struct heap_span *s = free_large;
    if (s)
        free_large = s->next;
    else if ((s = calloc(1, sizeof *s)))
        s->blocks = calloc(1, sizeof *s->blocks);
    struct heap_block *b = s ? s->blocks : NULL;
    if (b) {
        *s = (struct heap_span){ .start = a, .size = size, .slot_size = size, .n_slots = 1, .n_used = 1, .blocks = b,
                                 .class = HEAP_CLASSES };
        *b = (struct heap_block){ .addr = a };
        if ((s->next = large_spans))
            large_spans->prev = s;
        large_spans = s;
        if (!table_set(a, size, s))
            b = NULL;
    }
    pthread_mutex_unlock(&lock);
    if (!b)
        ng_client_unmap(a, size);
    return b;
}

struct heap_block *heap_span_large(uint64_t bytes)
{
    const uint64_t size = (bytes + HEAP_GRANULE - 1) & ~(HEAP_GRANULE - 1);
    if (size < bytes || size >= ng_strip_size)
        return NULL;
    struct heap_span *s;
    while ((s = idle_take(size))) {
        if (!is_as_mapped(s)) {
            unmap_large(s);
            continue;
        }
        if (!s->kept) {
            s->kept = true; /* from now on its shadow is ordinary memory */
            heap_lazy_drop(s);
            shadow_make_noaccess(s->start, s->size);
        }
        return s->blocks;
    }
    struct heap_block *b = map_large(size);
    while (!b && (s = idle_oldest())) { /* a limit of the program's */
        unmap_large(s);
        b = map_large(size);
    }
    return b;
}

void heap_span_give_large(struct heap_block *b)
{
    struct heap_span *s = heap_span_at(b->addr), *out[IDLE_MAX + 1];
    int n = 0;
    if (s->size > IDLE_BYTES) {
        unmap_large(s);
        return;
    }
    pthread_mutex_lock(&lock);
    while (n_idle == IDLE_MAX || idle_bytes + s->size > IDLE_BYTES)
        out[n++] = idle_remove(0);
    idle[n_idle++] = s;
    idle_bytes += s->size;
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < n; i++)
        unmap_large(out[i]);
}

bool heap_keeps_shadow(guest_addr a)
{
    const struct heap_span *s = heap_span_at(a);
    return s && s->kept;
}

void heap_spans_each(void (*fn)(struct heap_block *b, void *arg), void *arg)
{
    for (struct heap_span *s = small_spans; s; s = s->next)
        for (uint32_t i = 0; i < s->n_used; i++)
            fn(&s->blocks[i], arg);
    for (struct heap_span *s = large_spans; s; s = s->next)
        fn(s->blocks, arg);
}

void heap_spans_forked(void)
{
    pthread_mutex_init(&lock, NULL);
    for (int i = 0; i < HEAP_CLASSES; i++)
        pthread_mutex_init(&classes[i].lock, NULL);
}
