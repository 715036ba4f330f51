/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Client printf: our formatter against the C library's, on the same va_list. */
/* needs: coregrind/run/client_printf.c */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include "run/internal.h"

size_t ng_read(void *to, guest_addr from, size_t size)
{
    if (from < 4096)
        return 0;
    memcpy(to, (const void *)from, size);
    return size;
}

void *base_alloc(size_t size)
{
    return calloc(1, size);
}

void *base_realloc(void *p, size_t size)
{
    return realloc(p, size);
}

static void same(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void same(const char *fmt, ...)
{
    char expected[4096];
    size_t length;
    va_list a, b;
    va_start(a, fmt);
    va_copy(b, a);
    const int n = vsnprintf(expected, sizeof expected, fmt, b);
    va_end(b);
    char *text = run_format_guest((guest_addr)(uintptr_t)fmt, (guest_addr)(uintptr_t)a, &length);
    va_end(a);
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(length, (size_t)n);
    free(text);
}

START_TEST(formats)
{
    same("plain");
    same("100%% of %d", 7);
    same("%d %i %u %x %X %o", -1, 2, 3u, 0xabcu, 0xDEFu, 8u);
    same("%ld %lld %lu %zx %hd %hhd", -5l, 1ll << 40, ~0ul, sizeof(int), (short)-3, (signed char)-4);
    same("%5d|%-5d|%05d|%+d|% d|%#x", 42, 42, 42, 42, 42, 42u);
    same("%*d|%-*d|%.*s", 6, 1, 6, 2, 3, "abcdef");
    same("%s and %10s and %-10s|%.2s", "one", "two", "three", "four");
    same("%c%c%c", 'a', 'b', 'c');
    same("%p", (void *)0x1234);
    same("%f %.3f %e %g", 1.5, 2.25, 1e10, 0.1);
    same("%d %f %d %f %d %f %d %f %d %f", 1, 1.0, 2, 2.0, 3, 3.0, 4, 4.0, 5, 5.0);
    same("%f %f %f %f %f %f %f %f %f %f", 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0);
    same("%Lf %d", 3.5L, 9);
}
END_TEST

START_TEST(wild_pointers)
{
    size_t length;
    char *text = run_format_guest(8, 16, &length);
    ck_assert_uint_eq(length, 0);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("client printf");
    TCase *c = tcase_create("all");
    tcase_add_test(c, formats);
    tcase_add_test(c, wild_pointers);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
