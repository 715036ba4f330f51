/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: memcheck/heap_spans.c memcheck/heap_blocks.c memcheck/heap_lazy.c memcheck/heap_custom.c memcheck/heap_describe.c
 *        memcheck/heap_hooks.c memcheck/heap_cxx.c memcheck/leak.c memcheck/leak_search.c memcheck/leak_records.c
 *        memcheck/leak_heuristics.c memcheck/requests.c memcheck/shadow.c memcheck/shadow_side.c memcheck/registers.c
 *        memcheck/errors.c memcheck/errors_print.c memcheck/options.c */
#include "memcheck_stubs.h"
#include "../../memcheck/leak.h"

static guest_addr *roots; /* a writable mapping that is scanned */

static void setup(void)
{
    stub_init();
    roots = (guest_addr *)stub_map(0x3000000000, 8192, NG_SEG_FILE);
    mc_options.leak_check = LEAK_CHECK_FULL;
    mc_options.show_leak_kinds = mc_options.errors_for_leak_kinds = 15;
}

static guest_addr alloc(uint64_t n, ng_trace from)
{
    stub_trace = from;
    const guest_addr a = stub_call(heap_calloc, 1, n, 0);
    stub_forget_registers();
    return a;
}

static void link_to(guest_addr from, guest_addr to) { *(guest_addr *)from = to; }

static void check_now(void)
{
    stub_log_clear();
    leak_check_at_exit();
}

static void expect(uint64_t definite, uint64_t indirect, uint64_t possible, uint64_t reachable)
{
    check_now();
    ck_assert_uint_eq(leak_last.bytes[LEAK_DEFINITE], definite);
    ck_assert_uint_eq(leak_last.bytes[LEAK_INDIRECT], indirect);
    ck_assert_uint_eq(leak_last.bytes[LEAK_POSSIBLE], possible);
    ck_assert_uint_eq(leak_last.bytes[LEAK_REACHABLE], reachable);
}

/* Root R, blocks A of 100 bytes and B of 1000; a pointer is to the start, or interior (8 bytes in). */
enum { NONE, START, INTERIOR };
static const struct { int root_a, a_b, root_b; uint64_t definite, indirect, possible, reachable; } cases[] = {
    { START, NONE, START, 0, 0, 0, 1100 },        /* 1 */
    { START, START, NONE, 0, 0, 0, 1100 },        /* 2 */
    { START, NONE, NONE, 1000, 0, 0, 100 },       /* 3 */
    { NONE, START, NONE, 100, 1000, 0, 0 },       /* 4 */
    { START, NONE, INTERIOR, 0, 0, 1000, 100 },   /* 5 */
    { START, INTERIOR, NONE, 0, 0, 1000, 100 },   /* 6 */
    { INTERIOR, START, NONE, 0, 0, 1100, 0 },     /* 7 */
    { INTERIOR, INTERIOR, NONE, 0, 0, 1100, 0 },  /* 8 */
    { NONE, INTERIOR, NONE, 100, 1000, 0, 0 },    /* 9 */
    { INTERIOR, START, START, 0, 0, 100, 1000 },  /* the better way wins */
};
START_TEST(nine_cases)
{
    mc_options.leak_heuristics = 0;
    const guest_addr a = alloc(100, 1), b = alloc(1000, 2);
    const guest_addr to_a[] = { 0, a, a + 16 }, to_b[] = { 0, b, b + 16 };
    roots[3] = to_a[cases[_i].root_a];
    roots[4] = to_b[cases[_i].root_b];
    link_to(a + 24, to_b[cases[_i].a_b]);
    expect(cases[_i].definite, cases[_i].indirect, cases[_i].possible, cases[_i].reachable);
}
END_TEST

START_TEST(cycles_and_groups)
{
    const guest_addr a = alloc(10, 1), b = alloc(20, 2), c = alloc(40, 3), d = alloc(80, 4);
    link_to(a, b);
    link_to(b, a);  /* a cycle of two */
    link_to(d, c);  /* c, of a lower address, is led by d in the end */
    link_to(d + 8, a);
    expect(80, 70, 0, 0);
    ck_assert(stub_logged("150 (80 direct, 70 indirect) bytes in 1 blocks are definitely lost in loss record 4 of 4\n   trace 4"));
}
END_TEST

