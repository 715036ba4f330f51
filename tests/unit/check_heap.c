/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: memcheck/heap_spans.c memcheck/heap_blocks.c memcheck/heap_lazy.c memcheck/heap_custom.c memcheck/heap_describe.c
 *        memcheck/heap_hooks.c memcheck/heap_cxx.c memcheck/leak.c memcheck/leak_search.c memcheck/leak_records.c
 *        memcheck/leak_heuristics.c memcheck/requests.c memcheck/shadow.c memcheck/shadow_side.c memcheck/registers.c
 *        memcheck/errors.c memcheck/errors_print.c memcheck/options.c */
#include <pthread.h>
#include "memcheck_stubs.h"
#include "../../memcheck/heap.h"

static guest_addr alloc(uint64_t n) { return stub_call(heap_malloc, n, 0, 0); }
static void release(guest_addr a) { stub_call(heap_free, a, 0, 0); }
static bool noaccess(guest_addr a) { uint8_t v; return !shadow_get_byte(a, &v); }

START_TEST(classes_cover_all_sizes)
{
    for (uint64_t n = 1; n <= HEAP_SMALL_MAX; n++) {
        const int c = heap_class_of(n);
        ck_assert_int_lt(c, HEAP_CLASSES);
        ck_assert_uint_ge(heap_class_size(c), n);
        ck_assert(c == 0 || heap_class_size(c - 1) < n);
        ck_assert_uint_eq(heap_class_size(c) % 16, 0);
    }
}
END_TEST

/* The short way to a record leads where the division does, from any byte of a slot; a tail is no slot. */
START_TEST(slots_by_address)
{
    for (int class = heap_class_of(2 * heap_redzone); class < HEAP_CLASSES; class++) {
        const uint64_t size = heap_class_size(class);
        const guest_addr a = alloc(size - 2 * heap_redzone);
        const struct heap_span *s = heap_span_at(a);
        ck_assert_uint_eq(s->slot_size, size);
        ck_assert_int_eq(s->class, class);
        for (uint32_t i = 0; i < s->n_slots; i++) {
            const guest_addr first = s->start + i * size, last = first + size - 1;
            struct heap_block *b = i < s->n_used ? &s->blocks[i] : NULL;
            ck_assert_ptr_eq(heap_slot_at(first), b);
            ck_assert_ptr_eq(heap_slot_at(last), b);
            if (size <= 8192) {
                ck_assert_ptr_eq(heap_quick_at(first).block, &s->blocks[i]);
                ck_assert_ptr_eq(heap_quick_at(last).block, &s->blocks[i]);
                ck_assert_int_eq(heap_quick_at(last).class, class);
            } else {
                ck_assert_ptr_null(heap_quick_at(first).block);
            }
        }
        if (s->n_slots * size < s->size)
            ck_assert_ptr_null(heap_slot_at(s->start + s->size - 1));
    }
    ck_assert_ptr_null(heap_slot_at(1ull << 47));
    ck_assert_ptr_null(heap_quick_at(0).block);
}
END_TEST

START_TEST(malloc_marks_shadow)
{
    for (uint64_t n = 0; n < 300000; n = n * 3 / 2 + 1) {
        const guest_addr a = alloc(n);
        ck_assert_uint_ne(a, 0);
        ck_assert_uint_eq(a % 16, 0);
        for (int i = 1; i <= 16; i++)
            ck_assert(noaccess(a - (guest_addr)i) && noaccess(a + n + (guest_addr)i - 1));
        for (uint64_t i = 0; i < n; i++)
            ck_assert_int_eq(*ng_v(a + i), shadow_fresh_pattern());
        ck_assert_uint_eq(stub_call(heap_usable_size, a, 0, 0), n);
        release(a);
        for (uint64_t i = 0; i < n; i++)
            ck_assert(noaccess(a + i));
        ck_assert_uint_eq(stub_call(heap_usable_size, a, 0, 0), 0);
    }
    ck_assert_int_eq(stub_errors, 0);
}
END_TEST

