/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report/text: how errors and stacks look as text, and the stack-frame rules
 * that every format shares (inlined frames, the cut at main). */
#include <stdio.h>
#include "launch/options.h"
#include "report/internal.h"
#include "symbols/symbols.h"

const struct report_format *report_format = &report_text;

/* ---- frames ---- */

static bool is_below_main(const char *fn)
{
    static const char *const names[] = { "_start", "__libc_start_main", "__libc_start_call_main", "generic_start_main" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const size_t n = strlen(names[i]);
        if (!strncmp(fn, names[i], n) && (!fn[n] || fn[n] == '@')) /* symbol version */
            return true;
    }
    return false;
}

void report_each_frame(ng_trace t, bool (*fn)(const struct symbols_frame *f, void *arg), void *arg)
{
    guest_addr pcs[512];
    const int n = ng_trace_frames(t, pcs, 512);
    bool at_main = false;
    for (int i = 0; i < n && !at_main; i++) {
        struct symbols_frame frames[32];
        int k = symbols_describe(pcs[i], frames, 32);
        if (k <= 0) {
            frames[0] = (struct symbols_frame){ .pc = pcs[i] };
            k = 1;
        }
        for (int j = 0; j < k; j++) {
            struct symbols_frame *f = &frames[j];
            if (f->fn && !options.show_below_main && is_below_main(f->fn)) {
                f->fn = (char *)"(below main)";
                at_main = true;
            } else if (f->fn && !options.show_below_main && !strcmp(f->fn, "main")) {
                at_main = true;
            }
            if (!fn(f, arg))
                return;
        }
    }
}

/* Source position as --fullpath-after wants it. */
static void put_path(const struct symbols_frame *f, char *buf, size_t size)
{
    if (options.n_fullpath_after == 0 || !f->dir) {
        snprintf(buf, size, "%s", f->file);
        return;
    }
    char full[4096];
    snprintf(full, sizeof full, "%s/%s", f->dir, f->file);
    const char *shown = full;
    for (int i = 0; i < options.n_fullpath_after; i++) {
        const char *strip = options.fullpath_after[i], *at = *strip ? strstr(full, strip) : NULL;
        if (at) {
            shown = at + strlen(strip);
            break;
        }
    }
    snprintf(buf, size, "%s", shown);
}

void report_frame_text(const struct symbols_frame *f, char *buf, size_t size)
{
    char path[4096];
    const char *fn = f->fn ? f->fn : "???";
    if (f->file) {
        put_path(f, path, sizeof path);
        snprintf(buf, size, "%s (%s:%d)", fn, path, f->line);
    } else if (f->object) {
        snprintf(buf, size, "%s (in %s)", fn, f->object);
    } else {
        snprintf(buf, size, f->fn ? "%s (in ?\?\?)" : "%s", fn);
    }
}

void ng_describe_pc(guest_addr pc, char *buf, size_t size)
{
    struct symbols_frame f[32];
    if (symbols_describe(pc, f, 32) > 0)
        report_frame_text(&f[0], buf, size);
    else
        snprintf(buf, size, "???");
}

/* ---- the text format ---- */

static void text_what(const char *text)
{
    report_line('=', text);
}

static void text_auxwhat(const char *text)
{
    char *line = NULL;
    if (asprintf(&line, " %s", text) < 0)
        base_out_of_memory(0);
    report_line('=', line);
    free(line);
}

static void text_frame(const struct symbols_frame *f, bool first)
{
    char text[8192];
    report_frame_text(f, text, sizeof text);
    ng_msg("   %s 0x%lX: %s", first ? "at" : "by", (unsigned long)f->pc, text);
}

static void text_error_begin(const struct ng_error *e)
{
    (void)e;
}

static void text_error_end(const struct ng_error *e)
{
    (void)e;
    report_line('=', "");
}

static void text_nothing(void)
{
}

const struct report_format report_text = {
    .error_begin = text_error_begin,
    .error_end = text_error_end,
    .what = text_what,
    .auxwhat = text_auxwhat,
    .trace_begin = text_nothing,
    .frame = text_frame,
    .trace_end = text_nothing,
};
