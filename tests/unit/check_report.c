/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: coregrind/report/sink.c coregrind/report/message.c coregrind/report/text.c coregrind/report/events.c coregrind/report/errors.c coregrind/report/fatal.c coregrind/base/base.c coregrind/base/lock.c coregrind/base/assert.c */
/* The report room's text: prefixes, stacks, which errors are new, limits, lists at the end, fatal signals, log names. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "launch/options.h"
#include "report/internal.h"
#include "run/run.h"
#include "symbols/symbols.h"
#include "tool/load.h"

/* ---- the rest of nagrind ---- */

struct options options;
uint64_t ng_strip_size = 1ull << 44;
static struct ng_thread threads[4];
static struct ng_thread *self = &threads[1];

struct ng_thread *ng_thread_self(void) { return self; }
uint64_t ng_reg(struct ng_thread *t, int slot) { (void)t, (void)slot; return 0x1fff000; }
bool ng_stack_bounds(guest_addr sp, guest_addr *low, guest_addr *high)
{
    (void)sp;
    *low = 0x1ff0000, *high = 0x2000000;
    return true;
}

/* Trace t is addresses t, t+0x100, ...; its depth is the low digit. */
ng_trace ng_trace_take(struct ng_thread *t) { (void)t; return 0x1003; }
int ng_trace_frames(ng_trace t, guest_addr *pcs, int max)
{
    const int n = (int)(t & 15) < max ? (int)(t & 15) : max;
    for (int i = 0; i < n; i++)
        pcs[i] = i < 2 ? (t & ~15u) + 0x100u * (unsigned)i : (t & 0xff00u) + 0x100u * (unsigned)i;
    return n;
}
int symbols_describe(guest_addr pc, struct symbols_frame *f, int max)
{
    static char names[16][16];
    char *name = names[pc >> 8 & 15];
    (void)max;
    snprintf(name, 16, "f%x", (unsigned)(pc >> 8 & 15));
    memset(f, 0, 2 * sizeof *f);
    f[0].pc = f[1].pc = pc;
    switch (pc >> 8 & 15) {
    case 1: /* with an inlined call */
        f[0].fn = (char *)"inl", f[0].file = (char *)"a.c", f[0].line = 3, f[0].is_inlined = true;
        f[1].fn = name, f[1].file = (char *)"a.c", f[1].line = 10, f[1].dir = (char *)"/home/me/src";
        return 2;
    case 2: f[0].fn = name, f[0].object = (char *)"/usr/lib/libx.so"; return 1;
    case 3: f[0].object = (char *)"/usr/lib/libx.so"; return 1;
    case 4: return 1;
    case 5: f[0].fn = (char *)"main", f[0].file = (char *)"m.c", f[0].line = 1; return 1;
    case 7: f[0].fn = (char *)"__libc_start_main@@GLIBC_2.34", f[0].object = (char *)"/usr/lib/libc.so.6"; return 1;
    default: f[0].fn = name; return 1;
    }
}

static struct suppression supp = { .name = (char *)"hush", .file = (char *)"s.supp", .line = 2 };
static bool suppress_kind_9;
struct suppression *suppress_find(const struct ng_error *e) { return suppress_kind_9 && e->kind == 9 ? &supp : NULL; }
struct suppression *suppress_all(void) { return &supp; }
void suppress_generate(const struct ng_error *e) { (void)e; report_putf("{supp}\n"); }

static bool same(const struct ng_error *a, const struct ng_error *b) { return a->size == b->size; }
static void print(const struct ng_error *e)
{
    ng_what("Error %d of size %lu", e->kind, (unsigned long)e->size);
    ng_trace_print(e->where);
    ng_auxwhat("Address 0x%lx is bad", (unsigned long)e->addr);
}
static void weight(const struct ng_error *e, uint64_t *bytes, uint64_t *blocks) { *bytes = e->size; *blocks = 2; }
static const struct ng_tool the_tool = { .name = "memcheck", .banner = "Memcheck, a memory error detector", .copyright = "Copyright",
                                         .supp_name = "Memcheck", .error_same = same, .error_print = print, .error_weight = weight };
const struct ng_tool *tool = &the_tool;

/* ---- capturing ---- */

static char log_name[64], seen[1 << 20];

static void start(void)
{
    snprintf(log_name, sizeof log_name, "/tmp/check_report.%d", (int)getpid());
    options = (struct options){ .log_file = log_name, .verbosity = 1, .error_limit = true, .num_callers = 12, .log_fd = 2 };
    for (int i = 0; i < 4; i++)
        threads[i].id = i;
    self = &threads[1];
    report_init();
}

