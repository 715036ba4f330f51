/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: coregrind/report/suppress_parse.c coregrind/report/suppress_match.c */
/* Suppressions: the file grammar with its messages, patterns, which entry covers a stack, generated entries. */
#include <check.h>
#include <stdio.h>
#include "launch/options.h"
#include "report/internal.h"
#include "symbols/symbols.h"
#include "tool/load.h"

/* ---- the rest of nagrind ---- */

struct options options = { .num_callers = 12, .verbosity = 1 };
static char printed[4096];

void *base_alloc(size_t size) { return calloc(1, size ? size : 1); }
void *base_realloc(void *p, size_t size) { return realloc(p, size); }
char *base_strdup(const char *s) { return strdup(s); }
void report_line(char kind, const char *text) { (void)kind, (void)text; }
void report_flush(void) {}
void report_debug(const char *fmt, ...) { (void)fmt; }
void ng_msg(const char *fmt, ...) { (void)fmt; }
void report_putf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(printed + strlen(printed), sizeof printed - strlen(printed), fmt, ap);
    va_end(ap);
}

/* A stack is a list of frames; trace 1 is the one of the test. */
static struct symbols_frame stack[16];
static int n_frames;

int ng_trace_frames(ng_trace t, guest_addr *pcs, int max)
{
    const int n = t ? (n_frames < max ? n_frames : max) : 0;
    for (int i = 0; i < n; i++)
        pcs[i] = (guest_addr)i;
    return n;
}
int symbols_describe(guest_addr pc, struct symbols_frame *f, int max)
{
    (void)max;
    f[0] = stack[pc];
    return 1;
}
void report_each_frame(ng_trace t, bool (*fn)(const struct symbols_frame *f, void *arg), void *arg)
{
    for (int i = 0; t && i < n_frames && fn(&stack[i], arg); i++)
        if (stack[i].fn && !strcmp(stack[i].fn, "main"))
            return;
}

/* A tool with two kinds: 0 "Cond", 1 "Param" with a required line, 2 "Leak" with an optional one. */
static int kind_of(const char *word, int *needs_extra)
{
    static const char *const words[] = { "Cond", "Param", "Leak" };
    for (int i = 0; i < 3; i++)
        if (!strcmp(word, words[i])) {
            *needs_extra = i;
            return i;
        }
    return -1;
}
static bool matches(const struct ng_error *e, int kind, const char *extra)
{
    return e->kind == kind && (kind != 1 || !strcmp(extra, e->text));
}
static int check_extra(int kind, const char *extra) { return kind == 2 && strncmp(extra, "match-", 6) ? -1 : 0; }
static const char *kind_name(const struct ng_error *e, char extra[256])
{
    if (e->kind == 1)
        snprintf(extra, 256, "%s", e->text);
    return e->kind == 1 ? "Param" : "Cond";
}
static const struct ng_tool the_tool = { .supp_name = "Memcheck", .supp_kind = kind_of, .supp_matches = matches,
                                         .supp_check_extra = check_extra, .error_supp_kind = kind_name };
const struct ng_tool *tool = &the_tool;

static void push(const char *fn, const char *object, const char *file, int line)
{
    stack[n_frames++] = (struct symbols_frame){ .fn = (char *)fn, .fn_mangled = (char *)fn, .object = (char *)object,
                                                .file = (char *)file, .line = line };
}
static void usual_stack(void)
{
    n_frames = 0;
    push("inner", "/usr/lib/libx.so.1", "inner.c", 12);
    push(NULL, "/usr/lib/libx.so.1", NULL, 0);
    push("_ZN3foo3barEv", "/tmp/prog", "foo.cc", 7);
    push("main", "/tmp/prog", "main.c", 99);
    push("__libc_start_call_main", "/usr/lib/libc.so.6", NULL, 0);
}
static struct suppression *find(int kind, const char *text)
{
    const struct ng_error e = { .kind = kind, .where = 1, .text = text };
    return suppress_find(&e);
}

/* ---- grammar ---- */

