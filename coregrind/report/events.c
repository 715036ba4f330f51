/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report/events: what tools say of an error, on its way to the format and to
 * the record of the error. */
#include <stdio.h>
#include "report/internal.h"
#include "symbols/symbols.h"

/* Guarded by the report lock. */
static struct report_record *recording;
static bool silent;

void report_record_begin(struct report_record *r, bool quietly)
{
    recording = r;
    silent = quietly;
}

void report_record_end(void)
{
    recording = NULL;
    silent = false;
}

static void record(enum report_event_kind kind, const char *text, ng_trace trace)
{
    if (!recording)
        return;
    const size_t i = BASE_GROW(recording->events, recording->n, recording->cap);
    recording->events[i] = (struct report_event){ kind, text ? base_strdup(text) : NULL, trace };
}

static bool show_frame(const struct symbols_frame *f, void *first)
{
    report_format->frame(f, *(bool *)first);
    *(bool *)first = false;
    return true;
}

static void show(enum report_event_kind kind, const char *text, ng_trace trace)
{
    bool first = true;
    switch (kind) {
    case REPORT_WHAT: report_format->what(text); break;
    case REPORT_AUXWHAT: report_format->auxwhat(text); break;
    case REPORT_TRACE:
        report_format->trace_begin();
        report_each_frame(trace, show_frame, &first);
        report_format->trace_end();
        break;
    }
}

static void event(enum report_event_kind kind, const char *text, ng_trace trace)
{
    report_begin();
    record(kind, text, trace);
    if (!silent)
        show(kind, text, trace);
    report_end();
}

void report_replay(const struct report_record *r)
{
    for (size_t i = 0; i < r->n; i++)
        show(r->events[i].kind, r->events[i].text, r->events[i].trace);
}

static void text_event(enum report_event_kind kind, const char *fmt, va_list ap)
{
    char *text = NULL;
    if (vasprintf(&text, fmt, ap) < 0)
        base_out_of_memory(0);
    event(kind, text, 0);
    free(text);
}

void ng_what(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    text_event(REPORT_WHAT, fmt, ap);
    va_end(ap);
}

void ng_auxwhat(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    text_event(REPORT_AUXWHAT, fmt, ap);
    va_end(ap);
}

void ng_xml(const char *fmt, ...)
{
    (void)fmt; /* meant for the XML format only */
}

void ng_trace_print(ng_trace t)
{
    event(REPORT_TRACE, NULL, t);
}
