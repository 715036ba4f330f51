/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report/suppress_match: which suppression covers an error, and the text of
 * one that would (--gen-suppressions). */
#include <stdio.h>
#include <unistd.h>
#include "launch/options.h"
#include "report/internal.h"
#include "symbols/symbols.h"
#include "tool/load.h"

/* '*' any run, '?' any character.  Linear but for the last star. */
bool suppress_glob(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

/* A stack with names, made once for an error and compared with every suppression. */
struct stack {
    struct symbols_frame *f;
    size_t n, cap;
};

static void push_frame(struct stack *s, const struct symbols_frame *f)
{
    const size_t i = BASE_GROW(s->f, s->n, s->cap);
    s->f[i] = *f;
}

static void expand(struct stack *s, ng_trace t)
{
    guest_addr pcs[512];
    const int n = ng_trace_frames(t, pcs, 512);
    *s = (struct stack){ 0 };
    for (int i = 0; i < n; i++) {
        struct symbols_frame frames[32];
        const int k = symbols_describe(pcs[i], frames, 32);
        if (k <= 0)
            push_frame(s, &(struct symbols_frame){ .pc = pcs[i] });
        for (int j = 0; j < k; j++)
            push_frame(s, &frames[j]);
    }
}

static const char *function_name(const struct symbols_frame *f)
{
    return f->fn_mangled ? f->fn_mangled : f->fn ? f->fn : "???";
}

static bool is_start_code(const char *fn)
{
    return !strncmp(fn, "__libc_start_", 13) || !strcmp(fn, "_start") || !strcmp(fn, "generic_start_main");
}

static bool line_matches(const struct suppress_line *l, const struct symbols_frame *f)
{
    switch (l->where) {
    case SUPPRESS_FUN:
        return suppress_glob(l->pattern, function_name(f)) ||
               (is_start_code(function_name(f)) && suppress_glob(l->pattern, "(below main)"));
    case SUPPRESS_OBJ:
        return suppress_glob(l->pattern, f->object ? f->object : "???");
    case SUPPRESS_SRC:
        return f->file && (!l->line || l->line == f->line) && suppress_glob(l->pattern, f->file);
    case SUPPRESS_ANY:
        break;
    }
    return true;
}

/* Are the lines a prefix of the stack?  "..." is the star of a glob, one level up. */
static bool stack_matches(const struct suppression *s, const struct stack *stack)
{
    int i = 0, star = -1;
    size_t j = 0, retry = 0;
    for (;;) {
        if (i == s->n_lines)
            return true;
        if (s->lines[i].where == SUPPRESS_ANY) {
            star = ++i;
            retry = j;
        } else if (j < stack->n && line_matches(&s->lines[i], &stack->f[j])) {
            i++;
            j++;
        } else if (star >= 0 && retry < stack->n) {
            i = star;
            j = ++retry;
        } else {
            return false;
        }
    }
}

struct suppression *suppress_find(const struct ng_error *e)
{
    struct suppression *before = NULL, *s = suppress_all();
    struct stack stack = { 0 };
    bool expanded = false, found = false;
    for (; s; before = s, s = s->next) {
        if (!tool->supp_matches || !tool->supp_matches(e, s->kind, s->extra))
            continue;
        if (!expanded)
            expand(&stack, e->where);
        expanded = true;
        found = stack_matches(s, &stack);
        if (found)
            break;
    }
    free(stack.f);
    if (found && before)
        suppress_to_front(before);
    return s;
}

/* ---- --gen-suppressions ---- */

struct generated { int frames; };

static bool put_location(const struct symbols_frame *f, void *arg)
{
    struct generated *g = arg;
    const bool below = f->fn && !strcmp(f->fn, "(below main)");
    if (f->fn)
        report_putf("   fun:%s\n", below ? f->fn : function_name(f));
    else if (f->object)
        report_putf("   obj:%s\n", f->object);
    else
        report_putf("   obj:*\n");
    return ++g->frames < options.num_callers;
}

/* Asks on standard input; C: no further questions. */
static bool user_wants(void)
{
    static bool asked_enough;
    if (asked_enough)
        return false;
    for (;;) {
        report_line('=', "");
        report_putf("==%d== ---- Print suppression ? --- [Return/N/n/Y/y/C/c] ---- ", (int)getpid());
        report_flush();
        char c = 0, rest = 0;
        if (read(0, &c, 1) != 1) {
            asked_enough = true; /* nobody there */
            return false;
        }
        if (c == '\n')
            return false;
        while (rest != '\n' && read(0, &rest, 1) == 1)
            ;
        if (c == 'Y' || c == 'y')
            return true;
        if (c == 'C' || c == 'c')
            asked_enough = true;
        if (strchr("CcNn", c))
            return false;
    }
}

void suppress_generate(const struct ng_error *e)
{
    char extra[256] = "";
    struct generated g = { 0 };
    const char *kind = tool->error_supp_kind ? tool->error_supp_kind(e, extra) : NULL;
    if (!kind || (options.gen_suppressions == 1 && !user_wants()))
        return;
    report_putf("{\n   <insert_a_suppression_name_here>\n   %s:%s\n", tool->supp_name, kind);
    if (*extra)
        report_putf("   %s\n", extra);
    report_each_frame(e->where, put_location, &g);
    report_putf("}\n");
}