START_TEST(calloc_is_zero_and_defined)
{
    mc_options.freelist_vol = 0; /* reuse at once */
    for (int round = 0; round < 200; round++) {
        const guest_addr a = stub_call(heap_calloc, 7, 11, 0);
        for (int i = 0; i < 77; i++) {
            ck_assert_int_eq(((char *)a)[i], 0);
            ck_assert_int_eq(*ng_v(a + (guest_addr)i), 0);
        }
        memset((void *)a, 0xaa, 77);
        release(a);
    }
    ck_assert_uint_eq(stub_call(heap_calloc, 1ull << 33, 1ull << 33, 0), 0);
    ck_assert_int_eq(stub_errors, 0);
}
END_TEST

START_TEST(realloc_moves_contents_and_shadow)
{
    const guest_addr a = alloc(10);
    memcpy((void *)a, "abcdefghij", 10);
    shadow_make_defined(a, 5);
    const guest_addr b = stub_call(heap_realloc, a, 20, 0);
    ck_assert_uint_ne(a, b);
    ck_assert_int_eq(memcmp((void *)b, "abcdefghij", 10), 0);
    for (guest_addr i = 0; i < 20; i++) {
        uint8_t v = 1;
        ck_assert(shadow_get_byte(b + i, &v));
        ck_assert_int_eq(v, i < 5 ? VPAT_DEFINED : VPAT_UNDEFINED);
    }
    ck_assert(noaccess(a) && noaccess(b + 20));
    const guest_addr c = stub_call(heap_realloc, b, 3, 0);
    ck_assert(noaccess(c + 3));
    ck_assert_uint_eq(stub_call(heap_realloc, c, 0, 0), 0);
    ck_assert(stub_logged("realloc() with size 0"));
    ck_assert_uint_eq(stub_call(heap_realloc, c, 5, 0), 0);
    ck_assert(stub_logged("Invalid free()"));
}
END_TEST

/* Undefined bytes of blocks come from where these were allocated, wherever they were copied to since. */
START_TEST(origins_of_blocks)
{
    enum { KINDS = 3 };
    static const int keeps[KINDS] = { KEEP_ALLOC_AND_FREE, KEEP_FREE, KEEP_NONE };
    if (!mc_options.track_origins)
        return;
    for (int k = 0; k < KINDS; k++) {
        for (uint64_t n = 11; n < 2 << 20; n = n * 7 + 1) {
            mc_options.keep_stacktraces = keeps[k];
            stub_trace = 50;
            const guest_addr a = alloc(n);
            stub_trace = 51;
            const guest_addr b = stub_call(heap_realloc, a, n + 40, 0);
            stub_trace = 52;
            const guest_addr c = alloc(n), d = alloc(n + 100);
            shadow_copy_values(c, d + 1, n);
            shadow_set_byte(c + 2, 1); /* one byte of a word that nobody has looked at */
            for (guest_addr i = 0; i < n; i += i < n - 1 && n - 1 - i < 1000 ? 1 : 1 + i) {
                ck_assert_uint_eq(shadow_origin(b + i) >> 2, 50);
                ck_assert_uint_eq(shadow_origin(d + 1 + i) & 3, ORIGIN_HEAP);
                ck_assert_uint_eq(shadow_origin(c + i) >> 2, 52);
            }
            ck_assert_uint_eq(shadow_origin((b + n + 3) & ~3ull) >> 2, 51);
            ck_assert_uint_eq(shadow_origin(b + n + 39) >> 2, 51);
            ck_assert_uint_eq(shadow_origin(d + n + 99) >> 2, 52);
            release(b);
            release(c);
            release(d);
        }
    }
    ck_assert_int_eq(stub_errors, 0);
}
END_TEST

