/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: coregrind/space/segments.c coregrind/base/base.c coregrind/base/lock.c coregrind/base/assert.c */
/* The segment list against a plain array of pages, under random operations; order, merging, first fit, many segments. */
#include <check.h>
#include <stdio.h>
#include "space/segments.h"

enum { PAGES = 256 };
#define AT(page) ((guest_addr)((page) + 16) * NG_PAGE)

struct model_page { bool mapped; uint8_t prot; uint64_t file_page; };
static struct model_page model[PAGES];
static uint64_t seed = 1;

static unsigned draw(unsigned n)
{
    seed = base_hash64(seed + 0x9e3779b97f4a7c15ull);
    return (unsigned)(seed % n);
}

static void compare_page(int i)
{
    struct segment g;
    const bool found = segments_at(AT(i) + 123, &g);
    ck_assert_int_eq(found, model[i].mapped);
    if (!found)
        return;
    ck_assert_int_eq(g.s.prot, model[i].prot);
    if (g.s.ino)
        ck_assert_uint_eq(g.s.offset + (AT(i) - g.s.start), model[i].file_page * NG_PAGE);
}

static void compare_gap(unsigned pages, unsigned from)
{
    unsigned run = 0, i = from;
    for (; i < PAGES && run < pages; i++)
        run = model[i].mapped ? 0 : run + 1;
    const guest_addr want = run == pages ? AT(i - pages) : 0;
    ck_assert_uint_eq(segments_find_gap(pages * NG_PAGE, AT(from), AT(PAGES)), want);
}

static void random_step(void)
{
    const unsigned a = draw(PAGES), n = 1 + draw(PAGES - a < 24 ? PAGES - a : 24), what = draw(10), prot = draw(4);
    struct segment g = { .s = { .start = AT(a), .end = AT(a + n), .prot = (uint8_t)prot } };
    if (what < 5) {
        if (what < 2)
            g.s.ino = 7, g.s.offset = a * NG_PAGE;
        segments_replace(AT(a), AT(a + n), &g, NULL);
        for (unsigned i = a; i < a + n; i++)
            model[i] = (struct model_page){ true, (uint8_t)prot, i };
    } else if (what < 8) {
        segments_replace(AT(a), AT(a + n), NULL, NULL);
        for (unsigned i = a; i < a + n; i++)
            model[i].mapped = false;
    } else {
        segments_set_prot(AT(a), AT(a + n), (int)prot);
        for (unsigned i = a; i < a + n; i++)
            model[i].prot = (uint8_t)prot;
    }
}

START_TEST(random_operations)
{
    for (int step = 0; step < 20000; step++) {
        random_step();
        if (step % 50 == 0) {
            ck_assert(segments_are_valid());
            for (int i = 0; i < PAGES; i++)
                compare_page(i);
        }
        compare_gap(1 + draw(30), draw(PAGES));
    }
}
END_TEST

static void add(unsigned page, unsigned n, int prot, int flags)
{
    const struct segment g = { .s = { .start = AT(page), .end = AT(page + n), .prot = (uint8_t)prot }, .flags = (uint8_t)flags };
    segments_replace(AT(page), AT(page + n), &g, NULL);
}

START_TEST(alike_neighbours_merge)
{
    add(0, 2, 3, 0);
    add(4, 2, 3, 0);
    ck_assert_int_eq(segments_count(), 2);
    add(2, 2, 3, 0);
    ck_assert_int_eq(segments_count(), 1);
    segments_set_prot(AT(2), AT(3), 1);
    ck_assert_int_eq(segments_count(), 3);
    segments_set_prot(AT(2), AT(3), 3);
    ck_assert_int_eq(segments_count(), 1);
    ck_assert_uint_eq(segments_total(), 6 * NG_PAGE);
    add(6, 2, 3, SEGMENT_STACK);
    add(8, 2, 3, SEGMENT_STACK);
    ck_assert_int_eq(segments_count(), 3);
}
END_TEST

START_TEST(removed_parts_are_given)
{
    struct segment *removed;
    add(0, 4, 3, 0);
    add(4, 4, 1, 0);
    const int n = segments_replace(AT(2), AT(6), NULL, &removed);
    ck_assert_int_eq(n, 2);
    ck_assert_uint_eq(removed[0].s.start, AT(2));
    ck_assert_uint_eq(removed[0].s.end, AT(4));
    ck_assert_uint_eq(removed[1].s.end, AT(6));
    free(removed);
    ck_assert(!segments_overlap(AT(2), AT(6)));
    ck_assert(segments_overlap(AT(1), AT(3)));
}
END_TEST

START_TEST(permissions_over_holes)
{
    add(0, 2, 3, 0);
    add(2, 2, 1, 0);
    ck_assert(segments_allow(AT(0), AT(4), 1));
    ck_assert(!segments_allow(AT(0), AT(4), 2));
    ck_assert(segments_allow(AT(0) + 5, AT(2), 3));
    ck_assert(!segments_allow(AT(3), AT(5), 0));
}
END_TEST

/* 100,000 segments that cannot merge: all look-ups stay quick (the test's time limit says so). */
START_TEST(many_segments)
{
    enum { MANY = 100000 };
    for (unsigned i = 0; i < MANY; i++)
        add(2 * i, 1, 3, 0);
    ck_assert_int_eq(segments_count(), MANY);
    for (unsigned i = 0; i < MANY; i++)
        ck_assert_uint_eq(segments_find_gap(2 * NG_PAGE, AT(0), ~0ull >> 17), AT(2 * MANY - 1));
    for (unsigned i = 0; i < MANY; i++) {
        struct segment g;
        ck_assert(segments_next(AT(2 * i) - 1, &g) && g.s.start == AT(2 * i));
        ck_assert(i == 0 || (segments_before(AT(2 * i), &g) && g.s.end == AT(2 * i - 1)));
    }
    ck_assert(segments_are_valid());
}
END_TEST

int main(void)
{
    Suite *s = suite_create("space/segments");
    TCase *c = tcase_create("segments");
    tcase_set_timeout(c, 20);
    tcase_add_test(c, random_operations);
    tcase_add_test(c, alike_neighbours_merge);
    tcase_add_test(c, removed_parts_are_given);
    tcase_add_test(c, permissions_over_holes);
    tcase_add_test(c, many_segments);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
