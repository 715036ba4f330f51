/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report/errors: the errors seen so far: which are new, which are suppressed,
 * how often each came, and what is printed of them.
 *
 * Known errors are found by a hash of kind and top frames: four of them, or two
 * once more than 100 have been shown, so that a program full of errors stays
 * readable.  All state is guarded by the report lock (a block is open). */
#include <stdio.h>
#include <unistd.h>
#include "launch/options.h"
#include "report/internal.h"
#include "run/run.h"
#include "tool/load.h"

enum { SLOW_AFTER = 100, STOP_AFTER = 1000, STOP_TOTAL = 10000000, FRAMES_MANY = 4, FRAMES_FEW = 2, BUCKETS = 1024 };

struct known {
    struct ng_error e;
    uint64_t count, last_seen;      /* last_seen orders the final list */
    int thread_id;
    char thread_name[16];
    struct suppression *covered_by;
    struct report_record said;
    struct known *next[2], *older;  /* next: in by_frames[0] (many), [1] (few) */
};

static struct {
    struct known *by_frames[2][BUCKETS], *all;
    uint64_t clock;
    uint64_t found, shown;          /* unsuppressed: occurrences, contexts */
    uint64_t suppressed, suppressed_contexts;
    bool said_slow, said_stop;
    int announced;                  /* thread of the last "Thread N:" line */
} errors = { .announced = 1 };

/* ---- interned text ---- */

const char *ng_intern(const char *s)
{
    static struct entry { struct entry *next; char text[]; } *table[1024];
    const size_t n = strlen(s);
    struct entry **slot = &table[base_hash_bytes(s, n) % 1024], *e;
    report_begin();
    for (e = *slot; e && strcmp(e->text, s); e = e->next)
        ;
    if (!e) {
        e = base_alloc(sizeof *e + n + 1);
        memcpy(e->text, s, n + 1);
        e->next = *slot;
        *slot = e;
    }
    report_end();
    return e->text;
}

/* ---- comparison ---- */

static uint64_t top_hash(const struct ng_error *e, int frames)
{
    guest_addr pcs[FRAMES_MANY];
    const int n = ng_trace_frames(e->where, pcs, frames);
    return base_hash_bytes(pcs, (size_t)n * sizeof *pcs) ^ base_hash64((uint64_t)e->kind + 1);
}

static bool same_top(ng_trace a, ng_trace b, int frames)
{
    guest_addr pa[FRAMES_MANY], pb[FRAMES_MANY];
    if (a == b)
        return true;
    const int na = ng_trace_frames(a, pa, frames), nb = ng_trace_frames(b, pb, frames);
    return na == nb && !memcmp(pa, pb, (size_t)na * sizeof *pa);
}

static struct known *find_known(const struct ng_error *e)
{
    const int few = errors.shown >= SLOW_AFTER, frames = few ? FRAMES_FEW : FRAMES_MANY;
    struct known *k = errors.by_frames[few][top_hash(e, frames) % BUCKETS];
    for (; k; k = k->next[few])
        if (k->e.kind == e->kind && same_top(k->e.where, e->where, frames) &&
            (!tool->error_same || tool->error_same(&k->e, e)))
            return k;
    return NULL;
}

static struct known *remember(const struct ng_error *e, struct ng_thread *t)
{
    struct known *k = base_alloc(sizeof *k);
    k->e = *e;
    if (e->extra_size) {
        k->e.extra = base_alloc(e->extra_size);
        memcpy(k->e.extra, e->extra, e->extra_size);
    }
    k->thread_id = t ? t->id : 1;
    if (t)
        snprintf(k->thread_name, sizeof k->thread_name, "%s", t->name);
    for (int few = 0; few < 2; few++) {
        struct known **slot = &errors.by_frames[few][top_hash(e, few ? FRAMES_FEW : FRAMES_MANY) % BUCKETS];
        k->next[few] = *slot;
        *slot = k;
    }
    k->older = errors.all;
    errors.all = k;
    return k;
}

/* ---- printing ---- */

void report_announce_thread(int id, const char *name)
{
    if (id == errors.announced)
        return;
    errors.announced = id;
    if (name && *name)
        ng_msg("Thread %d %s:", id, name);
    else
        ng_msg("Thread %d:", id);
}

/* said: what was said of it before, or where that is to be kept; NULL: neither. */
static void print_error(const struct ng_error *e, int thread_id, const char *thread_name, struct report_record *said)
{
    report_announce_thread(thread_id, thread_name);
    report_format->error_begin(e);
    if (said && said->n) {
        report_replay(said);
    } else {
        report_record_begin(said, false);
        tool->error_print(e);
        report_record_end();
    }
    report_format->error_end(e);
    if (options.gen_suppressions)
        suppress_generate(e);
}

/* Describes a suppressed error for the list of all errors. */
static void describe_quietly(struct known *k)
{
    if (options.show_error_list != 2)
        return;
    report_record_begin(&k->said, true);
    tool->error_print(&k->e);
    report_record_end();
}

static void stop_at_first(void)
{
    if (!options.exit_on_first_error)
        return;
    ng_msg("%s", "");
    ng_msg("Exit program on first error (--exit-on-first-error=yes)");
    report_flush();
    _exit((int)options.error_exitcode);
}