START_TEST(frees_that_are_wrong)
{
    const guest_addr a = alloc(10);
    stub_trace = 2;
    release(a);
    stub_trace = 3;
    release(a);
    ck_assert(stub_logged("Invalid free() / delete / delete[] / realloc()\n   trace 3\n Address 0x"));
    ck_assert(stub_logged(" is 0 bytes inside a block of size 10 free'd\n   trace 2\n Block was alloc'd at\n   trace 1\n"));
    stub_log_clear();
    const guest_addr b = alloc(100);
    release(b + 8);
    ck_assert(stub_logged("is 8 bytes inside a block of size 100 alloc'd"));
    stub_log_clear();
    stub_call(heap_delete, b, 0, 0);
    ck_assert(stub_logged("Mismatched free() / delete / delete []"));
    ck_assert_int_eq(stub_errors, 1);
    release(0);
    release(0x1000);
    ck_assert_int_eq(stub_errors, 2);
    ck_assert(stub_logged("is not stack'd"));
}
END_TEST

START_TEST(cxx_pairs)
{
    guest_addr a = stub_call(heap_new, 24, 0, 0);
    stub_call(heap_delete_sized, a, 24, 0);
    a = stub_call(heap_new_array, 24, 0, 0);
    stub_call(heap_delete_array, a, 0, 0);
    a = stub_call(heap_new_aligned, 24, 64, 0);
    ck_assert_uint_eq(a % 64, 0);
    stub_call(heap_delete_aligned, a, 64, 0);
    ck_assert_int_eq(stub_errors, 0);
    a = stub_call(heap_new, 24, 0, 0);
    stub_call(heap_delete_sized, a, 25, 0);
    ck_assert(stub_logged("Mismatched new/delete size value: 25"));
    a = stub_call(heap_new_array, 24, 0, 0);
    stub_call(heap_delete_array_sized, a, 20, 0);
    ck_assert(stub_logged("Mismatched new[][/delete[] size value: 20"));
    a = stub_call(heap_new_aligned, 24, 64, 0);
    stub_call(heap_delete_aligned, a, 32, 0);
    ck_assert(stub_logged("Mismatched new/delete alignment alloc value: 64 dealloc value: 32"));
    a = stub_call(heap_new_aligned, 24, 64, 0);
    stub_call(heap_delete, a, 0, 0);
    ck_assert(stub_logged("alloc value: 64 dealloc value: default-aligned"));
    stub_log_clear();
    a = stub_call(heap_new_array, 24, 0, 0);
    stub_call(heap_delete, a, 0, 0);
    ck_assert(stub_logged("Mismatched free() / delete / delete []"));
    ck_assert_uint_eq(stub_call(heap_new_nothrow, 1ull << 62, 0, 0), 0);
    ck_assert_uint_eq(stub_call(heap_new_array_nothrow, (uint64_t)-5, 0, 0), 0);
    ck_assert(stub_logged("Argument 'size' of function __builtin_vec_new has a fishy (possibly negative) value: -5"));
}
END_TEST

START_TEST(alignments)
{
    for (uint64_t align = 16; align <= 1 << 20; align *= 2) {
        const guest_addr a = stub_call(heap_memalign, align, 100, 0);
        ck_assert_uint_eq(a % align, 0);
        for (int i = 1; i <= 16; i++)
            ck_assert(noaccess(a - (guest_addr)i) && noaccess(a + 99 + (guest_addr)i));
        release(a);
    }
    guest_addr *slot = (guest_addr *)alloc(8);
    ck_assert_uint_eq(stub_call(heap_posix_memalign, (uint64_t)slot, 256, 50), 0);
    ck_assert_uint_eq(*slot % 256, 0);
    ck_assert(shadow_is_clean((guest_addr)slot, 8));
    ck_assert_int_eq(stub_errors, 0);
    ck_assert_uint_eq(stub_call(heap_posix_memalign, (uint64_t)slot, 7, 50), 22);
    ck_assert(stub_logged("Invalid alignment value: 7 (should be non-zero, a power of 2 and a multiple of sizeof(void*))"));
    ck_assert_uint_eq(stub_call(heap_aligned_alloc, 48, 96, 0), 0);
    ck_assert(stub_logged("Invalid alignment value: 48 (should be a power of 2)"));
    ck_assert_uint_ne(stub_call(heap_aligned_alloc, 32, 50, 0), 0);
    ck_assert(stub_logged("Invalid size value: 50 alignment value: 32 (size should be a multiple of alignment)"));
    ck_assert_uint_ne(stub_call(heap_memalign, 32, 0, 0), 0);
    ck_assert(stub_logged("Unsafe allocation with size of zero is implementation-defined"));
}
END_TEST

