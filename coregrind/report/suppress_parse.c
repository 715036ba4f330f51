/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report/suppress_parse: suppression files into the list of suppressions. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "launch/options.h"
#include "report/internal.h"
#include "tool/load.h"

static struct suppression *first;

struct suppression *suppress_all(void)
{
    return first;
}

void suppress_to_front(struct suppression *before)
{
    struct suppression *s = before->next;
    before->next = s->next;
    s->next = first;
    first = s;
}

struct reader {
    const char *p, *end, *file;
    int line;               /* of the last line read */
    char *text;             /* that line, trimmed; malloc'd */
    const char *reason;
};

/* Next line that is neither blank nor a comment; false at the end of the file. */
static bool next_line(struct reader *r)
{
    while (r->p < r->end) {
        const char *a = r->p, *nl = memchr(a, '\n', (size_t)(r->end - a)), *b = nl ? nl : r->end;
        r->p = nl ? nl + 1 : r->end;
        r->line++;
        while (a < b && strchr(" \t\r\v\f", *a))
            a++;
        while (b > a && strchr(" \t\r\v\f", b[-1]))
            b--;
        if (a == b || *a == '#')
            continue;
        free(r->text);
        r->text = base_alloc((size_t)(b - a) + 1);
        memcpy(r->text, a, (size_t)(b - a));
        return true;
    }
    return false;
}

static bool fail(struct reader *r, const char *reason)
{
    r->reason = reason;
    return false;
}

static bool is_location(const char *s)
{
    return !strcmp(s, "...") || !strncmp(s, "fun:", 4) || !strncmp(s, "obj:", 4) || !strncmp(s, "src:", 4);
}

/* Is name one of the words of a comma list that is n long? */
static bool list_has(const char *list, size_t n, const char *name)
{
    const size_t k = strlen(name);
    for (const char *p = list, *end = list + n; p <= end;) {
        const char *comma = memchr(p, ',', (size_t)(end - p)), *stop = comma ? comma : end;
        if ((size_t)(stop - p) == k && !memcmp(p, name, k))
            return true;
        p = stop + 1;
    }
    return false;
}

static bool is_core_kind(const char *word)
{
    return !strcmp(word, "FdBadClose") || !strcmp(word, "FdNotClosed") || !strcmp(word, "FdBadUse");
}

static bool skip_body(struct reader *r)
{
    while (next_line(r))
        if (!strcmp(r->text, "}"))
            return true;
    return fail(r, "unexpected end-of-file (when skipping suppression)");
}

/* The "tool1,tool2:Kind" line is in r->text.  *ours: this tool is meant. */
static bool parse_kind(struct reader *r, struct suppression *s, bool *ours, int *needs_extra)
{
    char *colon = strchr(r->text, ':');
    *ours = false;
    if (!colon)
        return fail(r, "malformed 'tool1,tool2,...:supp' line");
    const size_t n = (size_t)(colon - r->text);
    const bool core = list_has(r->text, n, "CoreError") || list_has(r->text, n, "core");
    if (core && !is_core_kind(colon + 1))
        return fail(r, "unknown core suppression type");
    if (core || !tool->supp_name || !list_has(r->text, n, tool->supp_name))
        return true;
    *ours = true;
    *needs_extra = 0;
    s->kind = tool->supp_kind ? tool->supp_kind(colon + 1, needs_extra) : -1;
    return s->kind >= 0 || fail(r, "unknown tool suppression type");
}

/* Takes the extra line if there is one.  *have_line: r->text holds a line that is still to be used. */
static bool parse_extra(struct reader *r, struct suppression *s, int needs_extra, bool *have_line)
{
    *have_line = false;
    if (!needs_extra)
        return true;
    if (!next_line(r))
        return fail(r, "unexpected end-of-file (when reading stack trace)");
    const bool other = is_location(r->text) || !strcmp(r->text, "}");
    if (needs_extra == 2 && other) {
        *have_line = true;
        return true;
    }
    if (other || (tool->supp_check_extra && tool->supp_check_extra(s->kind, r->text)))
        return fail(r, "bad or missing extra suppression info");
    s->extra = base_strdup(r->text);
    return true;
}

static bool parse_location(struct reader *r, struct suppress_line *out)
{
    const char *s = r->text;
    *out = (struct suppress_line){ .where = SUPPRESS_ANY };
    if (!is_location(s))
        return fail(r, "location should be \"...\", or should start with \"fun:\", \"obj:\", or \"src:\"");
    if (*s == '.')
        return true;
    out->where = *s == 'f' ? SUPPRESS_FUN : *s == 'o' ? SUPPRESS_OBJ : SUPPRESS_SRC;
    out->pattern = base_strdup(s + 4);
    if (out->where == SUPPRESS_SRC) {
        char *colon = strrchr(out->pattern, ':'), *end;
        if (colon) {
            const long line = strtol(colon + 1, &end, 10);
            *colon = 0;
            out->line = end > colon + 1 && !*end && line > 0 ? (int)line : -1; /* -1 matches nothing */
        }
    }
    return true;
}

