/* SPDX-License-Identifier: GPL-3.0-or-later */
/* leak: tells what a search has found: loss records as errors, then the summary. */
#include <stdio.h>
#include <stdlib.h>
#include "leak.h"

/* What an error of kind ERR_LEAK carries. */
struct leak_error {
    struct leak_record record;
    uint32_t number, total;
    uint8_t delta;
};

struct leak_totals leak_last;
static struct leak_totals leak_before;

static const char *const heuristic_names[HEUR_KINDS] = { "stdstring", "length64", "newarray", "multipleinheritance" };
static const char *const kind_words[LEAK_KINDS] = { "reachable", "possible", "indirect", "definite" };
static const char *const kind_phrases[LEAK_KINDS] = { "still reachable", "possibly lost", "indirectly lost",
                                                      "definitely lost" };

/* "1,234", in delta searches "1,234 (+5)". */
struct figure { char text[64]; };
static struct figure figure(uint64_t now, uint64_t old, int delta)
{
    struct figure f;
    if (delta == LEAK_ANY)
        snprintf(f.text, sizeof f.text, "%s", ng_commas(now));
    else
        snprintf(f.text, sizeof f.text, "%s (%c%s)", ng_commas(now), now >= old ? '+' : '-',
                 ng_commas(now >= old ? now - old : old - now));
    return f;
}

/* ---- one record ---- */

void leak_error_print(const struct ng_error *e)
{
    const struct leak_error *l = e->extra;
    const struct leak_figures *now = &l->record.now, *old = &l->record.old;
    char parts[160] = "", text[400];
    if (now->indirect > 0 || (l->delta != LEAK_ANY && old->indirect > 0))
        snprintf(parts, sizeof parts, "(%s direct, %s indirect) ", figure(now->bytes, old->bytes, l->delta).text,
                 figure(now->indirect, old->indirect, l->delta).text);
    snprintf(text, sizeof text, "%s %sbytes in %s blocks are %s in %sloss record %s of %s",
             figure(now->bytes + now->indirect, old->bytes + old->indirect, l->delta).text, parts,
             figure(now->blocks, old->blocks, l->delta).text, kind_phrases[l->record.state],
             l->delta != LEAK_ANY && old->blocks == 0 ? "new " : "", ng_commas(l->number), ng_commas(l->total));
    if (ng_option_xml()) {
        ng_xml("  <xwhat>");
        ng_xml("    <text>%s</text>", text);
        ng_xml("    <leakedbytes>%llu</leakedbytes>", (unsigned long long)(now->bytes + now->indirect));
        ng_xml("    <leakedblocks>%llu</leakedblocks>", (unsigned long long)now->blocks);
        ng_xml("  </xwhat>");
    } else
        ng_what("%s", text);
    ng_trace_print(e->where);
}

const char *leak_error_xml_kind(const struct ng_error *e)
{
    static const char *const kinds[LEAK_KINDS] = { "Leak_StillReachable", "Leak_PossiblyLost", "Leak_IndirectlyLost",
                                                   "Leak_DefinitelyLost" };
    return kinds[((const struct leak_error *)e->extra)->record.state];
}

void leak_error_weight(const struct ng_error *e, uint64_t *bytes, uint64_t *blocks)
{
    const struct leak_figures *now = &((const struct leak_error *)e->extra)->record.now;
    *bytes = now->bytes + now->indirect;
    *blocks = now->blocks;
}

void leak_error_supp_extra(const struct ng_error *e, char extra[256])
{
    snprintf(extra, 256, "match-leak-kinds: %s", kind_words[((const struct leak_error *)e->extra)->record.state]);
}

/* Mask of kinds that a suppression's extra line names; -1: malformed. */
static int supp_kinds(const char *extra)
{
    static const char prefix[] = "match-leak-kinds:";
    if (!extra || !*extra)
        return (1 << LEAK_KINDS) - 1;
    if (strncmp(extra, prefix, sizeof prefix - 1) != 0)
        return -1;
    extra += sizeof prefix - 1;
    return options_parse_leak_kinds(extra + strspn(extra, " \t"));
}

bool leak_supp_matches(const struct ng_error *e, const char *extra)
{
    const int kinds = supp_kinds(extra);
    return kinds >= 0 && (kinds & 1 << ((const struct leak_error *)e->extra)->record.state);
}

