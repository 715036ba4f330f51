/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/scopes: the inlined calls around an address, by debug information.
 *
 * libdw's own search skips namespaces and classes, where compilers put functions
 * too.  So the functions of a compilation unit are listed once, wherever they
 * stand, and the search for inlined calls starts at the right one. */
#include <dwarf.h>
#include "symbols/internal.h"

/* Appends die's address ranges to the list of functions of unit. */
static void add_function(struct symbols_functions *u, Dwarf_Die *die)
{
    Dwarf_Addr base, low, high;
    ptrdiff_t k = 0;
    while ((k = dwarf_ranges(die, k, &base, &low, &high)) > 0) {
        const size_t i = BASE_GROW(u->functions, u->n, u->cap);
        u->functions[i] = (struct symbols_unit){ low, high, dwarf_dieoffset(die) };
    }
}

/* May functions stand inside? */
static bool is_container(int tag)
{
    switch (tag) {
    case DW_TAG_namespace: case DW_TAG_module: case DW_TAG_class_type: case DW_TAG_structure_type: case DW_TAG_union_type:
    case DW_TAG_interface_type: case DW_TAG_subprogram: case DW_TAG_lexical_block: case DW_TAG_inlined_subroutine:
        return true;
    default:
        return false;
    }
}

static void list_functions(struct symbols_functions *u, Dwarf_Die *parent, int depth)
{
    Dwarf_Die die;
    if (depth > 100 || dwarf_child(parent, &die) != 0)
        return;
    do {
        const int tag = dwarf_tag(&die);
        if (tag == DW_TAG_subprogram)
            add_function(u, &die);
        if (is_container(tag))
            list_functions(u, &die, depth + 1);
    } while (dwarf_siblingof(&die, &die) == 0);
}

static struct symbols_functions *functions_of(struct symbols_object *o, Dwarf_Die *cu)
{
    const Dwarf_Off at = dwarf_dieoffset(cu);
    for (struct symbols_functions *u = o->functions; u; u = u->next)
        if (u->unit == at)
            return u;
    struct symbols_functions *u = base_alloc(sizeof *u);
    *u = (struct symbols_functions){ .next = o->functions, .unit = at };
    o->functions = u;
    list_functions(u, cu, 0);
    return u;
}

/* The child of parent that holds addr and is a block or an inlined call; blocks without addresses are looked through. */
static bool child_at(Dwarf_Die *parent, uint64_t addr, int depth, Dwarf_Die *out)
{
    Dwarf_Die die;
    if (depth > 100 || dwarf_child(parent, &die) != 0)
        return false;
    do {
        const int tag = dwarf_tag(&die);
        if (tag != DW_TAG_lexical_block && tag != DW_TAG_inlined_subroutine && tag != DW_TAG_try_block && tag != DW_TAG_catch_block)
            continue;
        const bool has_addresses = dwarf_hasattr(&die, DW_AT_low_pc) || dwarf_hasattr(&die, DW_AT_ranges);
        if (has_addresses ? dwarf_haspc(&die, addr) > 0 : child_at(&die, addr, depth + 1, out)) {
            if (has_addresses)
                *out = die;
            return true;
        }
    } while (dwarf_siblingof(&die, &die) == 0);
    return false;
}

int scopes_at(struct symbols_object *o, Dwarf_Die *cu, uint64_t addr, Dwarf_Die *out, int max)
{
    const struct symbols_functions *u = functions_of(o, cu);
    const struct symbols_unit *best = NULL;
    Dwarf_Die chain[SCOPES_MAX], die;
    int n = 0;
    for (size_t i = 0; i < u->n; i++) /* the smallest, should they nest */
        if (addr >= u->functions[i].low && addr < u->functions[i].high &&
            (!best || u->functions[i].high - u->functions[i].low < best->high - best->low))
            best = &u->functions[i];
    if (!best || !dwarf_offdie(o->dwarf, best->die, &die))
        return 0;
    chain[n++] = die;
    for (int depth = 0; depth < 200 && n < SCOPES_MAX && child_at(&die, addr, 0, &die); depth++)
        if (dwarf_tag(&die) == DW_TAG_inlined_subroutine)
            chain[n++] = die;
    n = n < max ? n : max;
    for (int i = 0; i < n; i++)
        out[i] = chain[n - 1 - i];
    return n;
}

void scopes_free(struct symbols_object *o)
{
    while (o->functions) {
        struct symbols_functions *u = o->functions;
        o->functions = u->next;
        free(u->functions);
        free(u);
    }
}
