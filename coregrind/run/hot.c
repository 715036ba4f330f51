/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/hot: which way a longer translation of hot code goes.
 *
 * First translations go on past branches that are not taken, and count their runs and
 * those of what follows each branch (ir_block.counts).  When one has run often, it is made
 * anew as one block that follows jumps, calls, the returns of these calls, and at branches
 * the side that has run more often.
 * It ends where it would come into itself again, but a short loop is unrolled:
 * its head is looked at once a few rounds.  */
#include "run/hot.h"
#include "heap/redirect.h"
#include "launch/options.h"
#include "space/space.h"

enum {
    FIRST_INSNS = 12,        /* a first translation of so many goes past no more branches */
    UNROLL_INSNS = 24,       /* a loop goes round again while it is shorter than this */
    NEAR = 1 << 30,          /* side tables hold 32-bit distances */
    COLD_SHARE = 16          /* a branch neither of whose sides has run 1/16 as often as the head ends the block */
};

static void enter(struct run_hot *h, guest_addr pc)
{
    h->first = code_find(pc, 0);
    h->first_part = 0;
}

void run_hot_begin(struct run_hot *h, guest_addr head)
{
    h->head = head;
    h->n_seen = h->n_parts = 0;
    h->used = 0;
    enter(h, head);
    h->runs = h->first ? code_runs(h->first, 0) : options.hot;
}

/* Copies guest code at pc, so that it is the same until the end. */
const uint8_t *run_hot_bytes(struct run_hot *h, guest_addr pc, size_t *n)
{
    const uint8_t *now;
    struct run_hot_part *p = &h->part[h->n_parts];
    if (h->n_parts == RUN_HOT_PARTS)
        return NULL;
    *n = space_code_bytes(pc, &now, RUN_HOT_PART_BYTES);
    if (*n > sizeof h->bytes - h->used)
        *n = sizeof h->bytes - h->used;
    p->pc = pc;
    p->bytes = h->bytes + h->used;
    p->n = *n ? (uint32_t)ng_read(h->bytes + h->used, pc, *n) : 0;
    if (!p->n)
        return NULL;
    *n = p->n;
    h->used += p->n;
    h->n_parts++;
    return p->bytes;
}

bool run_hot_is_current(const struct run_hot *h, const struct ir_block *b)
{
    uint8_t now[RUN_HOT_PART_BYTES];
    const struct ir_extent whole = { b->pc, b->guest_bytes };
    const struct ir_extent *e = b->n_extents ? b->extents : &whole;
    for (uint32_t i = 0; i < (b->n_extents ? b->n_extents : 1); i++) {
        uint32_t k = 0;
        while (k < h->n_parts && h->part[k].pc != e[i].pc)
            k++;
        if (k == h->n_parts || e[i].bytes > h->part[k].n || ng_read(now, e[i].pc, e[i].bytes) != e[i].bytes ||
            memcmp(now, h->part[k].bytes, e[i].bytes))
            return false;
    }
    return true;
}

static uint32_t heat(guest_addr pc)
{
    const struct translation *t = code_find(pc, 0);
    return !t ? 0 : t->hot_tier ? UINT32_MAX : code_runs(t, 0);
}

/* If a function begins here, the word at the stack pointer is where it returns to this time.  If that place has run nearly as
 * often as the function it is where nearly all its calls come from, or many functions return there, as from a virtual call;
 * then the block goes on there. */
guest_addr run_hot_return(const struct x86_state *s, uint32_t runs)
{
    guest_addr to;
    if (ng_read(&to, s->gpr[X86_RSP], sizeof to) != sizeof to || heat(to) <= runs / 4 * 3)
        return 0;
    return to;
}

/* Does the first translation go on past the branch where the block is? */
static bool has_next_part(const struct run_hot *h)
{
    return h->first && h->first_part + 1 < h->first->n_parts;
}

static guest_addr hotter(const struct run_hot *h, guest_addr taken, guest_addr next)
{
    uint32_t a, b;
    if (has_next_part(h)) {
        const uint32_t all = code_runs(h->first, h->first_part);
        b = code_runs(h->first, h->first_part + 1);
        a = all > b ? all - b : 0;
    } else {
        a = heat(taken);
        b = heat(next);
    }
    if ((a > b ? a : b) < h->runs / COLD_SHARE)
        return 0;
    return a > b ? taken : next;
}

static bool was_seen(const struct run_hot *h, guest_addr pc)
{
    for (uint32_t i = 0; i < h->n_seen; i++)
        if (h->seen[i] == pc)
            return true;
    return false;
}

/* May the block go on at pc? */
static bool may_enter(struct run_hot *h, const struct ir_block *b, guest_addr pc)
{
    if (pc == h->head) {
        h->n_seen = 0; /* another round */
        return 2 * b->n_insns <= UNROLL_INSNS;
    }
    return h->n_seen < RUN_HOT_SEEN && !was_seen(h, pc) && pc - h->head + NEAR < 2ull * NEAR && !redirect_at(pc) && !space_page_needs_check(pc);
}

guest_addr run_hot_follow(void *arg, const struct ir_block *b, guest_addr taken, guest_addr next, const uint8_t **bytes, size_t *n)
{
    struct run_hot *h = arg;
    const guest_addr to = next ? hotter(h, taken, next) : taken;
    if (!to || !may_enter(h, b, to) || (to != next && !(*bytes = run_hot_bytes(h, to, n))))
        return 0;
    h->seen[h->n_seen++] = to;
    if (next && to == next && has_next_part(h))
        h->first_part++;
    else
        enter(h, to);
    return to;
}

guest_addr run_hot_pointer(guest_addr at)
{
    guest_addr to;
    return ng_read(&to, at, sizeof to) == sizeof to ? to : 0;
}

guest_addr run_first_follow(void *arg, const struct ir_block *b, guest_addr taken, guest_addr next, const uint8_t **bytes, size_t *n)
{
    (void)arg, (void)taken, (void)bytes, (void)n;
    return next && b->n_insns < FIRST_INSNS && next / NG_PAGE == b->pc / NG_PAGE && !redirect_at(next) ? next : 0;
}