/* What was logged, with "==PID==" as "==P==". */
static const char *logged(void)
{
    static char raw[sizeof seen];
    char pid[16], *out = seen;
    const int fd = open(log_name, O_RDONLY), n = snprintf(pid, sizeof pid, "%d", (int)getpid());
    raw[read(fd, raw, sizeof raw - 1)] = 0;
    close(fd);
    for (const char *p = raw; *p;)
        if (!strncmp(p, pid, (size_t)n) && p > raw && strchr("=-*", p[-1])) {
            *out++ = 'P';
            p += n;
        } else {
            *out++ = *p++;
        }
    *out = 0;
    return seen;
}
static void stop(void) { unlink(log_name); }

static void raise_error(int kind, uint64_t size, ng_trace where, struct ng_thread *t)
{
    struct ng_error e = { .kind = kind, .size = size, .where = where, .thread = t, .addr = 0xabc };
    ng_error_record(&e);
}
static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, what)); p++)
        n++;
    return n;
}

/* ---- tests ---- */

START_TEST(lines)
{
    start();
    ng_msg("hello %d", 42);
    ng_msg("%s", "");
    ng_msg("two\nlines");
    report_debug("chatter");
    report_client("from the client\n", false);
    ng_umsg_v(2, "not shown");
    ck_assert_str_eq(logged(), "==P== hello 42\n==P== \n==P== two\n==P== lines\n--P-- chatter\n**P** from the client\n");
    stop();
}
END_TEST

START_TEST(client_text)
{
    start();
    report_client("part ", false);
    report_client("ial\na\n\nb\nopen", false);
    ng_msg("x");
    report_client("\n", false);
    ck_assert_str_eq(logged(), "**P** part ial\n**P** a\n**P** \n**P** b\n**P** open\n==P== x\n**P** \n");
    stop();
}
END_TEST

START_TEST(time_stamp)
{
    start();
    options.time_stamp = true;
    ng_msg("x");
    int d, h, m, s, ms, pid;
    ck_assert_int_eq(sscanf(logged(), "==%2d:%2d:%2d:%2d.%3d P== x%n", &d, &h, &m, &s, &ms, &pid), 5);
    stop();
}
END_TEST

START_TEST(banner)
{
    char *argv[] = { (char *)"./prog", (char *)"a b", (char *)"c" }, want[512];
    start();
    options.argc = 3;
    options.argv = argv;
    report_banner();
    snprintf(want, sizeof want, "==P== Memcheck, a memory error detector\n==P== Copyright\n==P== Using nagrind-%s; rerun with -h for"
             " copyright info\n==P== Command: ./prog a b c\n==P== Parent PID: %d\n==P== \n", "0.1.0", (int)getppid());
    ck_assert_str_eq(logged(), want);
    stop();
}
END_TEST

START_TEST(commas)
{
    ck_assert_str_eq(ng_commas(0), "0");
    ck_assert_str_eq(ng_commas(999), "999");
    ck_assert_str_eq(ng_commas(1000), "1,000");
    ck_assert_str_eq(ng_commas(1234567), "1,234,567");
    ck_assert_str_eq(ng_commas(UINT64_MAX), "18,446,744,073,709,551,615");
}
END_TEST

START_TEST(frames)
{
    start();
    ng_trace_print(0x1006); /* f0, f1 with inl, f2, f3, f4, main */
    ng_trace_print(0x1004);
    ck_assert_str_eq(logged(),
                     "==P==    at 0x1000: f0 (in ?\?\?)\n==P==    by 0x1100: inl (a.c:3)\n==P==    by 0x1100: f1 (a.c:10)\n"
                     "==P==    by 0x1200: f2 (in /usr/lib/libx.so)\n==P==    by 0x1300: ?\?\? (in /usr/lib/libx.so)\n"
                     "==P==    by 0x1400: ?\?\?\n==P==    by 0x1500: main (m.c:1)\n"
                     "==P==    at 0x1000: f0 (in ?\?\?)\n==P==    by 0x1100: inl (a.c:3)\n==P==    by 0x1100: f1 (a.c:10)\n"
                     "==P==    by 0x1200: f2 (in /usr/lib/libx.so)\n==P==    by 0x1300: ?\?\? (in /usr/lib/libx.so)\n");
    stop();
}
END_TEST

START_TEST(cut_at_main)
{
    start();
    ng_trace_print(0x4408); /* f4, main, ... */
    ck_assert_str_eq(logged(), "==P==    at 0x4400: ?\?\?\n==P==    by 0x4500: main (m.c:1)\n");
    stop();
}
END_TEST