START_TEST(edges_of_blocks)
{
    const guest_addr a = alloc(16, 1), b = alloc(0, 2), c = alloc(24, 3), d = alloc(8, 4);
    roots[0] = a + 16;                 /* one past the end is no pointer into it */
    roots[1] = b;
    ((char *)&roots[2])[1] = 0;
    memcpy((char *)&roots[3] + 4, &c, 8); /* not aligned */
    roots[6] = d;
    shadow_make_undefined((guest_addr)&roots[6], 1, 0); /* not all defined */
    expect(16 + 24 + 8, 0, 0, 0);
    ck_assert_uint_eq(leak_last.blocks[LEAK_REACHABLE], 1);
    stub_thread.s.gpr[X86_R12] = d;
    expect(16 + 24, 0, 0, 8);
}
END_TEST

START_TEST(heuristics)
{
    const guest_addr str = alloc(24 + 10 + 1, 1), len = alloc(8 + 50, 2), arr = alloc(8 + 3 * 12, 3);
    link_to(str, 4);
    link_to(str + 8, 10);
    link_to(len, 50);
    link_to(arr, 3);
    roots[0] = str + 24;
    roots[1] = len + 8;
    roots[2] = arr + 8;
    expect(0, 0, 0, 35 + 58 + 44);
    ck_assert(stub_logged("                      of which reachable via heuristic:\n"
                          "                        stdstring          : 35 bytes in 1 blocks\n"
                          "                        length64           : 58 bytes in 1 blocks\n"
                          "                        newarray           : 44 bytes in 1 blocks\n"));
    mc_options.leak_heuristics = 1u << HEUR_LENGTH64;
    expect(0, 0, 35 + 44, 58);
}
END_TEST

START_TEST(merging_and_order)
{
    mc_options.errors_for_leak_kinds = 1u << LEAK_DEFINITE;
    mc_options.show_leak_kinds = 1u << LEAK_DEFINITE | 1u << LEAK_POSSIBLE;
    for (int i = 0; i < 3; i++)
        alloc(1000, 7);
    alloc(10, 9);
    roots[0] = alloc(5, 7);
    check_now();
    ck_assert_str_eq(stub_log,
                     "10 bytes in 1 blocks are definitely lost in loss record 2 of 3\n"
                     "   trace 9\n"
                     "3,000 bytes in 3 blocks are definitely lost in loss record 3 of 3\n"
                     "   trace 7\n"
                     "LEAK SUMMARY:\n"
                     "   definitely lost: 3,010 bytes in 4 blocks\n"
                     "   indirectly lost: 0 bytes in 0 blocks\n"
                     "     possibly lost: 0 bytes in 0 blocks\n"
                     "   still reachable: 5 bytes in 1 blocks\n"
                     "        suppressed: 0 bytes in 0 blocks\n"
                     "Reachable blocks (those to which a pointer was found) are not shown.\n"
                     "To see them, rerun with: --leak-check=full --show-leak-kinds=all\n"
                     "\n");
    ck_assert_int_eq(stub_errors, 2);
}
END_TEST

START_TEST(resolution)
{
    alloc(10, 11);
    alloc(10, 12);
    mc_options.leak_resolution = 2; /* the stub's traces 10 to 19 share three frames */
    check_now();
    ck_assert(stub_logged("20 bytes in 2 blocks are definitely lost in loss record 1 of 1"));
    mc_options.leak_resolution = 4;
    check_now();
    ck_assert(stub_logged("loss record 2 of 2") || stub_logged("loss record 2 of 3"));
}
END_TEST

static void request(uint64_t mode, uint64_t delta)
{
    const uint64_t args[6] = { 0x4d430006, mode, delta };
    uint64_t result;
    stub_log_clear();
    ck_assert(requests_handle(&stub_thread, args, &result));
}

