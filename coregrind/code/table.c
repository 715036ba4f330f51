/* SPDX-License-Identifier: GPL-3.0-or-later */
/* code/table: translations by (pc, mode), by id, by host address, by guest page.
 *
 * Readers of the first three take no lock: a bucket is a list whose heads and links are published whole, ids are an
 * array of words, and what a region holds is in the order of places, which only grows until the region is emptied. */
#include <sys/mman.h>
#include "code/internal.h"
#include "report/report.h"

enum { BUCKETS = 1 << 17, PAGE_BUCKETS = 1 << 14 };

static _Atomic(struct node *) *buckets;
static struct code_page_link **page_buckets;
static _Atomic(struct node *) *by_id;
/* By region: what was placed there, hot parts upwards, cold parts downwards; offsets in the zone. */
struct placed { uint32_t hot, cold, id; };
static struct placed *placed[CODE_REGIONS];
static uint32_t id_limit, next_id = 1, count;
/* Freed ids wait in a ring, and fresh ones are taken first: an id that a thread still remembers from its last exit
 * names nothing for long, instead of another translation. */
static uint32_t *free_ids, first_free, n_free_ids;

/* Zero pages that cost memory only where they are used. */
static void *reserve(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        base_out_of_memory(size);
    return p;
}

void table_init(void)
{
    id_limit = zone.n_counters;
    buckets = reserve(BUCKETS * sizeof *buckets);
    page_buckets = reserve(PAGE_BUCKETS * sizeof *page_buckets);
    by_id = reserve(id_limit * sizeof *by_id);
    free_ids = reserve(id_limit * sizeof *free_ids);
    for (int i = 0; i < CODE_REGIONS; i++)
        placed[i] = reserve((zone.region_size / CODE_ALIGN + 1) * sizeof *placed[i]);
}

/* Neighbours in the guest are neighbours here: what is made or looked up together shares cache lines and pages.  Blocks
 * that begin within the same 4 bytes are few. */
static size_t bucket_of(guest_addr pc, int mode)
{
    return (size_t)((pc >> 2) + (pc >> 19) * 0x9e37 + (unsigned)mode * 0x5555) & (BUCKETS - 1);
}

struct node *table_find(guest_addr pc, int mode)
{
    struct node *n = atomic_load_explicit(&buckets[bucket_of(pc, mode)], memory_order_acquire);
    while (n && (n->t.pc != pc || n->t.mode != mode))
        n = atomic_load_explicit(&n->next, memory_order_acquire);
    return n;
}

static uint32_t take_id(void)
{
    if (next_id < id_limit)
        return next_id++;
    ng_assert(n_free_ids);
    const uint32_t id = free_ids[first_free];
    first_free = (first_free + 1) % id_limit;
    n_free_ids--;
    return id;
}

void table_host(struct node *n)
{
    const uint32_t i = atomic_load_explicit(&zone.n_placed[n->region], memory_order_relaxed);
    placed[n->region][i] = (struct placed){ (uint32_t)(n->t.rx - zone.rx), (uint32_t)(n->t.cold_rx - zone.rx), n->t.id };
    atomic_store_explicit(&zone.n_placed[n->region], i + 1, memory_order_release);
}

static size_t page_bucket(guest_addr page)
{
    return base_hash64(page) & (PAGE_BUCKETS - 1);
}

static void add_page(struct node *n, struct code_page_link *l, guest_addr page)
{
    struct code_page_link **head = &page_buckets[page_bucket(page)];
    *l = (struct code_page_link){ .page = page, .node = n, .next = *head, .link = head };
    if (l->next)
        l->next->link = &l->next;
    *head = l;
}

void table_name(struct node *n)
{
    n->t.id = take_id();
}

void table_add(struct node *n)
{
    for (uint32_t i = 0; i < n->n_pages; i++)
        add_page(n, &n->pages[i], n->pages[i].page);
    count++;
    atomic_store_explicit(&by_id[n->t.id], n, memory_order_release);
    table_host(n);
    _Atomic(struct node *) *head = &buckets[bucket_of(n->t.pc, n->t.mode)];
    atomic_store_explicit(&n->next, atomic_load(head), memory_order_relaxed);
    atomic_store_explicit(head, n, memory_order_release);
}

void table_remove(struct node *n)
{
    _Atomic(struct node *) *at = &buckets[bucket_of(n->t.pc, n->t.mode)];
    while (atomic_load(at) != n)
        at = &atomic_load(at)->next;
    atomic_store_explicit(at, atomic_load(&n->next), memory_order_release);
    for (uint32_t i = 0; i < n->n_pages; i++) {
        struct code_page_link *l = &n->pages[i];
        *l->link = l->next;
        if (l->next)
            l->next->link = l->link;
    }
    count--;
}

void table_forget(struct node *n)
{
    atomic_store_explicit(&by_id[n->t.id], NULL, memory_order_release);
    free_ids[(first_free + n_free_ids++) % id_limit] = n->t.id;
}

struct code_page_link *table_page(guest_addr page)
{
    struct code_page_link *l = page_buckets[page_bucket(page)];
    while (l && l->page != page)
        l = l->next;
    return l;
}

void table_each(void (*fn)(struct node *n, void *arg), void *arg)
{
    for (int i = 0; i < CODE_REGIONS; i++)
        for (struct node *n = zone.nodes[i], *next; n; n = next) {
            next = n->region_next;
            fn(n, arg);
        }
}

uint32_t table_count(void)
{
    return count;
}

struct translation *code_by_id(uint32_t id)
{
    struct node *n = id < id_limit ? atomic_load_explicit(&by_id[id], memory_order_acquire) : NULL;
    return n ? &n->t : NULL;
}

/* Offset of a host address in t's code; UINT32_MAX if it is elsewhere. */
uint32_t table_offset_in(const struct translation *t, const void *rx)
{
    const size_t hot = (const uint8_t *)rx - t->rx, cold = (const uint8_t *)rx - t->cold_rx;
    return hot < t->hot ? (uint32_t)hot : cold < t->size - t->hot ? (uint32_t)(t->hot + cold) : UINT32_MAX;
}

/* The id at offset in a region: the last whose hot part begins at or before it, or the first whose cold part does. */
static uint32_t placed_at(int region, uint32_t offset)
{
    const struct placed *p = placed[region];
    const uint32_t n = atomic_load_explicit(&zone.n_placed[region], memory_order_acquire);
    uint32_t low = 0, high = n;
    const bool hot = n && offset < p[n - 1].cold;
    while (low < high) {
        const uint32_t mid = (low + high) / 2;
        if (hot ? p[mid].hot <= offset : p[mid].cold > offset)
            low = mid + 1;
        else
            high = mid;
    }
    if (hot)
        return low ? p[low - 1].id : 0;
    return low < n ? p[low].id : 0;
}

struct translation *code_by_host(const void *rx)
{
    const size_t offset = (const uint8_t *)rx - zone.rx;
    if ((const uint8_t *)rx < zone.rx + CODE_TRAMP_BYTES || offset >= zone.size)
        return NULL;
    struct translation *t = code_by_id(placed_at((int)((offset - CODE_TRAMP_BYTES) / zone.region_size), (uint32_t)offset));
    return t && table_offset_in(t, rx) < t->size ? t : NULL;
}

struct translation *code_find(guest_addr pc, int mode)
{
    struct node *n = table_find(pc, mode);
    return n ? &n->t : NULL;
}
