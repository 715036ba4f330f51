/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: memcheck/known.c */
#include <check.h>
#include <stdlib.h>
#include "memcheck/known.h"

static struct known k;

static void prepare(void) { k = (struct known){ .n = 0 }; }

static void add_rsp(int64_t low, int64_t high)
{
    const struct known_range r = known_by_rsp(low, high);
    known_add(&k, &r);
}

static bool has_rsp(int64_t low, int64_t high)
{
    const struct known_range r = known_by_rsp(low, high);
    return known_has(&k, &r);
}

static struct known_range by(int base, int version, int64_t low, int64_t high)
{
    return (struct known_range){ .base = (int16_t)base, .base_version = (uint16_t)version, .index = -1, .low = low, .high = high };
}

START_TEST(parts_and_neighbours)
{
    add_rsp(8, 16);
    ck_assert(has_rsp(8, 16) && has_rsp(12, 16) && !has_rsp(8, 17) && !has_rsp(7, 9));
    add_rsp(24, 32);
    ck_assert(!has_rsp(8, 32));
    add_rsp(16, 24); /* closes the gap: all three are one */
    ck_assert(has_rsp(8, 32));
    ck_assert_uint_eq(k.n, 1);
    add_rsp(4, 20);
    ck_assert(has_rsp(4, 32));
    ck_assert_uint_eq(k.n, 1);
}
END_TEST

START_TEST(places_are_told_apart)
{
    const struct known_range r = by(X86_RBX, 3, 0, 8);
    struct known_range other = r;
    known_add(&k, &r);
    ck_assert(known_has(&k, &r));
    other.base = X86_RAX;
    ck_assert(!known_has(&k, &other));
    other = r, other.base_version = 4; /* written since */
    ck_assert(!known_has(&k, &other));
    other = r, other.index = X86_RCX;
    ck_assert(!known_has(&k, &other));
    other = r, other.index = X86_RCX, other.index_version = 1, other.scale = 2;
    known_add(&k, &other);
    ck_assert(known_has(&k, &other));
    other.scale = 3;
    ck_assert(!known_has(&k, &other));
    other.scale = 2, other.index_version = 2;
    ck_assert(!known_has(&k, &other));
    other = r, other.segment = IR_SEG_FS;
    ck_assert(!known_has(&k, &other));
}
END_TEST

START_TEST(rsp_moves)
{
    const struct known_range r = by(X86_RBX, 0, 0, 8);
    known_add(&k, &r);
    add_rsp(0, 16);
    known_rsp_moved(&k, -8); /* a push: nothing is lost, the new slot is not known of itself */
    ck_assert(has_rsp(8, 24) && !has_rsp(0, 8) && known_has(&k, &r));
    add_rsp(0, 8);
    known_rsp_moved(&k, 16);
    ck_assert(has_rsp(-16, 8) && !has_rsp(0, 16));
}
END_TEST

START_TEST(marks)
{
    const struct known_range r = by(X86_RBX, 0, 0, 8), canary = { .base = -1, .index = -1, .segment = IR_SEG_FS, .low = 0x28, .high = 0x30 },
                             variable = { .base = -1, .index = -1, .segment = IR_SEG_FS, .low = -16, .high = -8 },
                             indexed = { .base = X86_RSP, .index = X86_RCX, .low = 64, .high = 72 };
    known_add(&k, &r);
    known_add(&k, &canary);
    known_add(&k, &variable);
    known_add(&k, &indexed);
    add_rsp(-16, 8);
    add_rsp(40, 48);
    known_lost_below(&k, 4);
    ck_assert(!known_has(&k, &r) && !known_has(&k, &variable) && !known_has(&k, &indexed)); /* they may be anywhere */
    ck_assert(known_has(&k, &canary));
    ck_assert(!has_rsp(-16, 4) && !has_rsp(3, 8) && has_rsp(4, 8) && has_rsp(40, 48));
    known_lost_below(&k, 8);
    ck_assert(!has_rsp(4, 8));
    known_forget(&k);
    ck_assert(!has_rsp(40, 48) && !known_has(&k, &canary));
}
END_TEST

START_TEST(more_than_there_is_room_for)
{
    for (int i = 0; i < 3 * KNOWN_MAX; i++) {
        add_rsp(16 * i, 16 * i + 8);
        ck_assert(has_rsp(16 * i, 16 * i + 8));
        ck_assert(!has_rsp(16 * i + 8, 16 * i + 9));
        ck_assert_uint_le(k.n, KNOWN_MAX);
    }
    ck_assert(!has_rsp(0, 8));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("memcheck: known ranges");
    TCase *t = tcase_create("known");
    tcase_add_checked_fixture(t, prepare, NULL);
    tcase_add_test(t, parts_and_neighbours);
    tcase_add_test(t, places_are_told_apart);
    tcase_add_test(t, rsp_moves);
    tcase_add_test(t, marks);
    tcase_add_test(t, more_than_there_is_room_for);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