START_TEST(deltas)
{
    roots[0] = alloc(10, 1);
    request(0, 0);
    ck_assert(stub_logged("10 bytes in 1 blocks are still reachable in loss record 1 of 1"));
    roots[0] = 0;
    request(0, 1);
    ck_assert(stub_logged("10 (+10) bytes in 1 (+1) blocks are definitely lost in new loss record 2 of 2"));
    ck_assert(stub_logged("   still reachable: 0 (-10) bytes in 0 (-1) blocks"));
    request(0, 1);
    ck_assert(!stub_logged("loss record"));
    alloc(10, 1);
    request(0, 3);
    ck_assert(!stub_logged("loss record"));
    alloc(10, 1);
    request(0, 2);
    ck_assert(stub_logged("30 (+10) bytes in 3 (+1) blocks are definitely lost in loss record 1 of 1"));
    request(1, 0);
    ck_assert(!stub_logged("loss record"));
    ck_assert(stub_logged("Rerun with --leak-check=full to see details of leaked memory"));
    const uint64_t count[6] = { 0x4d430007, (uint64_t)&roots[10], (uint64_t)&roots[11], (uint64_t)&roots[12], (uint64_t)&roots[13] };
    uint64_t result;
    ck_assert(requests_handle(&stub_thread, count, &result));
    ck_assert_uint_eq(roots[10], 30);
    ck_assert_uint_eq(roots[12], 0);
}
END_TEST

/* A block inside a malloc block hides it; a pool chunk too. */
START_TEST(nested_blocks)
{
    const guest_addr outer = alloc(1000, 1), pool = alloc(1000, 2);
    const uint64_t inner[6] = { 0x1301, outer + 64, 32, 0, 1 }, create[6] = { 0x1303, pool, 0, 1 },
                   chunk[6] = { 0x1305, pool, pool + 128, 50 };
    uint64_t result;
    requests_handle(&stub_thread, inner, &result);
    requests_handle(&stub_thread, create, &result);
    requests_handle(&stub_thread, chunk, &result);
    roots[0] = outer;
    expect(82, 0, 0, 0);
    roots[1] = outer + 64;
    roots[2] = pool + 130;
    expect(0, 0, 50, 32);
}
END_TEST

START_TEST(nothing_left)
{
    const guest_addr a = alloc(10, 1);
    stub_call(heap_free, a, 0, 0);
    check_now();
    ck_assert_str_eq(stub_log, "All heap blocks were freed -- no leaks are possible\n\n");
    mc_options.leak_check = LEAK_CHECK_NO;
    check_now();
    ck_assert_str_eq(stub_log, "For a detailed leak analysis, rerun with: --leak-check=full\n\n");
    stub_log_clear();
    heap_print_summary();
    ck_assert_str_eq(stub_log, "\nHEAP SUMMARY:\n    in use at exit: 0 bytes in 0 blocks\n"
                               "  total heap usage: 1 allocs, 1 frees, 10 bytes allocated\n\n");
}
END_TEST

START_TEST(suppression_extra)
{
    ck_assert_int_eq(leak_supp_check_extra(NULL), 0);
    ck_assert_int_eq(leak_supp_check_extra("match-leak-kinds: definite,possible"), 0);
    ck_assert_int_eq(leak_supp_check_extra("match-leak-kinds:all"), 0);
    ck_assert_int_eq(leak_supp_check_extra("match-leak-kinds: lost"), -1);
    ck_assert_int_eq(leak_supp_check_extra("leak-kinds: all"), -1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("leak");
    TCase *c = tcase_create("leak");
    tcase_add_checked_fixture(c, setup, NULL);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, nine_cases, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(c, cycles_and_groups);
    tcase_add_test(c, edges_of_blocks);
    tcase_add_test(c, heuristics);
    tcase_add_test(c, merging_and_order);
    tcase_add_test(c, resolution);
    tcase_add_test(c, deltas);
    tcase_add_test(c, nested_blocks);
    tcase_add_test(c, nothing_left);
    tcase_add_test(c, suppression_extra);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
