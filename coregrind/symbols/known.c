/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/known: traces that were taken before, by thread.
 *
 * Programs allocate along few paths: some dozens make nearly all traces of most, and which comes next is mostly told
 * by which came last.  So the first to be looked at is the one that followed the last one found when that was found before:
 * it is fetched ahead, as there are more entries than the nearest caches hold.  Then the one that followed it from the same
 * place; then those in the set of that place.  All these are numbers of entries and may be out of date: what an entry says is
 * checked against the stack in any case.  */
#include <sys/mman.h>
#include "base/landing.h"
#include "symbols/known.h"

enum {
    ENTRIES = 2048, /* none has number 0 */
    HINT_BITS = 13, SET_BITS = 9, WAYS = 4, REGS = 4, GROUP = 4, GROUPS = UNWIND_WORDS / GROUP,
    AHEAD = 4 /* cache lines: mostly no more are looked at */
};

/* Words are compared in groups: half the instructions of one by one, and a branch that goes the same way more often.  A group
 * that is not full says again what another of its words says. */
struct group { int32_t offset[GROUP]; uint64_t word[GROUP]; }; /* offset: from sp */

/* What a look at it reads first stands first. */
struct entry {
    guest_addr pc, sp;
    int32_t max;
    ng_trace trace;
    uint8_t n_groups, n_regs;
    bool recent;                        /* found since the last search for one to give up */
    uint16_t next;                      /* what was found after it; 0: nothing yet */
    uint8_t number[REGS];
    struct group group[GROUPS];
    uint64_t reg[REGS];
} __attribute__((aligned(64)));

/* Mapped, so that only what is used takes memory. */
struct table {
    uint32_t generation;                /* of the rules that these are by */
    uint32_t n, last, expected, next_victim;
    uint16_t hint[1 << HINT_BITS], way[1 << SET_BITS][WAYS];
    struct entry entry[ENTRIES];
};
static __thread struct table *table;

