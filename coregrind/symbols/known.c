/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/known: traces that were taken before, by thread.
 *
 * Programs allocate along few paths: some dozens make nearly all traces of most, and which comes next is mostly told
 * by which came last.  So an entry is looked for first where the one stood that followed the last one found, from the
 * same place; then in the set of that place.  Both tables hold numbers of entries and may be out of date: what an
 * entry says is checked against the stack in any case.  */
#include <sys/mman.h>
#include "base/landing.h"
#include "symbols/known.h"

enum {
    ENTRIES = 2048, /* none has number 0 */
    HINT_BITS = 13, SET_BITS = 9, WAYS = 4, REGS = 4
};

/* What a look at it reads first stands first. */
struct entry {
    guest_addr pc, sp;
    int32_t max;
    ng_trace trace;
    uint8_t n_words, n_regs;
    bool recent;                        /* found since the last search for one to give up */
    uint8_t number[REGS];
    int32_t offset[UNWIND_WORDS];       /* from sp */
    uint64_t word[UNWIND_WORDS], reg[REGS];
};

/* Mapped, so that only what is used takes memory. */
struct table {
    uint32_t generation;                /* of the rules that these are by */
    uint32_t n, last, next_victim;
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
    t->n = t->last = t->next_victim = 0;
    memset(t->hint, 0, sizeof t->hint);
    memset(t->way, 0, sizeof t->way);
}

/* Where a trace begins, and for what is entered there: the word on top of the stack, the return address. */
static inline uint64_t key_of(guest_addr pc, guest_addr sp, uint64_t return_address)
{
    const uint64_t k = (pc + sp * 0x9e3779b97f4a7c15ull) ^ return_address * 0xd6e8feb86659fd93ull;
    return k ^ k >> 32;
}

static inline uint16_t *hint_of(struct table *t, uint64_t key)
{
    return &t->hint[(key + t->last * 0x9e3779b97f4a7c15ull) * 0xd6e8feb86659fd93ull >> (64 - HINT_BITS)];
}

static inline uint16_t *ways_of(struct table *t, uint64_t key)
{
    return t->way[key * 0xd6e8feb86659fd93ull >> (64 - SET_BITS)];
}

static inline bool holds(const struct entry *e, struct ng_thread *t, guest_addr pc, guest_addr sp, int max)
{
    if (e->pc != pc || e->sp != sp || e->max != max)
        return false;
    uint64_t changed = 0, now;
    for (uint32_t i = 0; i < e->n_words; i++) {
        if (!landing_load(sp + (uint64_t)(int64_t)e->offset[i], &now))
            return false;
        changed |= now ^ e->word[i];
    }
    for (uint32_t i = 0; i < e->n_regs; i++)
        changed |= unwind_register(t, e->number[i]) ^ e->reg[i];
    return changed == 0;
}

static inline ng_trace found(struct table *k, uint32_t i)
{
    k->last = i;
    k->entry[i].recent = true;
    return k->entry[i].trace;
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
    const uint64_t key = key_of(pc, sp, top);
    uint16_t *hint = hint_of(k, key);
    if (*hint && holds(&k->entry[*hint], t, pc, sp, max))
        return found(k, *hint);
    const uint16_t *way = ways_of(k, key);
    for (int i = 0; i < WAYS && way[i]; i++)
        if (holds(&k->entry[way[i]], t, pc, sp, max))
            return found(k, *hint = way[i]);
    return 0;
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
    e->n_words = (uint8_t)u->n_words;
    e->recent = false;
    memcpy(e->offset, u->offset, u->n_words * sizeof *e->offset);
    memcpy(e->word, u->word, u->n_words * sizeof *e->word);
    if (!keep_registers(e, u)) {
        e->max = 0; /* no walk is for so few frames */
        return;
    }
    uint16_t *way = ways_of(k, key);
    memmove(way + 1, way, (WAYS - 1) * sizeof *way);
    way[0] = (uint16_t)i;
    *hint_of(k, key) = (uint16_t)i;
    k->last = i;
}
