/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: memcheck/heap_spans.c memcheck/heap_blocks.c memcheck/heap_lazy.c memcheck/heap_custom.c memcheck/heap_describe.c
 *        memcheck/heap_hooks.c memcheck/heap_cxx.c memcheck/leak.c memcheck/leak_search.c memcheck/leak_records.c
 *        memcheck/leak_heuristics.c memcheck/requests.c memcheck/shadow.c memcheck/shadow_side.c memcheck/registers.c
 *        memcheck/errors.c memcheck/errors_print.c memcheck/options.c memcheck/strings_text.c memcheck/strings_mem.c
 *        memcheck/strings_str.c memcheck/strings_fast.c memcheck/strings_redirects.c */
#include <string.h>
#include <strings.h>
#include <wchar.h>
#include "memcheck_stubs.h"
#include "../../memcheck/strings_fast.h"
#include "../../memcheck/strings_text.h"

enum { PAGE = 4096, AREA = 4 * PAGE };
static guest_addr left, right; /* two areas, each followed by unmapped pages */

static void setup(void)
{
    stub_init();
    left = stub_map(0x3000000000, AREA, NG_SEG_ANON);
    right = stub_map(0x3100000000, AREA, NG_SEG_ANON);
}

static guest_addr alloc(const char *text, size_t size)
{
    const guest_addr a = stub_call(heap_malloc, size, 0, 0);
    if (text) {
        memcpy((void *)a, text, size);
        shadow_make_defined(a, size);
    }
    return a;
}

static int sign(int64_t x) { return (x > 0) - (x < 0); }
static char *random_text(guest_addr end, unsigned *seed)
{
    const int n = rand_r(seed) % (rand_r(seed) % 8 ? 40 : 9000) + 1;
    char *p = (char *)end - n;
    for (int i = 0; i < n - 1; i++)
        p[i] = "abAB\xe4z"[rand_r(seed) % 6];
    p[n - 1] = 0;
    return p;
}

/* Right up to an unmapped page, results are libc's, and nothing is reported. */
START_TEST(same_results_as_libc)
{
    unsigned seed = (unsigned)_i + 1;
    for (int round = 0; round < 300; round++) {
        char *p = random_text(left + AREA, &seed), *q = random_text(right + AREA, &seed);
        if (rand_r(&seed) % 2) {
            const size_t n = strlen(p) < strlen(q) ? strlen(p) : strlen(q);
            memcpy(q, p, n);
        }
        const uint64_t a = (uint64_t)p, b = (uint64_t)q, n = (uint64_t)rand_r(&seed) % 50;
        const size_t lp = strlen(p), lq = strlen(q);
        const int ch = "abzB\xe4q"[rand_r(&seed) % 6];
        ck_assert_uint_eq(stub_call(strings_strlen, a, 0, 0), lp);
        ck_assert_uint_eq(stub_call(strings_strnlen, a, n, 0), strnlen(p, n));
        ck_assert_int_eq(sign((int)stub_call(strings_strcmp, a, b, 0)), sign(strcmp(p, q)));
        ck_assert_int_eq(sign((int)stub_call(strings_strncmp, a, b, n)), sign(strncmp(p, q, n)));
        ck_assert_int_eq(sign((int)stub_call(strings_strcasecmp, a, b, 0)), sign(strcasecmp(p, q)));
        ck_assert_uint_eq(stub_call(strings_strchr, a, (uint64_t)ch, 0), (uint64_t)strchr(p, ch));
        ck_assert_uint_eq(stub_call(strings_strchr, a, 0, 0), (uint64_t)strchr(p, 0));
        ck_assert_uint_eq(stub_call(strings_strrchr, a, (uint64_t)ch, 0), (uint64_t)strrchr(p, ch));
        ck_assert_uint_eq(stub_call(strings_strchrnul, a, (uint64_t)ch, 0), (uint64_t)strchrnul(p, ch));
        ck_assert_uint_eq(stub_call(strings_memchr, a, (uint64_t)ch, lp), (uint64_t)memchr(p, ch, lp));
        ck_assert_uint_eq(stub_call(strings_memrchr, a, (uint64_t)ch, lp), (uint64_t)memrchr(p, ch, lp));
        const size_t m = lp < lq ? lp : lq;
        ck_assert_int_eq(sign((int)stub_call(strings_memcmp, a, b, m)), sign(memcmp(p, q, m)));
        memcpy((void *)left, q, lq + 1 < 8 ? lq + 1 : 8);
        ((char *)left)[3] = 0;
        const char *needle = (char *)left;
        ck_assert_uint_eq(stub_call(strings_strstr, a, left, 0), (uint64_t)strstr(p, needle));
        ck_assert_uint_eq(stub_call(strings_strcasestr, a, left, 0), (uint64_t)strcasestr(p, needle));
        ck_assert_uint_eq(stub_call(strings_strspn, a, left, 0), strspn(p, needle));
        ck_assert_uint_eq(stub_call(strings_strcspn, a, left, 0), strcspn(p, needle));
        ck_assert_uint_eq(stub_call(strings_strpbrk, a, left, 0), (uint64_t)strpbrk(p, needle));
    }
    ck_assert_int_eq(stub_errors, 0);
    ck_assert_uint_eq(stub_fault_at, 0);
}
END_TEST