/* A block is not reused before --freelist-vol bytes were freed after it. */
START_TEST(quarantine_delays_reuse)
{
    mc_options.freelist_vol = 100000;
    const guest_addr a = alloc(1000);
    release(a);
    uint64_t freed = 0;
    bool reused = false;
    for (int i = 0; i < 1000 && !reused; i++) {
        const guest_addr b = alloc(1000);
        reused = a == b;
        if (!reused) {
            release(b);
            freed += 1000;
        }
    }
    ck_assert(reused);
    ck_assert_uint_ge(freed, 80000);
    for (int i = 0; i < 100000; i++) /* empty blocks do not pile up */
        release(alloc(0));
    const guest_addr big = alloc(50 << 20);
    release(big);
    struct ng_segment g;
    ck_assert(!ng_segment_at(big, &g)); /* given back */
    ck_assert_int_eq(*ng_v(big), 0);
    ck_assert_int_eq(stub_errors, 0);
}
END_TEST

static long resident_pages(void)
{
    long size, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%ld %ld", &size, &resident) != 2)
        ck_abort_msg("statm");
    fclose(f);
    return resident;
}

START_TEST(huge_blocks_cost_nothing_untouched)
{
    const uint64_t n = 5ull << 30;
    const long before = resident_pages();
    const guest_addr a = alloc(n), z = stub_call(heap_calloc, 1, n, 0);
    ck_assert(noaccess(a - 1) && noaccess(a + n) && !noaccess(a + n - 1));
    ck_assert_int_eq(*ng_v(a), shadow_fresh_pattern());
    ck_assert_int_eq(*ng_v(a + n / 2), shadow_fresh_pattern());
    ck_assert_int_eq(*ng_v(a + n - 1), shadow_fresh_pattern());
    ck_assert(shadow_is_clean(z + n / 2, 4096) && noaccess(z - 1) && noaccess(z + n));
    shadow_make_defined(a + (100 << 20) + 5, 20 << 20);
    ck_assert(shadow_is_clean(a + (100 << 20) + 5, 20 << 20));
    ck_assert_int_eq(*ng_v(a + (100 << 20) + 4), shadow_fresh_pattern());
    ck_assert_int_eq(*ng_v(a + (120 << 20) + 5), shadow_fresh_pattern());
    shadow_set_byte(a + 12345, 7);
    ck_assert_int_eq(*ng_v(a + 12345 + (4 << 20)), shadow_fresh_pattern()); /* the file itself is unchanged */
    release(a);
    release(z);
    ck_assert_int_eq(*ng_v(a + n / 2), 0);
    ck_assert_int_lt(resident_pages() - before, 20000);
    mc_options.freelist_vol = 1 << 30;
    const guest_addr b = alloc(10 << 20);
    release(b);
    ck_assert(noaccess(b) && noaccess(b + (5 << 20)));
}
END_TEST

static bool all_are(const uint8_t *p, uint8_t value, uint64_t n) { return *p == value && !memcmp(p, p + 1, n - 1); }

/* A large mapping serves one block after the other. */
START_TEST(large_blocks_again)
{
    enum { N = 3 << 20 };
    mc_options.freelist_vol = 0; /* reuse at once */
    guest_addr before = 0;
    for (int round = 0; round < 12; round++) {
        const bool zeroed = round % 3 == 1;
        const uint64_t n = N - (uint64_t)(round % 4) * 1000;
        const guest_addr a = zeroed ? stub_call(heap_calloc, 1, n, 0) : alloc(n);
        if (before)
            ck_assert_uint_eq(a, before);
        before = a;
        for (int i = 1; i <= 16; i++)
            ck_assert(noaccess(a - (guest_addr)i) && noaccess(a + n + (guest_addr)i - 1));
        ck_assert(all_are(ng_v(a), zeroed ? 0 : shadow_fresh_pattern(), n));
        ck_assert(!zeroed || all_are((uint8_t *)a, 0, n));
        memset((char *)a, 1, n);
        shadow_make_defined(a, n);
        ck_assert(shadow_is_clean(a, n) && noaccess(a + n) && noaccess(a - 1));
        release(a);
        ck_assert(all_are(ng_v(a), VPAT_NOACCESS, n));
    }
    /* what the program has changed is not used again */
    for (int i = 0; i < stub_n_segments; i++)
        if (stub_segments[i].start <= before && before < stub_segments[i].end)
            stub_segments[i].prot = NG_PROT_R;
    ck_assert_uint_ne(alloc(N), before);
    ck_assert_int_eq(*ng_v(before + N / 2), 0);
    ck_assert_int_eq(stub_errors, 0);
}
END_TEST

