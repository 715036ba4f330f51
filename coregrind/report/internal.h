/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report/internal: what the files of this room share.
 *
 * Everything that reaches the user goes through a block: report_begin, lines,
 * report_end.  Blocks nest; the outermost end writes the text with one write.
 * Messages with structure (error, what, stack) are events of struct
 * report_format, so that another format can stand beside the text.  */
#pragma once
#include "report/report.h"

/* ---- sink.c: destination and block buffer ---- */
void report_begin(void);               /* takes the report lock; nests */
void report_end(void);                 /* outermost: writes and releases */
void report_flush(void);              /* writes what there is, within a block */
void report_put(const char *text, size_t size);
void report_putf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* One line with prefix: kind '=', '-' or '*'. */
void report_line(char kind, const char *text);
/* Text of the client: pieces of a line join, lines have their prefix. */
void report_client_text(const char *text);
void report_vline(char kind, const char *before, const char *fmt, va_list ap);
bool report_to_file(void);             /* the sink is a file, so that the banner names the parent */
/* A bad option found late: "==PID== Bad option: --log-file=..", reason lines, exit 1. */
void report_bad_option(const char *option, const char *value, const char *const *reason) __attribute__((noreturn));
/* Expands %p %n %q{VAR} %%: malloc'd name, or ends the process. */
char *report_expand_name(const char *option, const char *pattern);

/* ---- format: events of an error, and how they look ---- */
struct symbols_frame;
struct report_format {
    void (*error_begin)(const struct ng_error *e);
    void (*error_end)(const struct ng_error *e);
    void (*what)(const char *text);
    void (*auxwhat)(const char *text);
    void (*trace_begin)(void);
    void (*frame)(const struct symbols_frame *f, bool first);
    void (*trace_end)(void);
};
extern const struct report_format report_text;   /* text.c */
extern const struct report_format *report_format;
/* What an error's print_error said, so that the list at the end can say it again: what was described may be gone. */
enum report_event_kind { REPORT_WHAT, REPORT_AUXWHAT, REPORT_TRACE };
struct report_event { enum report_event_kind kind; char *text; ng_trace trace; };
struct report_record { struct report_event *events; size_t n, cap; };
/* Between these, events go to *r as well; and nowhere else if silent.  Under the report lock. */
void report_record_begin(struct report_record *r, bool silent);
void report_record_end(void);
void report_replay(const struct report_record *r);
/* "fn (file:line)" and its other forms, without address. */
void report_frame_text(const struct symbols_frame *f, char *buf, size_t size);
/* Calls fn for every frame to show of t, inlined ones too, cut at main; false from fn ends it. */
void report_each_frame(ng_trace t, bool (*fn)(const struct symbols_frame *f, void *arg), void *arg);
void report_announce_thread(int id, const char *name);

/* ---- suppressions ---- */
enum suppress_where { SUPPRESS_FUN, SUPPRESS_OBJ, SUPPRESS_SRC, SUPPRESS_ANY /* ... */ };
struct suppress_line { enum suppress_where where; char *pattern; int line; /* of src:, or 0 */ };
struct suppression {
    struct suppression *next;          /* most recently loaded or used first */
    char *name, *file, *extra;         /* extra: NULL if none */
    int line;                          /* of its { */
    int kind;                          /* the tool's number */
    struct suppress_line *lines;
    int n_lines;
    uint64_t count, bytes, blocks;
};
/* Why and where a file is bad. */
struct suppress_error { int line; const char *reason; };
/* Adds the suppressions of text; false with *error set.  file is for messages. */
bool suppress_parse(const char *text, size_t size, const char *file, struct suppress_error *error);
bool suppress_glob(const char *pattern, const char *text);
/* The suppression that covers e, or NULL; moved to the front.  Under the report lock. */
struct suppression *suppress_find(const struct ng_error *e);
struct suppression *suppress_all(void);
void suppress_to_front(struct suppression *before); /* the one after before becomes the first */
void suppress_generate(const struct ng_error *e); /* prints a block for e */
