/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/trace: stack traces, each kept once.  A trace is the number of its
 * entry; entries and their addresses are never freed.
 *
 * Look-ups take no lock.  They may miss what is there while the table doubles; whoever
 * is about to make a trace therefore looks again with the lock held. */
#include "launch/options.h"
#include "run/run.h"
#include "symbols/internal.h"
#include "symbols/known.h"

enum { FIRST_BITS = 14, BLOCK = 1 << 16, MAX_BLOCKS = 1 << 14, MAX_DEPTH = 500 };
struct entry { _Atomic(struct entry *) next; uint64_t hash; ng_trace number; uint32_t n; guest_addr pcs[]; };
struct table { unsigned bits; _Atomic(struct entry *) bucket[]; };

static struct base_lock lock;
static _Atomic(struct table *) table;               /* those before it stay, for readers: together they are as large as it is */
static _Atomic(struct entry *) *blocks[MAX_BLOCKS]; /* entry number -> entry */
static ng_trace count = 1;
static char *arena;
static size_t arena_left;

static __attribute__((constructor)) void register_lock(void)
{
    base_lock_register(&lock, 15);
}

static struct entry *entry_of(ng_trace t)
{
    _Atomic(struct entry *) *b = blocks[t / BLOCK];
    return b ? atomic_load_explicit(&b[t % BLOCK], memory_order_acquire) : NULL;
}

/* A sum, so that no multiplication waits for another; the place of an address counts by its factor. */
static uint64_t hash_of(const guest_addr *pcs, int n)
{
    uint64_t sum = (uint64_t)n;
    for (int i = 0; i < n; i++)
        sum += pcs[i] * (0x9e3779b97f4a7c15ull * (uint64_t)(2 * i + 1));
    return sum ^ sum >> 29;
}

static bool same(const struct entry *e, const guest_addr *pcs, int n, uint64_t hash)
{
    uint64_t differs = (e->hash ^ hash) | (e->n ^ (uint32_t)n);
    for (int i = 0; differs == 0 && i < n; i++)
        differs |= e->pcs[i] ^ pcs[i];
    return differs == 0;
}

static _Atomic(struct entry *) *bucket_of(struct table *t, uint64_t hash)
{
    return &t->bucket[hash * 0xd6e8feb86659fd93ull >> (64 - t->bits)];
}

static ng_trace find(const guest_addr *pcs, int n, uint64_t hash)
{
    struct table *t = atomic_load_explicit(&table, memory_order_acquire);
    const struct entry *e = t ? atomic_load_explicit(bucket_of(t, hash), memory_order_acquire) : NULL;
    while (e && !same(e, pcs, n, hash))
        e = atomic_load_explicit(&e->next, memory_order_acquire);
    return e ? e->number : 0;
}

static void link_entry(struct table *t, struct entry *e)
{
    _Atomic(struct entry *) *const bucket = bucket_of(t, e->hash);
    atomic_store_explicit(&e->next, atomic_load_explicit(bucket, memory_order_relaxed), memory_order_release);
    atomic_store_explicit(bucket, e, memory_order_release);
}

/* As many buckets as traces at least: an entry that is looked at in vain is mostly waited for. */
static struct table *roomy_table(void)
{
    struct table *old = atomic_load_explicit(&table, memory_order_relaxed);
    if (old && count < 1u << old->bits)
        return old;
    const unsigned bits = old ? old->bits + 1 : FIRST_BITS;
    struct table *t = base_alloc(sizeof *t + (sizeof *t->bucket << bits));
    t->bits = bits;
    for (ng_trace i = 1; i < count; i++)
        link_entry(t, entry_of(i));
    atomic_store_explicit(&table, t, memory_order_release);
    return t;
}

static struct entry *new_entry(int n)
{
    const size_t size = sizeof(struct entry) + n * sizeof(guest_addr);
    if (arena_left < size) {
        arena_left = 1 << 20;
        arena = base_alloc(arena_left);
    }
    struct entry *e = (struct entry *)arena;
    arena += size;
    arena_left -= size;
    return e;
}

static ng_trace intern(const guest_addr *pcs, int n)
{
    const uint64_t hash = hash_of(pcs, n);
    ng_trace t = find(pcs, n, hash);
    if (t)
        return t;
    base_lock(&lock);
    if (!(t = find(pcs, n, hash)) && count / BLOCK < MAX_BLOCKS) {
        struct table *with_room = roomy_table();
        t = count++;
        if (!blocks[t / BLOCK])
            blocks[t / BLOCK] = base_alloc(BLOCK * sizeof **blocks);
        struct entry *e = new_entry(n);
        e->n = (uint32_t)n;
        e->number = t;
        e->hash = hash;
        memcpy(e->pcs, pcs, n * sizeof *pcs);
        atomic_store_explicit(&blocks[t / BLOCK][t % BLOCK], e, memory_order_release);
        link_entry(with_room, e);
    }
    base_unlock(&lock);
    return t;
}

/* A trace's number stays, so what was looked up last by this thread is known by the address alone. */
static ng_trace intern_one(guest_addr pc)
{
    enum { RECENT = 512 };
    static __thread struct { guest_addr pc; ng_trace trace; } recent[RECENT] __attribute__((tls_model("initial-exec")));
    const size_t at = (pc ^ pc >> 9) % RECENT;
    if (recent[at].pc != pc || !recent[at].trace) {
        recent[at].trace = intern(&pc, 1);
        recent[at].pc = pc;
    }
    return recent[at].trace;
}

ng_trace symbols_trace_of(const guest_addr *pcs, int n)
{
    return n == 1 ? intern_one(*pcs) : n > 0 ? intern(pcs, n) : 0;
}

static __attribute__((noinline)) ng_trace take_anew(struct ng_thread *t, int max, bool keep)
{
    guest_addr pcs[MAX_DEPTH];
    struct unwind u;
    unwind_start(&u, t);
    const ng_trace trace = intern(pcs, unwind_walk(&u, pcs, NULL, max));
    if (trace && keep)
        known_keep(&u, max, trace);
    return trace;
}

ng_trace ng_trace_take_depth(struct ng_thread *t, int max_frames)
{
    if (!t || max_frames <= 0)
        return 0;
    t->stats[RUN_STAT_TRACES]++;
    const int max = max_frames < MAX_DEPTH ? max_frames : MAX_DEPTH;
    const ng_trace known = known_trace(t, max);
    if (!known)
        return take_anew(t, max, true);
    ng_assert(!(options.stress & STRESS_TRACE) || known == take_anew(t, max, false));
    return known;
}

ng_trace ng_trace_known(struct ng_thread *t)
{
    if (!t || (options.stress & STRESS_TRACE)) /* ng_trace_take checks it */
        return 0;
    const ng_trace known = known_trace(t, (int)options.num_callers);
    t->stats[RUN_STAT_TRACES] += known != 0;
    return known;
}

ng_trace ng_trace_take(struct ng_thread *t)
{
    return ng_trace_take_depth(t, (int)options.num_callers);
}

int ng_trace_frames(ng_trace t, guest_addr *pcs, int max)
{
    const struct entry *e = t ? entry_of(t) : NULL;
    if (!e)
        return 0;
    const int n = (int)e->n < max ? (int)e->n : max;
    memcpy(pcs, e->pcs, n * sizeof *pcs);
    return n;
}