static struct table *new_table(void)
{
    void *p = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void symbols_thread_exited(void)
{
    if (table)
        munmap(table, sizeof *table);
    table = NULL;
}

static void forget(struct table *t, uint32_t generation)
{
    t->generation = generation;
    t->n = t->last = t->expected = t->next_victim = 0;
    memset(t->hint, 0, sizeof t->hint);
    memset(t->way, 0, sizeof t->way);
}

/* Where a trace begins, and for what is entered there: the word on top of the stack, the return address.  What is looked
 * at are high bits of it. */
static inline uint64_t key_of(guest_addr pc, guest_addr sp, uint64_t return_address)
{
    return pc * 0xbf58476d1ce4e5b9ull + sp * 0x9e3779b97f4a7c15ull + return_address * 0xd6e8feb86659fd93ull;
}

static inline uint16_t *hint_of(struct table *t, uint64_t key)
{
    return &t->hint[(key + t->last * 0x94d049bb133111ebull) >> (64 - HINT_BITS)];
}

static inline uint16_t *ways_of(struct table *t, uint64_t key)
{
    return t->way[key >> (64 - SET_BITS)];
}

static inline __attribute__((always_inline)) bool holds(const struct entry *e, struct ng_thread *t, guest_addr pc, guest_addr sp, int max)
{
    if (e->pc != pc || e->sp != sp || e->max != max)
        return false;
    uint64_t changed = 0;
    const struct group *g = e->group, *const end = g + e->n_groups;
    do {
        uint64_t a, b, c, d;
        if (!landing_load_at(sp, g->offset[0], &a) || !landing_load_at(sp, g->offset[1], &b) ||
            !landing_load_at(sp, g->offset[2], &c) || !landing_load_at(sp, g->offset[3], &d))
            return false;
        changed |= (a ^ g->word[0]) | (b ^ g->word[1]) | (c ^ g->word[2]) | (d ^ g->word[3]);
    } while (++g < end);
    for (uint32_t i = 0; i < e->n_regs; i++)
        changed |= unwind_register(t, e->number[i]) ^ e->reg[i];
    return changed == 0;
}

static inline ng_trace found(struct table *k, struct entry *e, uint32_t i)
{
    const char *const next = (const char *)&k->entry[e->next];
    k->last = i;
    k->expected = e->next;
    e->recent = true;
    for (int line = 0; line < AHEAD; line++)
        __builtin_prefetch(next + 64 * line);
    return e->trace;
}

/* Not the one that was expected. */
static inline ng_trace found_other(struct table *k, struct entry *e, uint32_t i)
{
    k->entry[k->last].next = (uint16_t)i;
    return found(k, e, i);
}

static __attribute__((noinline)) ng_trace search(struct table *k, uint16_t *hint, uint64_t key, struct ng_thread *t, int max)
{
    const guest_addr pc = unwind_pc(t), sp = unwind_register(t, X86_RSP);
    const uint16_t *way = ways_of(k, key);
    for (int i = 0; i < WAYS && way[i]; i++) {
        struct entry *e = &k->entry[way[i]];
        if (holds(e, t, pc, sp, max))
            return found_other(k, e, *hint = way[i]);
    }
    return 0;
}

ng_trace known_trace(struct ng_thread *t, int max)
{
    struct table *k = table;
    const uint32_t generation = atomic_load_explicit(&rule_generation, memory_order_acquire);
    const guest_addr pc = unwind_pc(t), sp = unwind_register(t, X86_RSP);
    uint64_t top;
    if (!k || k->generation != generation) {
        if (!run_is_guest || (!k && !(k = table = new_table())))
            return 0;
        forget(k, generation);
        return 0;
    }
    if (!run_is_guest || sp >= ng_strip_size - 8 || !landing_load(sp, &top))
        return 0;
    struct entry *e = &k->entry[k->expected]; /* number 0 is of no place */
    if (__builtin_expect(holds(e, t, pc, sp, max), 1))
        return found(k, e, k->expected);
    const uint64_t key = key_of(pc, sp, top);
    uint16_t *hint = hint_of(k, key);
    e = &k->entry[*hint];
    if (__builtin_expect(*hint != k->expected && holds(e, t, pc, sp, max), 1))
        return found_other(k, e, *hint);
    return search(k, hint, key, t, max);
}

/* Number of an entry to fill: the first in turn that was not found lately. */
static uint32_t make_room(struct table *k)
{
    enum { PATIENCE = 16 };
    if (k->n < ENTRIES - 1)
        return ++k->n;
    for (int i = 0;; i++) {
        k->next_victim = k->next_victim % (ENTRIES - 1) + 1;
        struct entry *e = &k->entry[k->next_victim];
        if (!e->recent || i == PATIENCE)
            return k->next_victim;
        e->recent = false;
    }
}

static void keep_words(struct entry *e, const struct unwind *u)
{
    e->n_groups = (uint8_t)((u->n_words + GROUP - 1) / GROUP);
    for (uint32_t i = 0; i < e->n_groups * (uint32_t)GROUP; i++) {
        const uint32_t from = i < u->n_words ? i : u->n_words - 1;
        e->group[i / GROUP].offset[i % GROUP] = u->offset[from];
        e->group[i / GROUP].word[i % GROUP] = u->word[from];
    }
}

/* False if there are too many. */
static bool keep_registers(struct entry *e, const struct unwind *u)
{
    e->n_regs = 0;
    for (unsigned uses = u->uses; uses; uses &= uses - 1) {
        if (e->n_regs == REGS)
            return false;
        const int reg = __builtin_ctz(uses);
        e->number[e->n_regs] = (uint8_t)reg;
        e->reg[e->n_regs++] = unwind_register(u->thread, reg);
    }
    return true;
}

void known_keep(const struct unwind *u, int max, ng_trace trace)
{
    struct table *k = table;
    if (!k || !u->direct || u->opaque || u->n_words == 0 || u->offset[0] != 0)
        return;
    const uint64_t key = key_of(u->start_pc, u->start_sp, u->word[0]);
    const uint32_t i = make_room(k);
    struct entry *e = &k->entry[i];
    e->pc = u->start_pc;
    e->sp = u->start_sp;
    e->max = max;
    e->trace = trace;
    e->recent = false;
    e->next = 0;
    keep_words(e, u);
    if (!keep_registers(e, u)) {
        e->max = 0; /* no walk is for so few frames */
        return;
    }
    uint16_t *way = ways_of(k, key);
    memmove(way + 1, way, (WAYS - 1) * sizeof *way);
    way[0] = (uint16_t)i;
    *hint_of(k, key) = (uint16_t)i;
    k->entry[k->last].next = (uint16_t)i;
    k->last = i;
    k->expected = 0;
}