START_TEST(descriptions)
{
    const guest_addr a = alloc(20);
    errors_addr(NULL, a + 20, 4, true);
    ck_assert(stub_logged("Invalid write of size 4\n   trace 1\n Address 0x"));
    ck_assert(stub_logged(" is 0 bytes after a block of size 20 alloc'd\n   trace 1\n"));
    errors_addr(NULL, a - 3, 1, false);
    ck_assert(stub_logged(" is 3 bytes before a block of size 20 alloc'd"));
    errors_addr(NULL, a + 5, 1, false);
    ck_assert(stub_logged(" is 5 bytes inside a block of size 20 alloc'd"));
    const guest_addr big = alloc(2000000);
    errors_addr(NULL, big + 2000005, 1, false);
    ck_assert(stub_logged(" is 5 bytes after a block of size 2,000,000 alloc'd"));
}
END_TEST

static void request(uint64_t code, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    const uint64_t args[6] = { code, a, b, c, d, 0 };
    uint64_t result = 0;
    ck_assert(requests_handle(&stub_thread, args, &result));
}

START_TEST(custom_blocks)
{
    const guest_addr m = stub_map(0x3000000000, 65536, NG_SEG_ANON);
    request(0x1301, m + 64, 32, 16, 0);
    request(0x1301, m + 256, 32, 16, 1);
    ck_assert(noaccess(m + 63) && noaccess(m + 96) && noaccess(m + 111) && !noaccess(m + 112));
    ck_assert_int_eq(*ng_v(m + 64), 0xff);
    ck_assert_int_eq(*ng_v(m + 256), 0);
    request(0x130b, m + 64, 32, 48, 16);
    ck_assert(!noaccess(m + 111) && noaccess(m + 112));
    request(0x130b, m + 64, 48, 16, 16);
    ck_assert(noaccess(m + 80) && noaccess(m + 111));
    request(0x1302, m + 64, 16, 0, 0);
    errors_addr(NULL, m + 65, 1, true);
    ck_assert(stub_logged(" is 1 bytes inside a block of size 16 free'd"));
    request(0x1302, m + 64, 16, 0, 0);
    ck_assert(stub_logged("Invalid free()"));
    release(m + 256);
    ck_assert(stub_logged("Mismatched free()"));
    const struct heap_totals n = heap_totals();
    ck_assert_uint_eq(n.allocs, 2);
    ck_assert_uint_eq(n.frees, 3);
    ck_assert_uint_eq(n.live_blocks, 0);
}
END_TEST

START_TEST(mempools)
{
    const guest_addr m = stub_map(0x3000000000, 65536, NG_SEG_ANON);
    request(0x1303, m, 8, 0, 0);
    request(0x1305, m, m + 1024, 100, 0);
    request(0x1305, m, m + 1200, 100, 0);
    errors_addr(NULL, m + 1124, 1, true);
    ck_assert(stub_logged(" is 0 bytes after a block of size 100 client-defined"));
    request(0x1306, m, m + 1024, 0, 0);
    ck_assert(noaccess(m + 1024));
    request(0x1306, m, m + 1024, 0, 0);
    ck_assert(stub_logged("Invalid free()"));
    request(0x1305, m + 8, m + 1024, 0, 0);
    ck_assert(stub_logged("Illegal memory pool address"));
    request(0x1305, m, m + 1400, 100, 0);
    request(0x1307, m, m + 1250, 200, 0);
    ck_assert(noaccess(m + 1249) && !noaccess(m + 1250) && !noaccess(m + 1449) && noaccess(m + 1450));
    request(0x1304, m, 0, 0, 0);
    ck_assert(noaccess(m + 1250));
    ck_assert(!heap_pool_exists(m));
}
END_TEST

