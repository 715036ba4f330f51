/* SPDX-License-Identifier: GPL-3.0-or-later */
/* options: memcheck's command line.  Rows of mc_option_table are parsed by the
 * core; what is irregular has a callback here. */
#include "memcheck.h"
#include <stdlib.h>

enum { ALL_LEAKS = (1u << LEAK_KINDS) - 1, ALL_HEURISTICS = (1u << HEUR_KINDS) - 1 };

struct mc_options mc_options = {
    .leak_check = LEAK_CHECK_SUMMARY,
    .show_leak_kinds = 1u << LEAK_DEFINITE | 1u << LEAK_POSSIBLE,
    .errors_for_leak_kinds = 1u << LEAK_DEFINITE | 1u << LEAK_POSSIBLE,
    .leak_resolution = 0,
    .leak_heuristics = ALL_HEURISTICS,
    .undef_value_errors = true,
    .track_origins = true,
    .partial_loads_ok = true,
    .freelist_vol = 20000000,
    .freelist_big_blocks = 1000000,
    .keep_stacktraces = KEEP_ALLOC_AND_FREE,
    .malloc_fill = -1,
    .free_fill = -1,
    .show_mismatched_frees = true,
    .show_realloc_size_zero = true,
    .realloc_zero_frees = true,
};

/* A comma-separated set of names as a mask of 1 << index; "all" and "none" stand alone. */
static int parse_set(const char *value, const char *const *names, int n)
{
    if (!strcmp(value, "all"))
        return (1 << n) - 1;
    if (!strcmp(value, "none"))
        return 0;
    int mask = 0;
    for (;;) {
        size_t len = strcspn(value, ",");
        int i = 0;
        while (i < n && (strlen(names[i]) != len || strncmp(names[i], value, len)))
            i++;
        if (i == n)
            return -1;
        mask |= 1 << i;
        if (!value[len])
            return mask;
        value += len + 1;
    }
}

int options_parse_leak_kinds(const char *value)
{
    static const char *const names[LEAK_KINDS] = { [LEAK_REACHABLE] = "reachable", [LEAK_POSSIBLE] = "possible",
                                                   [LEAK_INDIRECT] = "indirect", [LEAK_DEFINITE] = "definite" };
    return parse_set(value, names, LEAK_KINDS);
}

int options_parse_heuristics(const char *value)
{
    static const char *const names[HEUR_KINDS] = { [HEUR_STDSTRING] = "stdstring", [HEUR_LENGTH64] = "length64",
                                                   [HEUR_NEWARRAY] = "newarray",
                                                   [HEUR_MULTIPLEINHERITANCE] = "multipleinheritance" };
    return parse_set(value, names, HEUR_KINDS);
}

static int store_mask(int mask, unsigned *to)
{
    if (mask < 0)
        return -1;
    *to = (unsigned)mask;
    return 0;
}

static int set_show_leak_kinds(const char *value)
{
    return store_mask(options_parse_leak_kinds(value), &mc_options.show_leak_kinds);
}

static int set_errors_for_leak_kinds(const char *value)
{
    return store_mask(options_parse_leak_kinds(value), &mc_options.errors_for_leak_kinds);
}

static int set_heuristics(const char *value)
{
    return store_mask(options_parse_heuristics(value), &mc_options.leak_heuristics);
}

/* Old spellings of --show-leak-kinds. */
static int set_show_reachable(const char *value)
{
    if (!strcmp(value, "yes"))
        mc_options.show_leak_kinds = ALL_LEAKS;
    else if (!strcmp(value, "no"))
        mc_options.show_leak_kinds &= ~(1u << LEAK_REACHABLE);
    else
        return -1;
    return 0;
}

static int set_show_possibly_lost(const char *value)
{
    if (!strcmp(value, "yes"))
        mc_options.show_leak_kinds |= 1u << LEAK_POSSIBLE;
    else if (!strcmp(value, "no"))
        mc_options.show_leak_kinds &= ~(1u << LEAK_POSSIBLE);
    else
        return -1;
    return 0;
}