START_TEST(copies)
{
    unsigned seed = 5;
    static char expected[AREA];
    for (int round = 0; round < 300; round++) {
        char *p = random_text(left + AREA, &seed);
        const size_t n = strlen(p), max = (size_t)rand_r(&seed) % 60;
        const uint64_t from = (uint64_t)p, to = right + AREA - n - 1;
        ck_assert_uint_eq(stub_call(strings_strcpy, to, from, 0), to);
        ck_assert_str_eq((char *)to, p);
        ck_assert_uint_eq(stub_call(strings_stpcpy, to, from, 0), to + n);
        memset(expected, 'x', 100);
        memset((void *)right, 'x', 100);
        strncpy(expected, p, max);
        ck_assert_uint_eq(stub_call(strings_strncpy, right, from, max), right);
        ck_assert_int_eq(memcmp((void *)right, expected, 100), 0);
        stub_call(strings_stpncpy, right, from, max);
        if (n < 40) {
            strcpy(expected, "begin");
            strcpy((char *)right, "begin");
            strncat(expected, p, max);
            strcat(expected, p);
            stub_call(strings_strncat, right, from, max);
            stub_call(strings_strcat, right, from, 0);
            ck_assert_str_eq((char *)right, expected);
            ck_assert_uint_eq(stub_call(strings_strlcpy, right, from, 10), n);
            ck_assert_uint_eq(strlen((char *)right), n < 9 ? n : 9);
        }
        ck_assert_uint_eq(stub_call(strings_memcpy, right, from, n), right);
        ck_assert_int_eq(memcmp((void *)right, p, n), 0);
        ck_assert_uint_eq(stub_call(strings_mempcpy, right, from, n), right + n);
        stub_call(strings_memset, right, 'q', n);
        for (size_t i = 0; i < n; i++)
            ck_assert_int_eq(((char *)right)[i], 'q');
    }
    for (int i = 0; i < 200; i++) { /* overlapping moves, both ways */
        for (int k = 0; k < 9000; k++)
            ((char *)left)[k] = expected[k] = (char)rand_r(&seed);
        const unsigned a = (unsigned)rand_r(&seed) % 300, b = (unsigned)rand_r(&seed) % 300, n = (unsigned)rand_r(&seed) % 8600;
        memmove(expected + a, expected + b, n);
        stub_call(strings_memmove, left + a, left + b, n);
        ck_assert_int_eq(memcmp((void *)left, expected, 9000), 0);
    }
    ck_assert_int_eq(stub_errors, 0);
    ck_assert_uint_eq(stub_fault_at, 0);
}
END_TEST

