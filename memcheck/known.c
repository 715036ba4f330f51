/* SPDX-License-Identifier: GPL-3.0-or-later */
/* known: see known.h. */
#include "known.h"

static bool same_place(const struct known_range *a, const struct known_range *b)
{
    return a->base == b->base && a->index == b->index && a->base_version == b->base_version &&
           a->index_version == b->index_version && a->scale == b->scale && a->segment == b->segment;
}

static bool is_by_rsp(const struct known_range *r) { return r->base == X86_RSP && r->index < 0 && r->segment == IR_SEG_NONE; }

/* fs:[0x28] and its like (System V ABI x86-64: fs points at the thread's control block; variables are below it). */
static bool is_in_control_block(const struct known_range *r)
{
    return r->segment == IR_SEG_FS && r->base < 0 && r->index < 0 && r->low >= 0 && r->high <= KNOWN_CONTROL_BLOCK;
}

bool known_has(const struct known *k, const struct known_range *r)
{
    for (unsigned i = 0; i < k->n; i++)
        if (same_place(&k->range[i], r) && k->range[i].low <= r->low && r->high <= k->range[i].high)
            return true;
    return false;
}

static void remove_range(struct known *k, unsigned i) { k->range[i] = k->range[--k->n]; }

/* Ranges that overlap or touch become one: each place has disjoint ranges with gaps between them. */
void known_add(struct known *k, const struct known_range *r)
{
    struct known_range all = *r;
    for (unsigned i = 0; i < k->n;) {
        const struct known_range *x = &k->range[i];
        if (same_place(x, &all) && x->low <= all.high && all.low <= x->high) {
            all.low = x->low < all.low ? x->low : all.low;
            all.high = x->high > all.high ? x->high : all.high;
            remove_range(k, i);
            i = 0; /* it may touch another one now */
        } else
            i++;
    }
    if (k->n < KNOWN_MAX)
        k->range[k->n++] = all;
    else
        k->range[k->next++ % KNOWN_MAX] = all;
}

void known_rsp_moved(struct known *k, int64_t by)
{
    for (unsigned i = 0; i < k->n; i++)
        if (is_by_rsp(&k->range[i])) {
            k->range[i].low -= by;
            k->range[i].high -= by;
        }
}

void known_lost_below(struct known *k, int64_t to)
{
    for (unsigned i = 0; i < k->n;) {
        struct known_range *x = &k->range[i];
        if (is_by_rsp(x) ? x->high <= to : !is_in_control_block(x)) {
            remove_range(k, i);
            continue;
        }
        if (is_by_rsp(x) && x->low < to)
            x->low = to;
        i++;
    }
}

void known_forget(struct known *k) { k->n = 0; }