static int set_leak_resolution(const char *value)
{
    static const struct { const char *name; int frames; } rows[] = { { "low", 2 }, { "med", 4 }, { "high", 0 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(value, rows[i].name)) {
            mc_options.leak_resolution = rows[i].frames;
            return 0;
        }
    return -1;
}

static int parse_fill(const char *value, int *to)
{
    char *end;
    unsigned long byte = strtoul(value, &end, 16);
    if (end == value || *end || byte > 0xff)
        return -1;
    *to = (int)byte;
    return 0;
}

static int set_malloc_fill(const char *value) { return parse_fill(value, &mc_options.malloc_fill); }
static int set_free_fill(const char *value) { return parse_fill(value, &mc_options.free_fill); }

static int set_track_origins(const char *value)
{
    mc_options.track_origins = !strcmp(value, "yes");
    mc_options.origins_asked = mc_options.track_origins;
    return mc_options.track_origins || !strcmp(value, "no") ? 0 : -1;
}

#define BOOL(opt, field, text) { opt, NG_OPT_BOOL, &mc_options.field, .help = text }
#define CALLBACK(opt, fn, text) { opt, NG_OPT_CALLBACK, .callback = fn, .help = text }
const struct ng_option mc_option_table[] = {
    { "leak-check", NG_OPT_CHOICE, &mc_options.leak_check, "no|summary|yes|full",
      .help = "search for memory leaks at exit? [summary]" },
    CALLBACK("leak-resolution", set_leak_resolution, "low|med|high: how much stack trace must match to merge leaks [high]"),
    CALLBACK("show-leak-kinds", set_show_leak_kinds, "kinds of leak to show: definite,indirect,possible,reachable, all or none [definite,possible]"),
    CALLBACK("errors-for-leak-kinds", set_errors_for_leak_kinds, "kinds of leak that count as errors [definite,possible]"),
    CALLBACK("leak-check-heuristics", set_heuristics, "stdstring,length64,newarray,multipleinheritance, all or none: interior pointers that count as pointers to the start [all]"),
    CALLBACK("show-reachable", set_show_reachable, "yes|no: yes is --show-leak-kinds=all, no takes reachable out"),
    CALLBACK("show-possibly-lost", set_show_possibly_lost, "yes|no: puts possible into --show-leak-kinds, or takes it out"),
    BOOL("undef-value-errors", undef_value_errors, "check for the use of undefined values? [yes]"),
    CALLBACK("track-origins", set_track_origins, "yes|no: show where undefined values come from? [yes]"),
    BOOL("partial-loads-ok", partial_loads_ok, "let aligned word loads that are partly addressable pass? [yes]"),
    { "freelist-vol", NG_OPT_INT, &mc_options.freelist_vol, .min = 0, .max = INT64_MAX,
      .help = "bytes of freed blocks kept from reuse [20000000]" },
    { "freelist-big-blocks", NG_OPT_INT, &mc_options.freelist_big_blocks, .min = 0, .max = INT64_MAX,
      .help = "freed blocks of this size or more are reused first [1000000]" },
    { "keep-stacktraces", NG_OPT_CHOICE, &mc_options.keep_stacktraces, "alloc|free|alloc-and-free|alloc-then-free|none",
      .help = "stack traces kept for blocks [alloc-and-free]" },
    CALLBACK("malloc-fill", set_malloc_fill, "hex byte that fills new blocks [none]"),
    CALLBACK("free-fill", set_free_fill, "hex byte that fills freed blocks [none]"),
    BOOL("show-mismatched-frees", show_mismatched_frees, "report frees that do not match the allocation function? [yes]"),
    CALLBACK("ignore-ranges", requests_parse_ignore_ranges, "0xA-0xB[,...]: report no address errors there [none]"),
    BOOL("show-realloc-size-zero", show_realloc_size_zero, "report realloc of size 0? [yes]"),
    BOOL("realloc-zero-bytes-frees", realloc_zero_frees, "does realloc of size 0 free the block? [yes]"),
    { NULL }
};