START_TEST(below_main)
{
    start();
    ng_trace_print(0x4604);
    options.show_below_main = true;
    ng_trace_print(0x4603);
    ck_assert_str_eq(logged(), "==P==    at 0x4600: f6 (in ?\?\?)\n==P==    by 0x4700: (below main) (in /usr/lib/libc.so.6)\n"
                               "==P==    at 0x4600: f6 (in ?\?\?)\n"
                               "==P==    by 0x4700: __libc_start_main@@GLIBC_2.34 (in /usr/lib/libc.so.6)\n"
                               "==P==    by 0x4800: f8 (in ?\?\?)\n");
    stop();
}
END_TEST

START_TEST(full_paths)
{
    static const char *strip[] = { "nothing", "home/" };
    char text[256];
    start();
    struct symbols_frame f = { .fn = (char *)"f", .file = (char *)"a.c", .dir = (char *)"/home/me/src", .line = 4 };
    options.fullpath_after = strip;
    options.n_fullpath_after = 2;
    report_frame_text(&f, text, sizeof text);
    ck_assert_str_eq(text, "f (me/src/a.c:4)");
    options.n_fullpath_after = 1;
    report_frame_text(&f, text, sizeof text);
    ck_assert_str_eq(text, "f (/home/me/src/a.c:4)");
    stop();
}
END_TEST

#define ERROR(kind, size) "==P== Error " #kind " of size " #size "\n==P==    at 0x4500: main (m.c:1)\n==P==  Address 0xabc is bad\n==P== \n"

START_TEST(duplicates_and_threads)
{
    start();
    raise_error(1, 4, 0x4501, NULL);
    raise_error(1, 4, 0x4501, NULL);
    raise_error(1, 8, 0x4501, NULL);        /* the tool says it differs */
    raise_error(2, 8, 0x4501, &threads[2]); /* another kind, another thread */
    raise_error(2, 8, 0x4501, &threads[3]); /* the same wherever it happens */
    raise_error(3, 8, 0x4501, &threads[1]);
    ck_assert_str_eq(logged(), ERROR(1, 4) ERROR(1, 8) "==P== Thread 2:\n" ERROR(2, 8) "==P== Thread 1:\n" ERROR(3, 8));
    ck_assert_uint_eq(ng_errors_found(), 6);
    stop();
}
END_TEST

START_TEST(named_thread)
{
    start();
    strcpy(threads[2].name, "worker");
    raise_error(1, 4, 0x4501, &threads[2]);
    ck_assert_str_eq(logged(), "==P== Thread 2 worker:\n" ERROR(1, 4));
    stop();
}
END_TEST

START_TEST(top_four_frames_count)
{
    start();
    raise_error(1, 4, 0x11204, NULL);
    raise_error(1, 4, 0x11206, NULL); /* deeper, same top four */
    ck_assert_uint_eq(ng_errors_found(), 2);
    ck_assert_int_eq(count(logged(), "Error 1"), 1);
    raise_error(1, 4, 0x11203, NULL); /* shorter */
    ck_assert_int_eq(count(logged(), "Error 1"), 2);
    stop();
}
END_TEST

START_TEST(disabled)
{
    start();
    ng_errors_disable(self, 1);
    ng_errors_disable(self, 1);
    ng_errors_disable(self, -1);
    raise_error(1, 4, 0x4501, NULL);
    ck_assert(!report_any_error());
    ng_errors_disable(self, -1);
    raise_error(1, 4, 0x4501, NULL);
    ck_assert(report_any_error());
    stop();
}
END_TEST

START_TEST(limits)
{
    start();
    for (int i = 0; i < 1200; i++)
        raise_error(1, (uint64_t)i, 0x4501, NULL);
    const char *text = logged();
    ck_assert_int_eq(count(text, "Error 1"), 1000);
    ck_assert_int_eq(count(text, "==P== \n==P== \n==P== More than 100 errors detected.  Subsequent errors\n"
                                 "==P== will still be recorded, but in less detail than before.\n==P== Error 1 of size 100\n"), 1);
    ck_assert_int_eq(count(text, "==P== \n==P== \n==P== More than 1000 different errors detected.  I'm not reporting any more.\n"
                                 "==P== Final error counts will be inaccurate.  Go fix your program!\n"), 1);
    ck_assert_uint_eq(ng_errors_found(), 1000);
    stop();
}
END_TEST

START_TEST(no_limit)
{
    start();
    options.error_limit = false;
    for (int i = 0; i < 1200; i++)
        raise_error(1, (uint64_t)i, 0x4501, NULL);
    ck_assert_int_eq(count(logged(), "Error 1"), 1200);
    stop();
}
END_TEST