START_TEST(shadows_travel)
{
    const guest_addr a = alloc(NULL, 32), b = alloc("0123456789abcdef", 16);
    shadow_make_defined(a, 8);
    stub_call(strings_memcpy, b, a, 16);
    for (guest_addr i = 0; i < 16; i++)
        ck_assert_int_eq(*ng_v(b + i), i < 8 ? 0 : 0xff);
    stub_call(strings_memset, b + 8, 0, 4);
    ck_assert_int_eq(*ng_v(b + 11), 0);
    ck_assert_int_eq(*ng_v(b + 12), 0xff);
    registers_set_v(&stub_thread.s, X86_RSI, 0xff, 0);
    stub_call(strings_memset, b, 0, 4);
    ck_assert_int_eq(*ng_v(b), 0xff);
    registers_set_v(&stub_thread.s, X86_RSI, 0, 0);
    ck_assert_int_eq(stub_errors, 0);
    ck_assert_uint_eq(stub_thread.s.v.gpr[X86_RAX], 0);
}
END_TEST

START_TEST(reads_beyond_the_end)
{
    const guest_addr a = alloc("abcd", 4), b = alloc("abcdefgh", 9);
    ((char *)a)[4] = 'x'; /* in the redzone, where there is an end too */
    ((char *)a)[5] = 0;
    ck_assert_uint_eq(stub_call(strings_strlen, a, 0, 0), 5);
    ck_assert(stub_logged("Invalid read of size 1\n   trace 1\n Address 0x"));
    ck_assert(stub_logged(" is 0 bytes after a block of size 4 alloc'd"));
    ck_assert_int_eq(stub_errors, 2);
    stub_log_clear();
    stub_call(strings_memchr, a, 'd', 100);
    stub_call(strings_strchr, a, 'c', 0);
    stub_call(strings_strcmp, a, b, 0); /* differs in the redzone */
    ck_assert_int_eq(stub_errors, 1);
    ck_assert(stub_logged("Invalid read of size 1"));
    stub_log_clear();
    stub_call(strings_strcpy, a, b, 0);
    ck_assert_int_eq(stub_errors, 5);
    ck_assert(stub_logged("Invalid write of size 1"));
    stub_log_clear();
    const guest_addr c = alloc("0123456789abcdef0123456789abcdef", 32), d = alloc(NULL, 13);
    stub_call(strings_memcpy, d, c, 20);
    ck_assert(stub_logged("Invalid write of size 8\n"));
    ck_assert(stub_logged("Invalid write of size 2\n"));
    ck_assert_int_eq(stub_errors, 3);
    stub_log_clear();
    stub_call(strings_memcpy, c, d, 20); /* the second word is partly good */
    ck_assert_int_eq(stub_errors, 2);
    ck_assert(stub_logged("Invalid read of size 2\n"));
    stub_log_clear();
    stub_call(strings_memset, d, 0, 20);
    ck_assert_int_eq(stub_errors, 5);
    ck_assert(stub_logged("Invalid write of size 8\n"));
    uint8_t v;
    ck_assert(!shadow_get_byte(d + 14, &v));
}
END_TEST

START_TEST(undefined_text)
{
    const guest_addr u = alloc(NULL, 8), w = alloc("zzzzzzz", 8);
    memcpy((void *)u, "abc", 4);
    ck_assert_uint_eq(stub_call(strings_strlen, u, 0, 0), 3);
    ck_assert_int_eq(stub_errors, 4);
    ck_assert(stub_logged("Conditional jump or move depends on uninitialised value(s)"));
    ck_assert_uint_eq(stub_thread.s.v.gpr[X86_RAX], 0);
    stub_log_clear();
    stub_call(strings_memcmp, u, w, 8); /* the first byte decides */
    ck_assert_int_eq(stub_errors, 1);
    stub_log_clear();
    stub_call(strings_memcpy, w, u, 8);
    ck_assert_int_eq(stub_errors, 0);
    registers_set_v(&stub_thread.s, X86_RDX, ~0ull, 0);
    stub_call(strings_memcpy, w, u, 3);
    ck_assert_int_eq(stub_errors, 1);
    registers_set_v(&stub_thread.s, X86_RDI, 1, 0);
    stub_call(strings_strlen, w, 0, 0);
    ck_assert(stub_logged("Use of uninitialised value of size 8"));
}
END_TEST