#define LOCATION "location should be \"...\", or should start with \"fun:\", \"obj:\", or \"src:\""
static const struct { const char *text; int line; const char *reason; } files[] = {
    { "", 0, NULL },
    { "# only a comment\n\n   \n", 3, NULL },
    { "foo\n", 1, "expected '{' or end-of-file" },
    { "}\n", 1, "expected '{' or end-of-file" },
    { "{\n", 1, "unexpected '}'" },
    { "{\n}\n", 2, "unexpected '}'" },
    { "{\nname\n", 2, "unexpected end-of-file (expecting tool:suppr)" },
    { "{\nname\n}\n", 3, "malformed 'tool1,tool2,...:supp' line" },
    { "{\nname\nfoo\n", 3, "malformed 'tool1,tool2,...:supp' line" },
    { "{\nname\nMemcheck:Foo\nfun:x\n}\n", 3, "unknown tool suppression type" },
    { "{\nname\nMemcheck,Bar:Foo\nfun:x\n}\n", 3, "unknown tool suppression type" },
    { "{\nname\nMemcheck: Cond\nfun:x\n}\n", 3, "unknown tool suppression type" },
    { "{\nname\nMemcheck:Cond:x\nfun:x\n}\n", 3, "unknown tool suppression type" },
    { "{\nname\ncore:Foo\nfun:x\n}\n", 3, "unknown core suppression type" },
    { "{\nname\nMemcheck,CoreError:Foo\nfun:x\n}\n", 3, "unknown core suppression type" },
    { "{\nname\nCoreError:FdBadClose\nfun:x\n}\n", 5, NULL },
    { "{\nname\nOther:Foo\nanything\n}\n", 5, NULL },
    { "{\nname\nOther:Foo\nfun:x\n", 4, "unexpected end-of-file (when skipping suppression)" },
    { "{\nname\n:Cond\nfun:x\n}\n", 5, NULL },
    { "{\nname\nMemcheck:Cond\n}\n", 4, "missing stack trace" },
    { "{\nname\nMemcheck:Cond\nfun:x\n", 4, "unexpected end-of-file (when reading stack trace)" },
    { "{\nname\nMemcheck:Cond\nxx:x\n}\n", 4, LOCATION },
    { "{\nname\nMemcheck:Cond\n...\n}\n", 5, "suppression must contain at least one location line which is not \"...\"" },
    { "{\nname\nMemcheck:Param\nfun:x\n}\n", 4, "bad or missing extra suppression info" },
    { "{\nname\nMemcheck:Param\n...\nfun:x\n}\n", 4, "bad or missing extra suppression info" },
    { "{\nname\nMemcheck:Param\nwrite(buf)\n}\n", 5, "missing stack trace" },
    { "{\nname\nMemcheck:Param\nwrite(buf)\nfun:x\n}\n", 6, NULL },
    { "{\nname\nMemcheck:Leak\nxx\n}\n", 4, "bad or missing extra suppression info" },
    { "{\nname\nMemcheck:Leak\nmatch-leak-kinds: definite\n}\n", 5, "missing stack trace" },
    { "{\nname\nMemcheck:Leak\nmatch-leak-kinds: definite\nfun:x\n}\n", 6, NULL },
    { "{\nname\nMemcheck:Leak\nfun:x\n}\n", 5, NULL },
    { "{\nname\nMemcheck:Cond\nsrc:x.c:abc\n}\n", 5, NULL },
    { "# c\n\n  {  \n  name\n Memcheck:Cond \n   fun:x\n   \n  # ff\n }  \n", 9, NULL },
    { "{\nno newline\nMemcheck:Cond\nfun:x\n}", 5, NULL },
};

START_TEST(grammar)
{
    struct suppress_error error;
    const bool good = suppress_parse(files[_i].text, strlen(files[_i].text), "f", &error);
    ck_assert_int_eq(good, files[_i].reason == NULL);
    ck_assert_int_eq(error.line, files[_i].line);
    if (!good)
        ck_assert_str_eq(error.reason, files[_i].reason);
}
END_TEST

START_TEST(name_line_and_order)
{
    static const char text[] = "{\n first one \nMemcheck:Cond\nfun:a\n}\n{\nsecond\nOther,Memcheck:Cond\nfun:b\n}\n";
    struct suppress_error error;
    ck_assert(suppress_parse(text, sizeof text - 1, "dir/file.supp", &error));
    const struct suppression *s = suppress_all();
    ck_assert_str_eq(s->name, "second");
    ck_assert_int_eq(s->line, 7);
    ck_assert_str_eq(s->next->name, "first one");
    ck_assert_int_eq(s->next->line, 2);
    ck_assert_str_eq(s->next->file, "dir/file.supp");
}
END_TEST

START_TEST(long_entries_are_cut)
{
    char text[1024] = "{\nlong\nMemcheck:Cond\n";
    struct suppress_error error;
    for (int i = 0; i < 40; i++)
        strcat(text, "fun:f\n");
    strcat(text, "}\n");
    ck_assert(suppress_parse(text, strlen(text), "f", &error));
    ck_assert_int_eq(suppress_all()->n_lines, 12);
}
END_TEST

/* ---- patterns ---- */