START_TEST(two_frames_after_100)
{
    start();
    options.error_limit = false;
    for (int i = 0; i < 100; i++)
        raise_error(1, (uint64_t)i, 0x4501, NULL);
    raise_error(5, 1, 0x21204, NULL);
    raise_error(5, 1, 0x21203, NULL); /* the same two frames on top */
    ck_assert_int_eq(count(logged(), "Error 5"), 1);
    stop();
}
END_TEST

START_TEST(summary_hint)
{
    start();
    report_summary();
    ck_assert_str_eq(logged(), "==P== For lists of detected and suppressed errors, rerun with: -s\n"
                               "==P== ERROR SUMMARY: 0 errors from 0 contexts (suppressed: 0 from 0)\n");
    stop();
}
END_TEST

START_TEST(summary_list)
{
    start();
    options.show_error_list = 1;
    suppress_kind_9 = true;
    raise_error(1, 4, 0x4501, NULL);
    raise_error(1, 4, 0x4501, NULL);
    raise_error(2, 4, 0x4501, NULL);
    raise_error(9, 4, 0x4501, NULL);
    struct ng_error leak = { .kind = 9, .size = 5000, .where = 0x4501 };
    ck_assert(!ng_error_unique(&leak, true, true));
    report_summary();
    ck_assert_str_eq(strstr(logged(), "==P== ERROR SUMMARY"),
                     "==P== ERROR SUMMARY: 3 errors from 2 contexts (suppressed: 2 from 2)\n"
                     "==P== \n==P== 1 errors in context 1 of 2:\n" ERROR(2, 4)
                     "==P== \n==P== 2 errors in context 2 of 2:\n" ERROR(1, 4)
                     "--P-- \n--P-- used_suppression:      2 hush s.supp:2 suppressed: 5,000 bytes in 2 blocks\n==P== \n"
                     "==P== ERROR SUMMARY: 3 errors from 2 contexts (suppressed: 2 from 2)\n");
    stop();
}
END_TEST

START_TEST(list_of_suppressed)
{
    start();
    options.show_error_list = 2;
    suppress_kind_9 = true;
    raise_error(9, 4, 0x4501, NULL);
    report_summary();
    ck_assert_ptr_nonnull(strstr(logged(), "==P== \n==P== 1 errors in suppressed context 1 of 1:\n" ERROR(9, 4)));
    stop();
}
END_TEST

START_TEST(unique)
{
    start();
    struct ng_error e = { .kind = 3, .size = 1, .where = 0x4501, .addr = 0xabc };
    ck_assert(ng_error_unique(&e, true, false));
    ck_assert_uint_eq(ng_errors_found(), 0);
    ck_assert(ng_error_unique(&e, false, true));
    ck_assert_uint_eq(ng_errors_found(), 1);
    ck_assert_str_eq(logged(), ERROR(3, 1));
    stop();
}
END_TEST

START_TEST(exit_on_first)
{
    int status;
    start();
    options.exit_on_first_error = true;
    options.error_exitcode = 7;
    if (fork() == 0) {
        raise_error(1, 4, 0x4501, NULL);
        _exit(0);
    }
    wait(&status);
    ck_assert_int_eq(WEXITSTATUS(status), 7);
    ck_assert_int_eq(count(logged(), "Exit program on first error (--exit-on-first-error=yes)\n"), 1);
    stop();
}
END_TEST

#define HINT "==P==  If you believe this happened as a result of a stack\n==P==  overflow in your program's main thread (unlikely but\n" \
    "==P==  possible), you can try to increase the size of the\n==P==  main thread stack using the --main-stacksize= flag.\n" \
    "==P==  The main thread stack size used in this run was 4194304.\n"
#define HEAD(sig, name) "==P== \n==P== Process terminating with default action of signal " #sig " (" name ")\n"
#define STACK "==P==    at 0x1000: f0 (in ?\?\?)\n==P==    by 0x1100: inl (a.c:3)\n==P==    by 0x1100: f1 (a.c:10)\n" \
    "==P==    by 0x1200: f2 (in /usr/lib/libx.so)\n"