START_TEST(overlaps)
{
    const guest_addr a = alloc("0123456\0xxxxxxx", 16);
    stub_call(strings_memmove, a, a + 1, 4);
    stub_call(strings_memcpy, a, a, 8);
    ck_assert_int_eq(stub_errors, 0);
    char expected[100];
    snprintf(expected, sizeof expected, "Source and destination overlap in memcpy(0x%lx, 0x%lx, 4)", a, a + 1);
    stub_call(strings_memcpy, a, a + 1, 4);
    ck_assert(stub_logged(expected));
    snprintf(expected, sizeof expected, "Source and destination overlap in strcpy(0x%lx, 0x%lx)\n", a, a + 1);
    stub_call(strings_strcpy, a, a + 1, 0);
    ck_assert(stub_logged(expected));
    stub_call(strings_strncpy, a, a + 1, 3);
    ck_assert(stub_logged("overlap in strncpy(0x"));
    ck_assert_int_eq(stub_errors, 3);
}
END_TEST

START_TEST(faults)
{
    memset((void *)left, 'a', AREA);
    stub_call(strings_strlen, left + 100, 0, 0);
    ck_assert_uint_eq(stub_fault_at, left + AREA);
    ck_assert(stub_logged("Invalid read of size 1"));
    ck_assert_uint_eq(stub_thread.s.gpr[X86_RAX], 0x5555);
    stub_log_clear();
    stub_call(strings_memcpy, right + AREA - 10, left, 5000);
    ck_assert_uint_eq(stub_fault_at, right + AREA);
    ck_assert(stub_logged("Invalid write of size 1"));
    ck_assert_int_eq(((char *)right)[AREA - 1], 'a');
    stub_log_clear();
    stub_call(strings_memcpy, right + 5, left + AREA - 3, 100);
    ck_assert_uint_eq(stub_fault_at, left + AREA);
    ck_assert(stub_logged("Invalid read of size 1"));
    ck_assert_int_eq(((char *)right)[7], 'a');
    stub_log_clear();
    stub_call(strings_strlen, 1ull << 60, 0, 0);
    ck_assert_uint_eq(stub_fault_at, 1ull << 60);
    stub_call(strings_memset, ng_strip_size, 0, 10);
    ck_assert_uint_eq(stub_fault_at, ng_strip_size);
    stub_call(strings_memcpy, right, 3 * ng_strip_size, 10);
    ck_assert_uint_eq(stub_fault_at, 3 * ng_strip_size);
    stub_call(strings_memcpy, right, left, SIZE_MAX);
    ck_assert_uint_eq(stub_fault_at, left + AREA);
    stub_call(strings_wmemcpy, right, left, SIZE_MAX / 2);
    ck_assert_uint_eq(stub_fault_at, left + AREA);
}
END_TEST

START_TEST(wide)
{
    wchar_t *w = (wchar_t *)alloc((const char *)L"hello", 24);
    const guest_addr a = (guest_addr)w, b = alloc(NULL, 24);
    ck_assert_uint_eq(stub_call(strings_wcslen, a, 0, 0), 5);
    ck_assert_uint_eq(stub_call(strings_wcsnlen, a, 3, 0), 3);
    ck_assert_uint_eq(stub_call(strings_wcscpy, b, a, 0), b);
    ck_assert_int_eq(wcscmp((wchar_t *)b, L"hello"), 0);
    ck_assert(shadow_is_clean(b, 24));
    ck_assert_int_eq((int)stub_call(strings_wcscmp, a, b, 0), 0);
    ck_assert_uint_eq(stub_call(strings_wcschr, a, L'l', 0), a + 8);
    ck_assert_uint_eq(stub_call(strings_wcsrchr, a, L'l', 0), a + 12);
    ck_assert_uint_eq(stub_call(strings_wmemchr, a, L'o', 6), a + 16);
    stub_call(strings_wmemset, b, L'x', 6);
    ck_assert_int_eq(((wchar_t *)b)[5], L'x');
    ck_assert_int_eq((int)stub_call(strings_wmemcmp, a, b, 6), -1);
    stub_call(strings_wcsncpy, b, a, 6);
    ck_assert_int_eq((int)stub_call(strings_wcsncmp, a, b, 6), 0);
    ck_assert_int_eq(stub_errors, 0);
    const guest_addr c = alloc(NULL, 16);
    stub_call(strings_wcscpy, c, a, 0);
    ck_assert(stub_logged("Invalid write of size 4"));
    ck_assert_int_eq(stub_errors, 2);
}
END_TEST