START_TEST(client_checks)
{
    const guest_addr a = alloc(32);
    uint64_t result = 0;
    request(0x4d430002, a, 32, 0, 0);
    request(0x4d430001, a + 8, 8, 0, 0);
    const uint64_t check[6] = { 0x4d430005, a, 32 };
    ck_assert(requests_handle(&stub_thread, check, &result));
    ck_assert_uint_eq(result, a + 8);
    ck_assert(stub_logged("Uninitialised byte(s) found during client check request"));
    request(0x4d430000, a + 4, 1, 0, 0);
    ck_assert(requests_handle(&stub_thread, check, &result));
    ck_assert_uint_eq(result, a + 4);
    ck_assert(stub_logged("Unaddressable byte(s) found during client check request"));
    stub_log_clear();
    request(0x4d43000e, a + 32, 8, 0, 0);
    errors_addr(NULL, a + 33, 1, false);
    ck_assert_int_eq(stub_errors, 0);
    request(0x4d43000d, a + 32, 4, 0, 0);
    errors_addr(NULL, a + 37, 1, false);
    ck_assert_int_eq(stub_errors, 0);
    errors_addr(NULL, a + 33, 1, false);
    ck_assert_int_eq(stub_errors, 1);
}
END_TEST

/* Threads allocate, and free each other's blocks. */
enum { THREADS = 4, ROUNDS = 20000, SHARED = 256 };
static _Atomic guest_addr shared[SHARED];
static void *churn(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    struct ng_thread *t = &stub_thread;
    for (int i = 0; i < ROUNDS; i++) {
        struct x86_state s;
        memset(&s.v, 0, sizeof s.v);
        seed = seed * 1103515245 + 12345;
        s.gpr[X86_RDI] = (seed >> 8) % 2000;
        heap_malloc(t, &s);
        *(uint64_t *)s.gpr[X86_RAX] = i;
        s.gpr[X86_RDI] = atomic_exchange(&shared[(seed >> 20) % SHARED], s.gpr[X86_RAX]);
        heap_free(t, &s);
    }
    return NULL;
}
START_TEST(threads)
{
    pthread_t id[THREADS];
    mc_options.freelist_vol = 50000;
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&id[i], NULL, churn, (void *)(i + 1));
    for (int i = 0; i < THREADS; i++)
        pthread_join(id[i], NULL);
    const struct heap_totals n = heap_totals();
    ck_assert_uint_eq(n.allocs, THREADS * ROUNDS);
    ck_assert_int_eq(stub_errors, 0);
    ck_assert_uint_le(n.live_blocks, SHARED);
    for (int i = 0; i < SHARED; i++)
        release(shared[i]);
    ck_assert_uint_eq(heap_totals().live_bytes, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("heap");
    TCase *c = tcase_create("heap");
    tcase_add_checked_fixture(c, stub_init, NULL);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, classes_cover_all_sizes);
    tcase_add_test(c, slots_by_address);
    tcase_add_test(c, malloc_marks_shadow);
    tcase_add_test(c, calloc_is_zero_and_defined);
    tcase_add_test(c, realloc_moves_contents_and_shadow);
    tcase_add_test(c, origins_of_blocks);
    tcase_add_test(c, frees_that_are_wrong);
    tcase_add_test(c, cxx_pairs);
    tcase_add_test(c, alignments);
    tcase_add_test(c, quarantine_delays_reuse);
    tcase_add_test(c, huge_blocks_cost_nothing_untouched);
    tcase_add_test(c, large_blocks_again);
    tcase_add_test(c, descriptions);
    tcase_add_test(c, custom_blocks);
    tcase_add_test(c, mempools);
    tcase_add_test(c, client_checks);
    tcase_add_test(c, threads);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