static const struct { int sig, code; guest_addr at; const char *text; } fatals[] = {
    { SIGSEGV, SEGV_MAPERR, 0xabcd0, HEAD(11, "SIGSEGV") "==P==  Access not within mapped region at address 0xABCD0\n" STACK HINT },
    { SIGSEGV, SEGV_ACCERR, 0xab, HEAD(11, "SIGSEGV") "==P==  Bad permissions for mapped region at address 0xAB\n" STACK },
    { SIGSEGV, SI_KERNEL, 0, HEAD(11, "SIGSEGV") "==P==  General Protection Fault\n" STACK },
    { SIGSEGV, SI_TKILL, 0, HEAD(11, "SIGSEGV") STACK },
    { SIGILL, ILL_ILLOPN, 0x10, HEAD(4, "SIGILL") "==P==  Illegal operand at address 0x10\n" STACK },
    { SIGFPE, FPE_INTDIV, 0x10, HEAD(8, "SIGFPE") "==P==  Integer divide by zero at address 0x10\n" STACK },
    { SIGBUS, BUS_ADRERR, 0x10, HEAD(7, "SIGBUS") "==P==  Non-existent physical address at address 0x10\n" STACK },
    { SIGABRT, SI_TKILL, 0, HEAD(6, "SIGABRT") STACK },
    { SIGTERM, SI_USER, 0, HEAD(15, "SIGTERM") STACK },
    { SIGSEGV, SEGV_MAPERR, 0x1feff00, HEAD(11, "SIGSEGV") "==P==  Access not within mapped region at address 0x1FEFF00\n"
      "==P== Stack overflow in thread #1: can't grow stack to 0x1fef000\n" STACK HINT },
};

START_TEST(fatal_signal)
{
    start();
    options.main_stacksize = 4 << 20;
    report_fatal_signal(self, fatals[_i].sig, fatals[_i].code, fatals[_i].at);
    ck_assert_str_eq(logged(), fatals[_i].text);
    stop();
}
END_TEST

START_TEST(quiet_fatal_signal)
{
    start();
    options.verbosity = 0;
    report_fatal_signal(self, SIGABRT, SI_TKILL, 0);
    ck_assert_str_eq(logged(), "");
    report_fatal_signal(self, SIGILL, ILL_ILLOPC, 1);
    ck_assert_str_ne(logged(), "");
    stop();
}
END_TEST

START_TEST(names)
{
    char want[64];
    setenv("REPORT_VAR", "val", 1);
    start();
    snprintf(want, sizeof want, "/tmp/a.%d.0.val.%%", (int)getpid());
    char *name = report_expand_name("log-file", "/tmp/a.%p.%n.%q{REPORT_VAR}.%%");
    ck_assert_str_eq(name, want);
    free(name);
    stop();
}
END_TEST

static const struct { const char *pattern, *reason; } bad_names[] = {
    { "", "No filename given" }, { "~/x", "Filename begins with '~'" }, { "x%z", "Expected 'p' or 'q' or '%' after '%'" },
    { "x%", "Expected 'p' or 'q' or '%' after '%'" }, { "%q", "Expected '{' after '%q'" }, { "%q{A", "Missing '}' in %q specifier" },
    { "%q{NO_SUCH_VAR}", "Environment variable 'NO_SUCH_VAR' is not set" },
};

START_TEST(bad_name)
{
    char want[256];
    int status;
    start();
    if (fork() == 0) {
        report_expand_name("log-file", bad_names[_i].pattern);
        _exit(0);
    }
    wait(&status);
    ck_assert_int_eq(WEXITSTATUS(status), 1);
    snprintf(want, sizeof want, "Bad option: --log-file=%s\n", bad_names[_i].pattern);
    ck_assert_ptr_nonnull(strstr(logged(), want));
    ck_assert_ptr_nonnull(strstr(logged(), bad_names[_i].reason));
    stop();
}
END_TEST

START_TEST(closed_pipe)
{
    int p[2];
    start();
    stop();
    ck_assert_int_eq(pipe(p), 0);
    options.log_file = NULL;
    options.log_fd = p[1];
    report_init();
    close(p[0]);
    ng_msg("nobody reads this"); /* no SIGPIPE */
}
END_TEST

#define COUNT(a) ((int)(sizeof a / sizeof *a))

int main(void)
{
    Suite *s = suite_create("report");
    TCase *t = tcase_create("all");
    suite_add_tcase(s, t);
    const TTest *plain[] = { lines, client_text, time_stamp, banner, commas, frames, cut_at_main, below_main, full_paths, duplicates_and_threads,
                             named_thread, top_four_frames_count, disabled, limits, no_limit, two_frames_after_100, summary_hint,
                             summary_list, list_of_suppressed, unique, exit_on_first, quiet_fatal_signal, names, closed_pipe };
    for (int i = 0; i < COUNT(plain); i++)
        tcase_add_test(t, plain[i]);
    tcase_add_loop_test(t, fatal_signal, 0, COUNT(fatals));
    tcase_add_loop_test(t, bad_name, 0, COUNT(bad_names));
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