/* ---- the fast ways ---- */

extern const struct ng_redirect strings_redirects[];
static unsigned scene_seed;
static unsigned any(unsigned n) { return (unsigned)rand_r(&scene_seed) % n; }

/* Near the end of a page, or anywhere. */
static guest_addr any_place(guest_addr area)
{
    const guest_addr end = area + PAGE * (1 + any(4));
    return any(3) ? end - any(80) : area + any(AREA);
}

static void spoil(guest_addr a, size_t n)
{
    switch (any(6)) {
    case 0: shadow_make_noaccess(a, n); break;
    case 1: shadow_make_undefined(a, n, 4 * any(1000) + ORIGIN_HEAP); break;
    case 2: memset(ng_v(a), VPAT_FRESH, n); break;
    case 3: shadow_set_byte(a, 0x10); break;
    case 4: shadow_set_byte(a, VPAT_NOACCESS); break; /* genuine */
    case 5: shadow_set_byte(a, VPAT_FRESH); break;
    }
}

/* Memory, shadows and arguments that follow from the seed. */
static void make_scene(unsigned seed, uint64_t args[4])
{
    const guest_addr area[2] = { left, right };
    scene_seed = seed;
    for (int k = 0; k < 2; k++) {
        uint8_t *p = (uint8_t *)area[k];
        memset(p, 'a', AREA);
        for (unsigned n = any(200); n > 0; n--)
            p[any(AREA)] = 'b';
        for (unsigned n = any(2) ? AREA / 40 : AREA / 3000; n > 0; n--)
            p[any(AREA)] = 0;
        if (any(8))
            p[AREA - 1] = 0;
        shadow_make_defined(area[k], AREA);
    }
    args[0] = any_place(left);
    args[1] = any(4) == 0 ? args[0] + any(200) - 100 : any_place(any(8) ? right : left);
    if (any(3) == 0) { /* the same text in both */
        const size_t room = left + AREA - args[0], there = args[1] >= right ? right + AREA - args[1] : 0;
        memcpy((void *)args[1], (void *)args[0], there < room ? there : room);
    }
    args[2] = any(4) ? any(70) : any(3 * PAGE);
    args[3] = args[2] + any(3) - 1;
    for (unsigned n = any(2) ? any(4) : 0; n > 0; n--) {
        guest_addr a = args[any(2)] + any(args[2] + 40);
        const size_t size = 1 + any(40);
        if ((a >= left && a + size <= left + AREA) || (a >= right && a + size <= right + AREA))
            spoil(a, size);
    }
}

struct scene { uint8_t bytes[2][AREA], v[2][AREA]; uint32_t o[2][AREA / 4]; };

static void look_at_scene(struct scene *s)
{
    const guest_addr area[2] = { left, right };
    for (int k = 0; k < 2; k++) {
        memcpy(s->bytes[k], (void *)area[k], AREA);
        memcpy(s->v[k], ng_v(area[k]), AREA);
        memcpy(s->o[k], ng_o(area[k]), AREA);
    }
}

/* Origins say something of undefined bytes only. */
static bool same_scene(const struct scene *a, const struct scene *b)
{
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < AREA; i += 4) {
            static const uint8_t none[4];
            if (memcmp(a->v[k] + i, none, 4) && a->o[k][i / 4] != b->o[k][i / 4])
                return false;
        }
    return !memcmp(a->bytes, b->bytes, sizeof a->bytes) && !memcmp(a->v, b->v, sizeof a->v);
}

/* A register argument of the row: bytes of a register that is no pointer or count may be anything. */
static void fit_arguments(const struct ng_redirect *r, uint64_t args[4])
{
    const bool looks = strstr(r->symbol, "chr") || strstr(r->symbol, "index");
    if (looks || strstr(r->symbol, "memset"))
        args[1] = 0xabcdef00ull + "ab\0z"[any(4)];
    if (!strcmp(r->symbol, "strnlen"))
        args[1] = args[2];
}