/* False once there were so many errors that no more are looked at. */
static bool within_limit(void)
{
    if (options.error_limit && (errors.shown >= STOP_AFTER || errors.found >= STOP_TOTAL)) {
        if (errors.said_stop)
            return false;
        errors.said_stop = true;
        ng_msg("%s", "");
        if (errors.shown >= STOP_AFTER)
            ng_msg("More than %d different errors detected.  I'm not reporting any more.", STOP_AFTER);
        else
            ng_msg("More than %d total errors detected.  I'm not reporting any more.", STOP_TOTAL);
        ng_msg("Final error counts will be inaccurate.  Go fix your program!");
        ng_msg("Rerun with --error-limit=no to disable this cutoff.  Note");
        ng_msg("that errors may occur in your program without prior warning from");
        ng_msg("nagrind, because errors are no longer being displayed.");
        ng_msg("%s", "");
        return false;
    }
    if (errors.shown >= SLOW_AFTER && !errors.said_slow) {
        errors.said_slow = true;
        ng_msg("%s", "");
        ng_msg("More than %d errors detected.  Subsequent errors", SLOW_AFTER);
        ng_msg("will still be recorded, but in less detail than before.");
    }
    return true;
}

/* ---- recording ---- */

static void count_again(struct known *k)
{
    k->count++;
    k->last_seen = ++errors.clock;
    if (k->covered_by) {
        k->covered_by->count++;
        errors.suppressed++;
    } else {
        errors.found++;
    }
}

static void record(const struct ng_error *e, struct ng_thread *t)
{
    if (!within_limit())
        return;
    struct known *k = find_known(e);
    if (k) {
        count_again(k);
        return;
    }
    k = remember(e, t);
    k->covered_by = suppress_find(e);
    count_again(k);
    if (k->covered_by) {
        errors.suppressed_contexts++;
        describe_quietly(k);
        return;
    }
    errors.shown++;
    print_error(&k->e, k->thread_id, k->thread_name, &k->said);
    stop_at_first();
}

void ng_error_record(struct ng_error *e)
{
    if (!e->thread)
        e->thread = ng_thread_self();
    if (e->thread && e->thread->errors_disabled > 0)
        return;
    if (options.error_limit && __atomic_load_n(&errors.said_stop, __ATOMIC_RELAXED))
        return;
    if (!e->where && e->thread)
        e->where = ng_trace_take(e->thread);
    report_begin();
    record(e, e->thread);
    report_end();
}

bool ng_error_unique(struct ng_error *e, bool print, bool count)
{
    report_begin();
    struct suppression *s = suppress_find(e);
    if (s) {
        s->count++;
        errors.suppressed++;
        errors.suppressed_contexts++;
        uint64_t bytes = 0, blocks = 0;
        if (tool->error_weight) {
            tool->error_weight(e, &bytes, &blocks);
            s->bytes += bytes;
            s->blocks += blocks;
        }
        report_end();
        return false;
    }
    if (count) {
        errors.found++;
        errors.shown++;
    }
    if (print) {
        print_error(e, e->thread ? e->thread->id : 1, e->thread ? e->thread->name : "", NULL);
        if (count)
            stop_at_first();
    }
    report_end();
    return true;
}

void ng_errors_disable(struct ng_thread *t, int delta)
{
    t->errors_disabled += delta;
    if (t->errors_disabled < 0)
        t->errors_disabled = 0;
}

uint64_t ng_errors_found(void)
{
    report_begin();
    const uint64_t n = errors.found;
    report_end();
    return n;
}

bool report_any_error(void)
{
    return ng_errors_found() > 0;
}

/* ---- at the end ---- */

static int compare_known(const void *a, const void *b)
{
    const struct known *x = *(struct known *const *)a, *y = *(struct known *const *)b;
    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    return x->last_seen > y->last_seen ? -1 : 1;
}

/* Rarest first; the suppressed ones too if asked. */
static void list_errors(bool suppressed)
{
    struct known **list = NULL;
    size_t n = 0, cap = 0;
    for (struct known *k = errors.all; k; k = k->older)
        if (!!k->covered_by == suppressed) {
            const size_t i = BASE_GROW(list, n, cap);
            list[i] = k;
        }
    if (n)
        qsort(list, n, sizeof *list, compare_known);
    const unsigned long total = suppressed ? errors.suppressed_contexts : errors.shown;
    for (size_t i = 0; i < n; i++) {
        ng_msg("%s", "");
        ng_msg("%lu errors in %scontext %zu of %lu:", (unsigned long)list[i]->count, suppressed ? "suppressed " : "",
               i + 1, total);
        print_error(&list[i]->e, list[i]->thread_id, list[i]->thread_name, &list[i]->said);
    }
    free(list);
}

static void list_suppressions(void)
{
    bool any = false;
    for (const struct suppression *s = suppress_all(); s; s = s->next) {
        if (!s->count)
            continue;
        if (!any)
            report_debug("%s", "");
        any = true;
        char leaks[96] = "";
        if (s->blocks)
            snprintf(leaks, sizeof leaks, " suppressed: %s bytes in %s blocks", ng_commas(s->bytes), ng_commas(s->blocks));
        report_debug("used_suppression: %6lu %s %s:%d%s", (unsigned long)s->count, s->name, s->file, s->line, leaks);
    }
    if (any)
        ng_msg("%s", "");
}

static void summary_line(void)
{
    ng_msg("ERROR SUMMARY: %lu errors from %lu contexts (suppressed: %lu from %lu)", (unsigned long)errors.found,
           (unsigned long)errors.shown, (unsigned long)errors.suppressed, (unsigned long)errors.suppressed_contexts);
}

void report_summary(void)
{
    if (!tool->supp_name)
        return;
    const bool list = options.show_error_list || options.verbosity > 1;
    if (options.verbosity < 1 && !list)
        return;
    report_begin();
    if (options.verbosity == 1 && !list)
        ng_msg("For lists of detected and suppressed errors, rerun with: -s");
    summary_line();
    if (list) {
        list_errors(false);
        if (options.show_error_list == 2)
            list_errors(true);
        list_suppressions();
        if (errors.found || errors.suppressed)
            summary_line();
    }
    report_end();
}