int leak_supp_check_extra(const char *extra) { return supp_kinds(extra) < 0 ? -1 : 0; }

/* ---- all records ---- */

static bool passes(const struct leak_record *r, enum leak_delta delta)
{
    const uint64_t now = r->now.bytes + r->now.indirect, old = r->old.bytes + r->old.indirect;
    switch (delta) {
    case LEAK_ANY: return r->now.blocks > 0;
    case LEAK_INCREASED: return now > old || r->now.blocks > r->old.blocks;
    case LEAK_CHANGED: return now != old || r->now.blocks != r->old.blocks;
    case LEAK_NEW: return r->now.blocks > 0 && r->old.blocks == 0;
    }
    return false;
}

static void account(const struct leak_record *r, bool shown_by_supp)
{
    if (!shown_by_supp) {
        leak_last.suppressed_bytes += r->now.bytes;
        leak_last.suppressed_blocks += r->now.blocks;
        return;
    }
    leak_last.bytes[r->state] += r->now.bytes;
    leak_last.blocks[r->state] += r->now.blocks;
    for (int i = 0; i < HEUR_KINDS; i++) {
        leak_last.heuristic_bytes[i] += r->heuristic_bytes[i];
        leak_last.heuristic_blocks[i] += r->heuristic_blocks[i];
    }
}

static void tell_records(const struct leak_request *q, const struct leak_records *records)
{
    for (uint32_t i = 0; i < records->n; i++) {
        const struct leak_record *r = &records->r[i];
        const bool wanted = q->full && passes(r, q->delta);
        struct leak_error extra = { .record = *r, .number = i + 1, .total = records->n, .delta = q->delta };
        struct ng_error e = { .kind = ERR_LEAK, .where = r->trace, .thread = ng_thread_self(), .extra = &extra,
                              .extra_size = sizeof extra };
        const bool not_suppressed = ng_error_unique(&e, wanted && (q->show & 1u << r->state),
                                                    wanted && (q->errors & 1u << r->state));
        account(r, not_suppressed);
    }
}

/* ---- summary ---- */

static void summary_line(const char *label, uint64_t bytes, uint64_t old_bytes, uint64_t blocks, uint64_t old_blocks,
                         int delta)
{
    ng_msg("%s: %s bytes in %s blocks", label, figure(bytes, old_bytes, delta).text,
           figure(blocks, old_blocks, delta).text);
}

static bool any_heuristic(void)
{
    for (int i = 0; i < HEUR_KINDS; i++)
        if (leak_last.heuristic_blocks[i])
            return true;
    return false;
}

static void tell_summary(const struct leak_request *q)
{
    const struct leak_totals *n = &leak_last, *o = &leak_before;
    static const struct { int kind; const char *label; } lines[] = { { LEAK_DEFINITE, "   definitely lost" },
                                                                     { LEAK_INDIRECT, "   indirectly lost" },
                                                                     { LEAK_POSSIBLE, "     possibly lost" },
                                                                     { LEAK_REACHABLE, "   still reachable" } };
    ng_msg("LEAK SUMMARY:");
    for (int i = 0; i < LEAK_KINDS; i++) {
        const int k = lines[i].kind;
        summary_line(lines[i].label, n->bytes[k], o->bytes[k], n->blocks[k], o->blocks[k], q->delta);
    }
    if (any_heuristic())
        ng_msg("                      of which reachable via heuristic:");
    for (int i = 0; i < HEUR_KINDS; i++)
        if (n->heuristic_blocks[i]) {
            char label[64];
            snprintf(label, sizeof label, "                        %-19s", heuristic_names[i]);
            summary_line(label, n->heuristic_bytes[i], o->heuristic_bytes[i], n->heuristic_blocks[i],
                         o->heuristic_blocks[i], q->delta);
        }
    summary_line("        suppressed", n->suppressed_bytes, o->suppressed_bytes, n->suppressed_blocks,
                 o->suppressed_blocks, q->delta);
    const bool any = n->blocks[0] + n->blocks[1] + n->blocks[2] + n->blocks[3] > 0;
    if (!q->full && any)
        ng_msg("Rerun with --leak-check=full to see details of leaked memory");
    if (q->full && n->blocks[LEAK_REACHABLE] > 0 && !(q->show & 1u << LEAK_REACHABLE)) {
        ng_msg("Reachable blocks (those to which a pointer was found) are not shown.");
        ng_msg("To see them, rerun with: --leak-check=full --show-leak-kinds=all");
    }
    ng_msg("%s", "");
}