/* Not done, or done exactly as the hook does it, which then has nothing to report. */
static bool fast_agrees(const struct ng_redirect *r, unsigned seed)
{
    static struct scene before, fast, careful;
    sigjmp_buf here;
    uint64_t args[4];
    volatile bool faulted = true;
    struct ng_fast result = { 0, 0 };
    make_scene(seed, args);
    fit_arguments(r, args);
    look_at_scene(&before);
    stub_log_clear();
    stub_recover = &here;
    if (!sigsetjmp(here, 1)) {
        result = r->fast(args[0], args[1], args[2], args[3]);
        faulted = false;
    }
    stub_recover = NULL;
    look_at_scene(&fast);
    ck_assert_int_eq(stub_errors, 0);
    if (faulted || !result.done) {
        ck_assert_msg(faulted || same_scene(&before, &fast), "%s declines, seed %u, but has changed something", r->symbol, seed);
        return false;
    }
    make_scene(seed, args);
    fit_arguments(r, args);
    stub_thread.s.gpr[X86_RCX] = args[3];
    const uint64_t value = stub_call(r->hook, args[0], args[1], args[2]);
    look_at_scene(&careful);
    ck_assert_msg(value == result.value, "%s, seed %u: %lx, not %lx", r->symbol, seed, (long)result.value, (long)value);
    ck_assert_msg(stub_errors == 0 && !stub_fault_at, "%s, seed %u: done, but %s", r->symbol, seed, stub_log);
    ck_assert_msg(same_scene(&careful, &fast), "%s, seed %u: another outcome", r->symbol, seed);
    return true;
}

START_TEST(fast_ways_agree_with_hooks)
{
    enum { ROUNDS = 100 };
    mc_options.track_origins = _i & 1;
    for (const struct ng_redirect *r = strings_redirects; r->symbol; r++) {
        int done = 0;
        for (unsigned round = 0; r->fast && round < ROUNDS; round++)
            done += fast_agrees(r, 100000 * (unsigned)_i + round);
        ck_assert_msg(!r->fast || done > ROUNDS / 6, "%s: %d of %d done", r->symbol, done, ROUNDS);
    }
}
END_TEST

/* What generated code gives it are whole registers, and any of them. */
START_TEST(fast_ways_decline)
{
    const uint64_t outside = ng_strip_size + 5, wild = 0x8000000000000000;
    ck_assert(!fast_strlen(outside, 0, 0, 0).done);
    ck_assert(!fast_strlen(wild, 0, 0, 0).done);
    ck_assert(!fast_memcpy(left, outside, 8, 0).done);
    ck_assert(!fast_memcpy(wild, left, 8, 0).done);
    ck_assert(!fast_memcpy(left, right, UINT64_MAX, 0).done);
    ck_assert(!fast_memcpy(left, left + 7, 8, 0).done);
    ck_assert(!fast_memset(left, 0, UINT64_MAX - 3, 0).done);
    ck_assert(!fast_memcmp(left, outside, 8, 0).done);
    ck_assert(!fast_strcmp(wild, left, 0, 0).done);
    ck_assert(!fast_memchr(wild, 0, 8, 0).done);
    ck_assert(!fast_memcpy_chk(left, right, 8, 7).done);
    ck_assert(fast_memcpy(wild, outside, 0, 0).done);
    ck_assert(fast_memcmp(left, right, 0, 0).done);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("strings");
    TCase *c = tcase_create("strings");
    tcase_add_checked_fixture(c, setup, NULL);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, same_results_as_libc, 0, 4);
    tcase_add_test(c, copies);
    tcase_add_test(c, shadows_travel);
    tcase_add_test(c, reads_beyond_the_end);
    tcase_add_test(c, undefined_text);
    tcase_add_test(c, overlaps);
    tcase_add_test(c, faults);
    tcase_add_test(c, wide);
    tcase_add_loop_test(c, fast_ways_agree_with_hooks, 0, 4);
    tcase_add_test(c, fast_ways_decline);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