static const struct { const char *pattern, *text; bool match; } globs[] = {
    { "abc", "abc", true }, { "abc", "abcd", false }, { "abcd", "abc", false }, { "", "", true }, { "*", "", true },
    { "*", "x", true }, { "a*c", "abbc", true }, { "a*c", "abbd", false }, { "a?c", "abc", true }, { "a?c", "ac", false },
    { "*b*d", "abcbd", true }, { "a**b", "ab", true }, { "*.so.6", "/lib/libc.so.6", true }, { "?", "", false },
    { "_ZN*3barEv", "_ZN3foo3barEv", true }, { "[a]", "a", false }, { "*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false },
};

START_TEST(glob)
{
    ck_assert_int_eq(suppress_glob(globs[_i].pattern, globs[_i].text), globs[_i].match);
}
END_TEST

/* Stack lines against the usual stack. */
static const struct { const char *lines; bool match; } stacks[] = {
    { "fun:inner\n", true },
    { "fun:main\n", false },
    { "fun:inner\nfun:?\?\?\n", true },            /* an unnamed function is ??? */
    { "fun:inner\nobj:*libx.so*\nfun:_ZN3foo*\n", true },
    { "fun:inner\nfun:foo::bar()\n", false },      /* mangled names only */
    { "...\nfun:main\n", true },
    { "...\nfun:main\n...\n", true },
    { "fun:inner\n...\nfun:main\n", true },
    { "fun:inner\n...\nfun:inner\n", false },
    { "...\nfun:nowhere\n", false },
    { "fun:inner\n...\nfun:*\nfun:main\n", true },
    { "...\n...\nfun:(below main)\n", true },
    { "...\nfun:__libc_start_call_main\n", true },
    { "src:inner.c\n", true },
    { "src:inner.c:12\n", true },
    { "src:inner.c:13\n", false },
    { "src:*.c:12\n", true },
    { "src:inner.c:x\n", false },
    { "fun:inner\nsrc:*\n", false },               /* no source file */
    { "obj:/usr/lib/libx.so.1\nobj:/usr/lib/libx.so.1\nobj:/tmp/*\nobj:/tmp/prog\nobj:*libc.so.6\n", true },
    { "obj:*\nobj:*\nobj:*\nobj:*\nobj:*\nobj:*\n", false }, /* more lines than frames */
};

START_TEST(stack_lines)
{
    char text[512];
    struct suppress_error error;
    usual_stack();
    snprintf(text, sizeof text, "{\nn\nMemcheck:Cond\n%s}\n", stacks[_i].lines);
    ck_assert(suppress_parse(text, strlen(text), "f", &error));
    ck_assert_int_eq(find(0, NULL) != NULL, stacks[_i].match);
}
END_TEST

START_TEST(kind_extra_and_recency)
{
    static const char text[] = "{\nwrite\nMemcheck:Param\nwrite(buf)\nfun:inner\n}\n"
                               "{\nanything\nMemcheck:Cond\nfun:*\n}\n"
                               "{\nlast\nMemcheck:Cond\nfun:inner\n}\n";
    struct suppress_error error;
    usual_stack();
    ck_assert(suppress_parse(text, sizeof text - 1, "f", &error));
    ck_assert_str_eq(find(0, NULL)->name, "last"); /* the last loaded is tried first */
    ck_assert_ptr_null(find(1, "read(buf)"));
    ck_assert_str_eq(find(1, "write(buf)")->name, "write");
    ck_assert_str_eq(suppress_all()->name, "write"); /* a used one moves to the front */
    n_frames = 0;
    push("other", NULL, NULL, 0);
    ck_assert_str_eq(find(0, NULL)->name, "anything");
    usual_stack();
    ck_assert_str_eq(find(0, NULL)->name, "anything");
}
END_TEST

START_TEST(generated)
{
    const struct ng_error e = { .kind = 1, .where = 1, .text = "write(buf)" };
    options.gen_suppressions = 2;
    usual_stack();
    n_frames = 2;
    push(NULL, NULL, NULL, 0);
    push("_ZN3foo3barEv", "/tmp/prog", NULL, 0);
    push("main", "/tmp/prog", NULL, 0);
    push("beyond", NULL, NULL, 0);
    suppress_generate(&e);
    ck_assert_str_eq(printed, "{\n   <insert_a_suppression_name_here>\n   Memcheck:Param\n   write(buf)\n   fun:inner\n"
                              "   obj:/usr/lib/libx.so.1\n   obj:*\n   fun:_ZN3foo3barEv\n   fun:main\n}\n");
}
END_TEST

#define COUNT(a) ((int)(sizeof a / sizeof *a))

int main(void)
{
    Suite *s = suite_create("suppressions");
    TCase *t = tcase_create("all");
    suite_add_tcase(s, t);
    tcase_add_loop_test(t, grammar, 0, COUNT(files));
    tcase_add_test(t, name_line_and_order);
    tcase_add_test(t, long_entries_are_cut);
    tcase_add_loop_test(t, glob, 0, COUNT(globs));
    tcase_add_loop_test(t, stack_lines, 0, COUNT(stacks));
    tcase_add_test(t, kind_extra_and_recency);
    tcase_add_test(t, generated);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
