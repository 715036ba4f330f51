/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: coregrind/launch/options.c coregrind/base/base.c coregrind/base/assert.c */
/* The command line: forms, sources and their order, what ends the process and with which code (parity 0 and 1). */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "launch/launch.h"
#include "launch/options.h"
#include "report/report.h"
#include "tool/load.h"

/* ---- the rest of nagrind, and a tool ---- */

static bool tool_flag;
static int64_t tool_number;
static int tool_choice;
static int tool_callback(const char *value) { return strcmp(value, "good") ? -1 : 0; }
static const struct ng_option tool_rows[] = {
    { "flag", NG_OPT_BOOL, &tool_flag, NULL, NULL, 0, 0, "" },
    { "number", NG_OPT_INT, &tool_number, NULL, NULL, -5, 500, "" },
    { "choice", NG_OPT_CHOICE, &tool_choice, "no|summary|yes|full", NULL, 0, 0, "" },
    { "callback", NG_OPT_CALLBACK, NULL, NULL, tool_callback, 0, 0, "" },
    { NULL },
};
static const struct ng_tool the_tool = { .api = NG_TOOL_API, .name = "memcheck", .options = tool_rows };
const struct ng_tool *tool;
const char *launch_self_path;

int tool_load(const char *name)
{
    tool = &the_tool;
    return strcmp(name, "bogus") ? 0 : -ENOENT;
}

void report_launcher_error(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("nagrind: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
}

static void parse(const char *a, const char *b, const char *c, const char *d)
{
    static char *argv[6] = { "nagrind" };
    const char *words[] = { a, b, c, d };
    int argc = 1;
    for (int i = 0; i < 4 && words[i]; i++)
        argv[argc++] = (char *)(uintptr_t)words[i];
    argv[argc] = NULL;
    options_parse(argc, argv);
}

static void write_file(const char *path, const char *text, int mode)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    chmod(path, (mode_t)mode);
}

static char home[64], here[64];

static void set_up(void)
{
    snprintf(home, sizeof home, "/tmp/check_options-%d-home", getpid());
    snprintf(here, sizeof here, "/tmp/check_options-%d-here", getpid());
    mkdir(home, 0700);
    mkdir(here, 0700);
    setenv("HOME", home, 1);
    unsetenv("VALGRIND_OPTS");
    unsetenv("NAGRIND_OPTS");
    ck_assert_int_eq(chdir(here), 0);
}

static void tear_down(void)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf %s %s", home, here);
    ck_assert_int_eq(system(command), 0);
}

/* ---- tests ---- */

START_TEST(defaults)
{
    parse("prog", "--num-callers=3", NULL, NULL);
    ck_assert_int_eq(options.num_callers, 12);
    ck_assert_int_eq(options.verbosity, 1);
    ck_assert_int_eq(options.redzone_size, 16);
    ck_assert(options.error_limit && options.demangle && options.read_inline_info && !options.trace_children);
    ck_assert_int_eq(options.argc, 2);
    ck_assert_str_eq(options.argv[0], "prog");
    ck_assert_str_eq(options.argv[1], "--num-callers=3");
}
END_TEST

START_TEST(values)
{
    parse("--num-callers=500", "--trace-children=yes", "--choice=full", "x");
    ck_assert_int_eq(options.num_callers, 500);
    ck_assert(options.trace_children);
    ck_assert_int_eq(tool_choice, 3);
    parse("--number=-5", "--callback=good", "--gen-suppressions=all", "x");
    ck_assert_int_eq(tool_number, -5);
    parse("-v", "-v", "-q", "x");
    ck_assert_int_eq(options.verbosity, 2);
    parse("-s", "--suppressions=a", "--suppressions=b", "x");
    ck_assert_int_eq(options.show_error_list, 1);
    ck_assert_int_eq(options.n_suppressions, 2);
    ck_assert_str_eq(options.suppressions[1], "b");
    parse("--trace=ir,host:0x10-0x20", "--stress=flush,move", "--", "-x");
    ck_assert_uint_eq(options.trace, 2 | 16);
    ck_assert_uint_eq(options.trace_from, 0x10);
    ck_assert_uint_eq(options.trace_to, 0x20);
    ck_assert_uint_eq(options.stress, STRESS_FLUSH | STRESS_MOVE);
    ck_assert_str_eq(options.argv[0], "-x");
}
END_TEST

START_TEST(options_of_tools)
{
    parse("--memcheck:flag=yes", "--helgrind:whatever=1", "--memcheck:num-callers=20", "x");
    ck_assert(tool_flag);
    ck_assert_int_eq(options.num_callers, 20);
}
END_TEST

