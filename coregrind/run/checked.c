/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/checked: translations of pages that are written as often as they run.
 *
 * space leaves such pages writable (space_page_needs_check); their translations are
 * never chained, so every entry comes through the dispatcher, which compares the
 * guest's bytes with those translated.  A page whose code has stayed the same for
 * long is protected again.  Hardly any program has such pages. */
#include "run/internal.h"
#include "space/space.h"

enum { BUCKETS = 1024, CALM = 2000 };

struct checked {
    struct checked *next;
    guest_addr pc;
    int mode;
    uint32_t calm, n;            /* entries without a change; bytes */
    uint8_t bytes[];
};
static struct { struct base_lock lock; _Atomic uint32_t n; struct checked *bucket[BUCKETS]; } all;

static struct checked **find(guest_addr pc, int mode)
{
    struct checked **c = &all.bucket[base_hash64(pc) % BUCKETS];
    while (*c && ((*c)->pc != pc || (*c)->mode != mode))
        c = &(*c)->next;
    return c;
}

static void remove_entry(struct checked **at)
{
    struct checked *c = *at;
    *at = c->next;
    free(c);
    atomic_fetch_sub(&all.n, 1);
}

static bool needs_check(const struct ir_block *b)
{
    const guest_addr last = b->pc + (b->guest_bytes ? b->guest_bytes - 1 : 0);
    return space_page_needs_check(b->pc) || (last / NG_PAGE != b->pc / NG_PAGE && space_page_needs_check(last));
}

bool run_checked_note(const struct ir_block *b, const uint8_t *bytes)
{
    const bool wanted = b->guest_bytes && needs_check(b);
    if (!wanted && !atomic_load(&all.n))
        return false;
    base_lock(&all.lock);
    struct checked **at = find(b->pc, b->mode);
    if (*at)
        remove_entry(at);
    if (wanted) {
        struct checked *c = base_alloc(sizeof *c + b->guest_bytes);
        *c = (struct checked){ .next = *at, .pc = b->pc, .mode = b->mode, .n = b->guest_bytes };
        memcpy(c->bytes, bytes, c->n);
        *at = c;
        atomic_fetch_add(&all.n, 1);
    }
    base_unlock(&all.lock);
    return wanted;
}

static bool bytes_are_same(const struct checked *c)
{
    uint8_t now[256];
    for (uint32_t i = 0; i < c->n; i += sizeof now) {
        const uint32_t n = c->n - i < sizeof now ? c->n - i : (uint32_t)sizeof now;
        if (ng_read(now, c->pc + i, n) != n || memcmp(now, c->bytes + i, n))
            return false;
    }
    return true;
}

/* Protected first, compared after: what changed in between is seen. */
static bool calm_down(const struct checked *c)
{
    const guest_addr last = c->pc + (c->n ? c->n - 1 : 0);
    return space_page_calm(c->pc) && (last / NG_PAGE == c->pc / NG_PAGE || space_page_calm(last));
}

bool run_checked_is_same(struct translation *to)
{
    bool same = false;
    base_lock(&all.lock);
    struct checked **at = find(to->pc, to->mode), *c = *at;
    if (c) {
        const bool calm = ++c->calm > CALM && calm_down(c);
        same = bytes_are_same(c);
        if (same && calm)
            to->checked = false;
        if (!same || calm)
            remove_entry(at);
    }
    base_unlock(&all.lock);
    if (!same)
        code_discard_range(to->pc, to->guest_bytes);
    return same;
}

void run_checked_after_fork(void)
{
    all.lock = (struct base_lock){ 0 };
}
