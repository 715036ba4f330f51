/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap_describe: what a report says about an address, and the heap summary.
 *
 * Order: blocks named by the program, mempool chunks, live blocks with their
 * redzones, freed blocks, metapool superblocks, the rest of the heap's pages.
 */
#include <stdio.h>
#include "heap.h"

static uint64_t distance(const struct heap_block *b, guest_addr a)
{
    return a < b->addr ? b->addr - a : a >= b->addr + b->size ? a - b->addr - b->size : 0;
}

static void describe(const struct heap_block *b, guest_addr a, const char *what, const char *how)
{
    const bool after = a >= b->addr + b->size, before = a < b->addr;
    const uint64_t delta = before ? b->addr - a : after ? a - b->addr - b->size : a - b->addr;
    ng_auxwhat("Address 0x%llx is %s bytes %s a %s of size %s %s", (unsigned long long)a, ng_commas(delta),
               before ? "before" : after ? "after" : "inside", what, ng_commas(b->size), how);
}

static void describe_block(const struct heap_block *b, guest_addr a)
{
    if (b->state == HEAP_LIVE) {
        describe(b, a, "block", b->kind == HEAP_POOL ? "client-defined" : "alloc'd");
        if (b->alloc_trace)
            ng_trace_print(b->alloc_trace);
        return;
    }
    describe(b, a, "block", "free'd");
    if (b->free_trace)
        ng_trace_print(b->free_trace);
    if (b->alloc_trace) {
        ng_auxwhat("Block was alloc'd at");
        ng_trace_print(b->alloc_trace);
    }
}

/* The slot before or after b's in its span, or NULL. */
static struct heap_block *neighbour(struct heap_block *b, int step)
{
    const struct heap_span *s = heap_span_at(b->addr);
    const int64_t i = b - s->blocks + step;
    return s->n_slots > 1 && i >= 0 && i < (int64_t)s->n_used ? &s->blocks[i] : NULL;
}

/* The block that a belongs to: it holds a, or is nearest among its slot's and the neighbours'; live ones
 * first unless a freed one holds a. */
static const struct heap_block *nearest(guest_addr a)
{
    struct heap_block *mine = heap_slot_at(a);
    const struct heap_block *best = NULL;
    if (!mine)
        return NULL;
    struct heap_block *const candidates[3] = { mine, neighbour(mine, -1), neighbour(mine, 1) };
    for (int i = 0; i < 3; i++) {
        const struct heap_block *b = candidates[i];
        if (!b || b->state == HEAP_UNUSED)
            continue;
        if (distance(b, a) == 0 && a < b->addr + b->size)
            return b;
        const bool live = b->state == HEAP_LIVE, best_live = best && best->state == HEAP_LIVE;
        if (!best || live > best_live || (live == best_live && distance(b, a) < distance(best, a)))
            best = b;
    }
    return best;
}

static bool describe_unallocated(guest_addr a)
{
    const struct heap_span *s = heap_span_at(a);
    const struct heap_block *b = heap_slot_at(a);
    if (!s)
        return false;
    const guest_addr start = b ? heap_slot_start(s, b) : s->start + s->n_used * s->slot_size;
    const guest_addr end = b ? start + s->slot_size : s->start + s->size;
    ng_auxwhat("Address 0x%llx is %s bytes inside an unallocated block of size %s in arena \"client\"",
               (unsigned long long)a, ng_commas(a - start), ng_commas(end - start));
    return true;
}

bool heap_describe_addr(guest_addr a)
{
    struct heap_block custom;
    const struct heap_block *b;
    if (requests_describe_addr(a))
        return true;
    if (heap_custom_near(a, HEAP_LIVE, false, &custom))
        b = &custom;
    else if ((b = nearest(a)) != NULL && b->state == HEAP_LIVE)
        ;
    else if (heap_custom_near(a, HEAP_FREED, false, &custom))
        b = &custom;
    else if (!b && heap_custom_near(a, HEAP_LIVE, true, &custom))
        b = &custom;
    if (!b)
        return describe_unallocated(a);
    describe_block(b, a);
    return true;
}

void heap_init(void)
{
    int64_t v;
    if (ng_option_value && ng_option_value("redzone-size", &v) && v > 16)
        heap_redzone = (uint64_t)(v + 15) & ~15ull;
    if (ng_option_value && ng_option_value("alignment", &v) && v > 16)
        heap_min_align = (uint64_t)v;
}

void heap_print_summary(void)
{
    const struct heap_totals n = heap_totals();
    if (ng_verbosity() < 1)
        return;
    if (ng_option_xml()) {
        ng_xml("<heap_summary>");
        ng_xml("  <memory_in_use_at_exit>");
        ng_xml("    <bytes>%s</bytes>", ng_commas(n.live_bytes));
        ng_xml("    <blocks>%s</blocks>", ng_commas(n.live_blocks));
        ng_xml("  </memory_in_use_at_exit>");
        ng_xml("  <total_heap_usage>");
        ng_xml("    <allocs>%s</allocs>", ng_commas(n.allocs));
        ng_xml("    <frees>%s</frees>", ng_commas(n.frees));
        ng_xml("    <bytes_allocated>%s</bytes_allocated>", ng_commas(n.bytes_allocated));
        ng_xml("  </total_heap_usage>");
        ng_xml("</heap_summary>");
        return;
    }
    ng_msg("%s", "");
    ng_msg("HEAP SUMMARY:");
    ng_msg("    in use at exit: %s bytes in %s blocks", ng_commas(n.live_bytes), ng_commas(n.live_blocks));
    ng_msg("  total heap usage: %s allocs, %s frees, %s bytes allocated", ng_commas(n.allocs), ng_commas(n.frees),
           ng_commas(n.bytes_allocated));
    ng_msg("%s", "");
}
