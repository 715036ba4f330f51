/* SPDX-License-Identifier: GPL-3.0-or-later */
/* memcheck: the tool itself. */
#include <errno.h>
#include "errors.h"
#include "events.h"
#include "heap.h"
#include "instrument.h"
#include "strings_fast.h"

enum { REDIRECTS_MAX = 1024 };
static struct ng_redirect redirects[REDIRECTS_MAX]; /* heap's and strings' rows */

static int append_redirects(int n, const struct ng_redirect *rows)
{
    for (; rows->symbol && n < REDIRECTS_MAX - 1; rows++)
        redirects[n++] = *rows;
    return n;
}

/* Before the core reads the tool's struct. */
__attribute__((constructor)) static void join_redirects(void)
{
    append_redirects(append_redirects(0, heap_redirects), strings_redirects);
}

static void check_options(void)
{
    if (mc_options.leak_check == LEAK_CHECK_YES || ng_option_xml())
        mc_options.leak_check = LEAK_CHECK_FULL;
    if (!mc_options.undef_value_errors && !mc_options.origins_asked)
        mc_options.track_origins = false;
    if (mc_options.track_origins && !mc_options.undef_value_errors)
        ng_fatal("Bad option: --track-origins=yes needs --undef-value-errors=yes");
    if (mc_options.freelist_big_blocks >= mc_options.freelist_vol && mc_options.freelist_vol) {
        ng_umsg_v(1, "Warning: --freelist-big-blocks value %ld has no effect", (long)mc_options.freelist_big_blocks);
        ng_umsg_v(1, "as it is >= to --freelist-vol value %ld", (long)mc_options.freelist_vol);
    }
}

static int memcheck_init(void)
{
    check_options();
    shadow_init();
    stack_init();
    helpers_register();
    heap_init();
    return 0;
}

static void memcheck_instrument(struct ng_instrument *i)
{
    if (i->mode == MODE_CLEAN || i->mode == MODE_SHORT)
        clean_instrument(i);
    else
        dirty_instrument(i);
}

static void memcheck_fini(int exit_code)
{
    (void)exit_code;
    heap_print_summary();
    leak_check_at_exit();
    if (errors_value_error_seen() && !mc_options.track_origins && !ng_option_xml())
        ng_umsg_v(1, "Use --track-origins=yes to see where uninitialised values come from");
}

NG_API const struct ng_tool ng_tool = {
    .api = NG_TOOL_API,
    .name = "memcheck",
    .banner = "Memcheck, a memory error detector",
    .copyright = "Copyright (C) 2026, and GNU GPL'd, by the nagrind authors",
    .supp_name = "Memcheck",
    .modes = 4,
    .forms = { IR_FORM_NATIVE, IR_FORM_TANDEM, IR_FORM_NATIVE, IR_FORM_TANDEM }, /* MODE_CLEAN, _DIRTY, _SHORT, _LIGHT */
    .wants_planes_v = true,
    .wants_planes_o = true,
    .options = mc_option_table,
    .redirects = redirects,
    .init = memcheck_init,
    .instrument = memcheck_instrument,
    .events = {
        .mem_mapped = events_mem_mapped,
        .mem_unmapped = events_mem_unmapped,
        .mem_moved = events_mem_moved,
        .brk_grown = events_brk_grown,
        .brk_shrunk = events_brk_shrunk,
        .stack_set = events_stack_set,
        .pre_reg_read = events_pre_reg_read,
        .pre_mem_write = events_pre_mem_write,
        .pre_mem_read = events_pre_mem_read,
        .pre_mem_read_string = events_pre_mem_read_string,
        .post_mem_write = events_post_mem_write,
        .post_reg_write = events_post_reg_write,
        .access_fault = events_access_fault,
        .jump_invalid = events_jump_invalid,
        .thread_created = events_thread_created,
        .forked = events_forked,
        .thread_exited = heap_thread_exited,
        .client_request = requests_handle,
    },
    .fini = memcheck_fini,
    .error_same = errors_same,
    .error_print = errors_print,
    .error_supp_kind = suppressions_kind_of,
    .error_xml_kind = errors_xml_kind,
    .supp_kind = suppressions_kind,
    .supp_matches = suppressions_match,
    .supp_check_extra = suppressions_check_extra,
    .error_weight = leak_error_weight,
    .plane_fault = heap_lazy_fault,
    .string_move = fast_memcpy,
    .string_fill = fast_memset,
};