static bool parse_stack(struct reader *r, struct suppression *s, bool have_line)
{
    size_t n = 0, cap = 0;
    bool any_real = false;
    for (;; have_line = false) {
        if (!have_line && !next_line(r))
            return fail(r, "unexpected end-of-file (when reading stack trace)");
        if (!strcmp(r->text, "}"))
            break;
        struct suppress_line line;
        if (!parse_location(r, &line))
            return false;
        if ((int64_t)n >= options.num_callers) {
            free(line.pattern); /* more than a stack trace holds: not compared */
            continue;
        }
        const size_t i = BASE_GROW(s->lines, n, cap);
        s->lines[i] = line;
        any_real |= line.where != SUPPRESS_ANY;
    }
    s->n_lines = (int)n;
    if (!n)
        return fail(r, "missing stack trace");
    return any_real || fail(r, "suppression must contain at least one location line which is not \"...\"");
}

static void free_suppression(struct suppression *s)
{
    for (int i = 0; i < s->n_lines; i++)
        free(s->lines[i].pattern);
    free(s->lines);
    free(s->name);
    free(s->extra);
    free(s);
}

/* One suppression after its opening brace. */
static bool parse_one(struct reader *r)
{
    if (!next_line(r) || !strcmp(r->text, "}"))
        return fail(r, "unexpected '}'");
    struct suppression *s = base_alloc(sizeof *s);
    s->name = base_strdup(r->text);
    s->line = r->line;
    s->file = (char *)r->file;
    bool ours, have_line;
    int needs_extra = 0;
    if (!next_line(r)) {
        fail(r, "unexpected end-of-file (expecting tool:suppr)");
    } else if (parse_kind(r, s, &ours, &needs_extra)) {
        if (!ours) {
            free_suppression(s);
            return skip_body(r);
        }
        if (parse_extra(r, s, needs_extra, &have_line) && parse_stack(r, s, have_line)) {
            s->next = first;
            first = s;
            return true;
        }
    }
    free_suppression(s);
    return false;
}

bool suppress_parse(const char *text, size_t size, const char *file, struct suppress_error *error)
{
    struct reader r = { .p = text, .end = text + size, .file = base_strdup(file) };
    bool ok = true;
    while (ok && next_line(&r))
        ok = strcmp(r.text, "{") ? fail(&r, "expected '{' or end-of-file") : parse_one(&r);
    free(r.text);
    *error = (struct suppress_error){ r.line, r.reason };
    return ok;
}

/* ---- files ---- */

static char *read_file(int fd, size_t *size)
{
    char *text = NULL;
    size_t n = 0, cap = 0;
    for (;;) {
        if (n == cap)
            text = base_realloc(text, cap = cap ? 2 * cap : 65536);
        const ssize_t k = read(fd, text + n, cap - n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            break;
        n += (size_t)k;
    }
    *size = n;
    return text;
}

static void load_file(const char *file)
{
    struct stat st;
    struct suppress_error error;
    if (options.verbosity > 1)
        report_debug("Reading suppressions file: %s", file);
    const int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st)) {
        ng_msg("FATAL: can't open suppressions file \"%s\"", file);
        _exit(1);
    }
    if (S_ISDIR(st.st_mode)) {
        ng_msg("FATAL: suppressions file \"%s\" is a directory", file);
        _exit(1);
    }
    size_t size;
    char *text = read_file(fd, &size);
    close(fd);
    if (!suppress_parse(text, size, file, &error)) {
        ng_msg("FATAL: in suppressions file \"%s\" near line %d:", file, error.line);
        ng_msg("   %s", error.reason);
        ng_msg("exiting now.");
        _exit(1);
    }
    free(text);
}

/* default.supp beside the tools: as tool_load looks for them. */
static void load_default(void)
{
    const char *const dirs[] = { getenv("NAGRIND_LIB"), getenv("VALGRIND_LIB"), NG_PKGLIBDIR };
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        char path[4096];
        if (!dirs[i])
            continue;
        snprintf(path, sizeof path, "%s/default.supp", dirs[i]);
        if (access(path, R_OK) == 0) {
            load_file(path);
            return;
        }
    }
}

void report_load_suppressions(void)
{
    if (!tool->supp_name)
        return;
    for (int i = 0; i < options.n_suppressions; i++)
        load_file(options.suppressions[i]);
    if (options.default_suppressions)
        load_default();
}