static void xml_pair(const char *element, uint64_t bytes, uint64_t blocks)
{
    ng_xml("  <%s>", element);
    ng_xml("    <bytes>%s</bytes>", ng_commas(bytes));
    ng_xml("    <blocks>%s</blocks>", ng_commas(blocks));
    ng_xml("  </%s>", element);
}

static void xml_summary(void)
{
    const struct leak_totals *n = &leak_last;
    ng_xml("<leak_summary>");
    xml_pair("definitely_lost", n->bytes[LEAK_DEFINITE], n->blocks[LEAK_DEFINITE]);
    xml_pair("indirectly_lost", n->bytes[LEAK_INDIRECT], n->blocks[LEAK_INDIRECT]);
    xml_pair("possibly_lost", n->bytes[LEAK_POSSIBLE], n->blocks[LEAK_POSSIBLE]);
    xml_pair("still_reachable", n->bytes[LEAK_REACHABLE], n->blocks[LEAK_REACHABLE]);
    for (int i = 0; i < HEUR_KINDS; i++)
        if (n->heuristic_blocks[i]) {
            ng_xml("  <reachable_heuristic>");
            ng_xml("    <kind>%s</kind>", heuristic_names[i]);
            ng_xml("    <bytes>%s</bytes>", ng_commas(n->heuristic_bytes[i]));
            ng_xml("    <blocks>%s</blocks>", ng_commas(n->heuristic_blocks[i]));
            ng_xml("  </reachable_heuristic>");
        }
    xml_pair("suppressed", n->suppressed_bytes, n->suppressed_blocks);
    ng_xml("</leak_summary>");
}

void leak_check(const struct leak_request *q)
{
    struct leak_chunks chunks;
    leak_collect(&chunks);
    leak_before = leak_last;
    leak_last = (struct leak_totals){ 0 };
    const bool talk = ng_verbosity() >= 1 && !ng_option_xml();
    if (ng_option_xml() && ng_verbosity() >= 1 && q->at_exit)
        ng_xml("<all_heap_blocks_freed>%s</all_heap_blocks_freed>", chunks.n == 0 ? "true" : "false");
    if (chunks.n == 0) {
        leak_records_make(&chunks); /* what was there before is gone now */
        if (talk) {
            ng_msg("All heap blocks were freed -- no leaks are possible");
            ng_msg("%s", "");
        }
        leak_chunks_free(&chunks);
        return;
    }
    if (!ng_option_xml())
        ng_umsg_v(2, "Searching for pointers to %s not-freed blocks", ng_commas(chunks.n));
    leak_search(&chunks, q->heuristics);
    if (!ng_option_xml()) {
        ng_umsg_v(2, "Checked %s bytes", ng_commas(chunks.bytes_scanned));
        ng_umsg_v(2, "%s", "");
    }
    tell_records(q, leak_records_make(&chunks));
    if (talk)
        tell_summary(q);
    else if (ng_option_xml() && ng_verbosity() >= 1)
        xml_summary();
    leak_chunks_free(&chunks);
}

void leak_check_at_exit(void)
{
    const struct leak_request q = { .full = mc_options.leak_check == LEAK_CHECK_FULL, .show = mc_options.show_leak_kinds,
                                    .errors = mc_options.errors_for_leak_kinds,
                                    .heuristics = mc_options.leak_heuristics, .at_exit = true };
    if (mc_options.leak_check != LEAK_CHECK_NO) {
        leak_check(&q);
        return;
    }
    if (ng_verbosity() < 1)
        return;
    if (ng_option_xml()) {
        ng_xml("<all_heap_blocks_freed>%s</all_heap_blocks_freed>", heap_totals().live_blocks == 0 ? "true" : "false");
        return;
    }
    ng_msg("For a detailed leak analysis, rerun with: --leak-check=full");
    ng_msg("%s", "");
}