START_TEST(order_of_sources)
{
    char path[128];
    snprintf(path, sizeof path, "%s/.valgrindrc", home);
    write_file(path, "# comment --num-callers=99\n--num-callers=20 --flag=yes\n  --number=1\n--choice=yes", 0600);
    setenv("VALGRIND_OPTS", "--num-callers=21 --number=2", 1);
    write_file(".valgrindrc", "--num-callers=22 --number=3\n", 0600);
    parse("x", NULL, NULL, NULL);
    ck_assert_int_eq(options.num_callers, 22);
    ck_assert_int_eq(tool_number, 3);
    ck_assert(tool_flag);
    ck_assert_int_eq(tool_choice, 2);
    parse("--num-callers=23", "x", NULL, NULL);
    ck_assert_int_eq(options.num_callers, 23);
    setenv("NAGRIND_OPTS", "--number=4", 1);
    unlink(".valgrindrc");
    parse("x", NULL, NULL, NULL);
    ck_assert_int_eq(tool_number, 4);
}
END_TEST

START_TEST(untrusted_and_unwanted_files)
{
    write_file(".valgrindrc", "--num-callers=22\n", 0602);
    ck_assert_int_eq(chmod(".valgrindrc", 0602), 0);
    parse("x", NULL, NULL, NULL);
    ck_assert_int_eq(options.num_callers, 12);
    chmod(".valgrindrc", 0600);
    setenv("VALGRIND_OPTS", "--nonsense", 1);
    parse("--command-line-only=yes", "x", NULL, NULL);
    ck_assert_int_eq(options.num_callers, 12);
    unsetenv("VALGRIND_OPTS");
    parse("x", NULL, NULL, NULL);
    ck_assert_int_eq(options.num_callers, 22);
}
END_TEST

#define ENDS(name, ...)                                                                                          \
    START_TEST(name)                                                                                                   \
    {                                                                                                                  \
        if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout))                                  \
            ck_abort();                                                                                                \
        parse(__VA_ARGS__);                                                                                            \
        _exit(99);                                                                                                     \
    }                                                                                                                  \
    END_TEST

ENDS(unknown, "--frobnicate=yes", "x", NULL, NULL)
ENDS(unknown_short, "-Z", "x", NULL, NULL)
ENDS(prefix_only, "--num-caller=4", "x", NULL, NULL)
ENDS(without_value, "--num-callers", "4", "x", NULL)
ENDS(too_small, "--num-callers=1", "x", NULL, NULL)
ENDS(too_large, "--num-callers=501", "x", NULL, NULL)
ENDS(no_number, "--num-callers=4k", "x", NULL, NULL)
ENDS(empty_number, "--num-callers=", "x", NULL, NULL)
ENDS(no_boolean, "--flag=true", "x", NULL, NULL)
ENDS(no_choice, "--choice=ful", "x", NULL, NULL)
ENDS(bad_callback, "--callback=bad", "x", NULL, NULL)
ENDS(no_program, "-q", NULL, NULL, NULL)
ENDS(no_program_after_dashes, "--", NULL, NULL, NULL)
ENDS(unknown_tool, "--tool=bogus", "x", NULL, NULL)
ENDS(no_power_of_two, "--alignment=48", "x", NULL, NULL)
ENDS(no_exit_code, "--exit-on-first-error=yes", "x", NULL, NULL)
ENDS(bad_stress, "--stress=flush,none", "x", NULL, NULL)
ENDS(bad_trace, "--trace=ir:0x10", "x", NULL, NULL)
ENDS(help, "--help", NULL, NULL, NULL)
ENDS(version, "--version", NULL, NULL, NULL)

int main(void)
{
    Suite *s = suite_create("launch/options");
    TCase *c = tcase_create("parsing"), *e = tcase_create("ends");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, defaults);
    tcase_add_test(c, values);
    tcase_add_test(c, options_of_tools);
    tcase_add_test(c, order_of_sources);
    tcase_add_test(c, untrusted_and_unwanted_files);
    setenv("HOME", "/nonexistent", 1);
    tcase_add_exit_test(e, unknown, 1);
    tcase_add_exit_test(e, unknown_short, 1);
    tcase_add_exit_test(e, prefix_only, 1);
    tcase_add_exit_test(e, without_value, 1);
    tcase_add_exit_test(e, too_small, 1);
    tcase_add_exit_test(e, too_large, 1);
    tcase_add_exit_test(e, no_number, 1);
    tcase_add_exit_test(e, empty_number, 1);
    tcase_add_exit_test(e, no_boolean, 1);
    tcase_add_exit_test(e, no_choice, 1);
    tcase_add_exit_test(e, bad_callback, 1);
    tcase_add_exit_test(e, no_program, 1);
    tcase_add_exit_test(e, no_program_after_dashes, 1);
    tcase_add_exit_test(e, unknown_tool, 1);
    tcase_add_exit_test(e, no_power_of_two, 1);
    tcase_add_exit_test(e, no_exit_code, 1);
    tcase_add_exit_test(e, bad_stress, 1);
    tcase_add_exit_test(e, bad_trace, 1);
    tcase_add_exit_test(e, help, 0);
    tcase_add_exit_test(e, version, 0);
    suite_add_tcase(s, c);
    suite_add_tcase(s, e);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
