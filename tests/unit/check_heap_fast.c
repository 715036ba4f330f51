/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fast ways of the heap's hooks against the hooks: the same calls, one process with and one without, and everything
 * that can be seen of the blocks afterwards.
 * needs: as check_heap */
#include <pthread.h>
#include <sys/wait.h>
#include "memcheck_stubs.h"
#include "../../memcheck/heap.h"

enum { CALLS = 3000, KEPT = 64 };
static const struct function { const char *name; ng_hook_fn hook; ng_fast_fn fast; bool allocates; int size_at; } functions[] = {
    { "malloc", heap_malloc, heap_fast_malloc, true, 0 },
    { "calloc", heap_calloc, heap_fast_calloc, true, 1 },
    { "realloc", heap_realloc, heap_fast_realloc, true, 1 },
    { "free", heap_free, heap_fast_free, false, 0 },
    { "new", heap_new_nothrow, heap_fast_new, true, 0 },
    { "new[]", heap_new_array_nothrow, heap_fast_new_array, true, 0 },
    { "delete", heap_delete, heap_fast_delete, false, 0 },
    { "delete sized", heap_delete_sized, heap_fast_delete_sized, false, 1 },
    { "delete[]", heap_delete_array, heap_fast_delete_array, false, 0 },
    { "delete[] sized", heap_delete_array_sized, heap_fast_delete_array_sized, false, 1 },
    { "memalign", heap_memalign, NULL, true, 1 },
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* What a call leaves behind. */
struct outcome {
    uint64_t result;
    int function, errors;
    struct heap_totals totals;
    struct heap_block freed, made;       /* their records */
    uint64_t contents, v_freed, v_made;  /* sums; V with what is around the block */
    uint64_t tags;                       /* of undefined bytes */
};
static struct outcome (*outcomes)[CALLS]; /* of both processes */
static int *n_fast;                      /* calls of each function that were done the fast way */

static struct { guest_addr a; uint64_t size; int function; } kept[KEPT];
static uint64_t random_state;
static uint64_t any(uint64_t n)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (random_state >> 33) % n;
}

static uint64_t sum_of(const uint8_t *p, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum = sum * 31 + p[i];
    return sum;
}

/* A word that is shared by bytes of two origins has one tag, and whose that is depends on which is asked for first: so tags are compared
 * of blocks of whole words. */
static bool whole_words;

static uint64_t small_size(void) { return whole_words ? 4 * any(30) : any(120); }

static uint64_t any_size(void)
{
    switch (any(16)) {
    case 0: return 0;
    case 1: return whole_words ? 4 * any(1ull << 18) : any(1ull << 20);
    case 2: return 1000 + (whole_words ? 4 * any(12) : any(50));
    case 3: return any(10) ? (whole_words ? 4 : 1) : ~any(1000);
    default: return small_size();
    }
}

static void look(guest_addr a, struct heap_block *record, uint64_t *v)
{
    const struct heap_block *b = a ? heap_slot_at(a) : NULL;
    if (!b)
        return;
    *record = *b;
    record->leak_index = 0;
    record->inherited = 0; /* the fast way of realloc leaves bytes fresh that the hook gives tags: tags_of looks at both */
    if (b->state == HEAP_LIVE)
        record->origin_trace = 0;
    *v = 0;
    for (guest_addr i = b->addr - heap_redzone; i < b->addr + b->size + heap_redzone; i++)
        *v = *v * 31 + (*ng_v(i) == VPAT_FRESH ? VPAT_UNDEFINED : *ng_v(i));
}

static uint64_t tags_of(guest_addr a, uint64_t size)
{
    uint64_t sum = 0;
    struct heap_origin o = { 0 };
    for (uint64_t i = 0; i < size && whole_words; i++)
        if (*ng_v(a + i) == VPAT_FRESH)
            sum = sum * 31 + (heap_origin_at(a + i, &o) ? o.tag : 1);
        else if (*ng_v(a + i) && *ng_v(a + i) != VPAT_NOACCESS)
            sum = sum * 31 + *ng_o(a + i);
    return sum;
}

/* The function that fits the block, mostly. */
static int any_function(int slot)
{
    static const int release[FUNCTIONS] = { 3, 3, 3, 0, 6, 8, 0, 0, 0, 0, 3 };
    if (!kept[slot].a || !any(10))
        return (int)any(FUNCTIONS);
    const int fit = release[kept[slot].function];
    return fit == 3 ? (any(3) ? 3 : 2) : fit + (int)any(2);
}

static uint64_t call(const struct function *f, uint64_t a0, uint64_t a1, bool fast)
{
    const bool defined = !stub_thread.s.v.gpr[X86_RDI] && !stub_thread.s.v.gpr[X86_RSI]; /* else generated code goes to the hook */
    stub_trace_known = any(8) != 0;
    if (fast && f->fast && defined) {
        const struct ng_fast r = f->fast(a0, a1, 0x1234, 0x5678);
        n_fast[f - functions] += r.done != 0;
        if (r.done)
            return r.value;
    }
    return stub_call(f->hook, a0, a1, 0);
}

static void one_call(struct outcome *o, int number, bool fast)
{
    const int slot = (int)any(KEPT);
    const struct function *f = &functions[o->function = any_function(slot)];
    const guest_addr old = kept[slot].a;
    uint64_t a[2] = { old + (any(50) ? 0 : any(40)), 0 };
    stub_trace = (ng_trace)(number + 1);
    stub_errors = 0;
    a[f->size_at] = f->size_at == 1 && !f->allocates && any(20) ? kept[slot].size : f->allocates ? any_size() : a[f->size_at];
    if (f->hook == heap_calloc)
        a[0] = any(4);
    if (f->hook == heap_memalign)
        a[0] = 1ull << any(9);
    stub_thread.s.v.gpr[f->size_at ? X86_RSI : X86_RDI] = any(30) ? 0 : 1;
    o->result = call(f, a[0], a[1], fast);
    o->errors = stub_errors;
    o->totals = heap_totals();
    if (!f->allocates || f->hook == heap_realloc)
        look(old, &o->freed, &o->v_freed);
    if (f->allocates && o->result) {
        struct heap_block *b = heap_slot_at(o->result);
        look(o->result, &o->made, &o->v_made);
        if (f->hook == heap_calloc || f->hook == heap_realloc)
            o->contents = sum_of((uint8_t *)o->result, b->size);
        if (f->hook == heap_realloc)
            o->tags = tags_of(o->result, b->size);
        for (uint64_t i = 0; i < b->size; i++)
            ((uint8_t *)o->result)[i] = (uint8_t)(number + (int)i);
        if (any(4)) /* or only a part, or nothing, has been written */
            shadow_make_defined(o->result, any(3) ? b->size : any(b->size + 1));
        if (b->size && !any(12)) {
            const guest_addr byte = o->result + any(b->size);
            shadow_set_byte(byte, (uint8_t)any(256));
            shadow_set_origin(byte, 1, origin_make((ng_trace)number, ORIGIN_CLIENT));
        }
        kept[slot].a = o->result;
        kept[slot].size = b->size;
        kept[slot].function = o->function;
    } else if (old && heap_live_block(old) == NULL && any(5)) {
        kept[slot].a = 0; /* else it may be freed again */
    }
}

static void set_options(int kind)
{
    mc_options.track_origins = kind & 1;
    whole_words = mc_options.track_origins && !(kind & 2);
    mc_options.freelist_vol = (int64_t[]){ 20000000, 30000, 0 }[kind % 3];
    mc_options.freelist_big_blocks = kind & 2 ? 500 : 1000000;
    mc_options.undef_value_errors = kind != 4;
    mc_options.malloc_fill = kind == 5 ? 0xaa : -1;
    mc_options.free_fill = kind == 7 ? 0xbb : -1;
    mc_options.keep_stacktraces = kind == 6 ? KEEP_FREE : KEEP_ALLOC_AND_FREE;
    mc_options.show_mismatched_frees = kind != 8;
}

static void run_in_child(int kind, int which)
{
    const pid_t child = fork();
    if (child == 0) {
        set_options(kind);
        random_state = (uint64_t)kind + 1;
        for (int i = 0; i < CALLS; i++)
            one_call(&outcomes[which][i], i, which == 1);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

static void *shared_memory(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(p, MAP_FAILED);
    return p;
}

START_TEST(same_as_hooks)
{
    outcomes = shared_memory(2 * sizeof *outcomes);
    n_fast = shared_memory(FUNCTIONS * sizeof *n_fast);
    run_in_child(_i, 0);
    run_in_child(_i, 1);
    for (int i = 0; i < CALLS; i++)
        ck_assert_msg(!memcmp(&outcomes[0][i], &outcomes[1][i], sizeof **outcomes),
                      "options %d, call %d, %s: %lx with %d errors, by the hook %lx with %d", _i, i,
                      functions[outcomes[1][i].function].name, (long)outcomes[1][i].result, outcomes[1][i].errors,
                      (long)outcomes[0][i].result, outcomes[0][i].errors);
    const bool usual = _i < 5 || _i == 8;
    for (int i = 0; i < FUNCTIONS; i++)
        if (functions[i].fast && mc_options.freelist_vol)
            ck_assert_msg(!usual || _i % 3 == 2 || n_fast[i] > 10, "options %d, %s: %d", _i, functions[i].name, n_fast[i]);
    ck_assert(usual || n_fast[0] == 0);
}
END_TEST

/* Client memory that the program has protected: nothing has happened when the fault is seen. */
START_TEST(faults_change_nothing)
{
    sigjmp_buf here;
    const guest_addr a = stub_call(heap_malloc, 40, 0, 0), b = stub_call(heap_malloc, 600, 0, 0);
    stub_call(heap_free, stub_call(heap_malloc, 40, 0, 0), 0, 0); /* a batch for freed blocks */
    shadow_make_defined(a, 40);
    const guest_addr pages = a & -HEAP_GRANULE;
    ck_assert_uint_ne(pages, b & -HEAP_GRANULE);
    for (volatile int i = 0; i < 2; i++) {
        const struct heap_totals before = heap_totals();
        struct ng_fast r = { 0, 0 };
        volatile bool faulted = true;
        mprotect((void *)pages, HEAP_GRANULE, i ? PROT_NONE : PROT_READ);
        stub_recover = &here;
        if (!sigsetjmp(here, 1)) {
            r = i ? heap_fast_realloc(a, 600, 0, 0) : heap_fast_calloc(1, 40, 0, 0);
            faulted = false;
        }
        stub_recover = NULL;
        mprotect((void *)pages, HEAP_GRANULE, PROT_READ | PROT_WRITE);
        ck_assert_msg(faulted && !r.done, "%d", i);
        const struct heap_totals after = heap_totals();
        ck_assert(!memcmp(&before, &after, sizeof before));
        ck_assert_ptr_nonnull(heap_live_block(a));
        r = i ? heap_fast_realloc(a, 600, 0, 0) : heap_fast_calloc(1, 40, 0, 0); /* the same slot is there yet */
        ck_assert(r.done && heap_live_block(r.value)->size == (i ? 600 : 40));
    }
    ck_assert_ptr_null(heap_live_block(a));
}
END_TEST

/* A block that grows and shrinks, by either way, while parts of it are written and others are asked about: every byte
 * that was never written is from the call that made room for it. */
START_TEST(origins_move_along)
{
    enum { WORDS = 1400, REALLOC = 2 };
    static ng_trace from[WORDS]; /* of each word, 0: written */
    uint64_t words = 0, inherited = 0;
    guest_addr a = 0;
    mc_options.track_origins = true;
    random_state = 1;
    for (int i = 0; i < 4000; i++) {
        const uint64_t now = any(20) == 0 ? any(WORDS) + 1 : any(100) + 1;
        stub_trace = (ng_trace)i + 1;
        stub_trace_known = any(4) != 0;
        const struct ng_fast r = heap_fast_realloc(a, 4 * now, 0, 0);
        a = r.done ? r.value : stub_call(functions[REALLOC].hook, a, 4 * now, 0);
        for (; words < now; words++)
            from[words] = stub_trace;
        words = now;
        inherited += heap_live_block(a)->inherited != 0;
        const uint64_t first = any(words), n = any(3) ? any(words - first + 1) : 0, asked = any(words);
        shadow_make_defined(a + 4 * first, 4 * n);
        memset(from + first, 0, n * sizeof *from);
        for (uint64_t w = 0; w < words; w++) {
            struct heap_origin o = { 0 };
            const uint8_t v = *ng_v(a + 4 * w);
            const bool found = heap_origin_at(a + 4 * w, &o);
            const origin_tag tag = v == VPAT_FRESH ? o.tag : v ? *ng_o(a + 4 * w) : 0;
            ck_assert(found && o.low <= a + 4 * w && o.high > a + 4 * w);
            ck_assert_msg(tag == (from[w] ? origin_make(from[w], ORIGIN_HEAP) : 0), "round %d, word %d: %x, not of %x", i, (int)w, tag, from[w]);
        }
        if (any(2))
            shadow_origin(a + 4 * asked); /* its neighbours get tags */
    }
    ck_assert_uint_gt(inherited, 300);
    mc_options.track_origins = false;
    stub_trace_known = true;
}
END_TEST

static bool free_one(guest_addr a)
{
    struct heap_block *b = heap_live_block(a);
    return heap_fast_free(a, 0, 0, 0).done || (b && heap_release(&stub_thread, b));
}

/* Threads allocate, and free each other's blocks. */
enum { THREADS = 4, ROUNDS = 30000, SHARED = 64 };
static _Atomic guest_addr shared[SHARED];
static _Atomic uint64_t freed;
static void *churn(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    for (int i = 0; i < ROUNDS; i++) {
        seed = seed * 1103515245 + 12345;
        struct x86_state s = { .gpr[X86_RDI] = 1 + (seed >> 8) % 200 };
        const struct ng_fast r = heap_fast_malloc(s.gpr[X86_RDI], 0, 0, 0);
        if (!r.done)
            heap_malloc(&stub_thread, &s);
        const guest_addr a = r.done ? r.value : s.gpr[X86_RAX];
        const guest_addr out = seed >> 7 & 1 ? atomic_exchange(&shared[(seed >> 20) % SHARED], a) : a;
        freed += out && free_one(out);
    }
    return NULL;
}

START_TEST(threads)
{
    pthread_t id[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&id[i], NULL, churn, (void *)(i + 1));
    for (int i = 0; i < THREADS; i++)
        pthread_join(id[i], NULL);
    const struct heap_totals n = heap_totals();
    ck_assert_uint_eq(n.allocs, THREADS * ROUNDS);
    ck_assert_uint_eq(n.frees, freed);
    ck_assert_uint_eq(n.live_blocks, THREADS * ROUNDS - freed);
    ck_assert_uint_le(n.live_blocks, SHARED);
    ck_assert_int_eq(stub_errors, 0);
}
END_TEST

/* Two threads free the same blocks at the same time: each goes once. */
enum { TWICE = 20000 };
static guest_addr twice[TWICE];
static _Atomic int ready, frees;
static void *free_all(void *arg)
{
    (void)arg;
    stub_call(heap_free, stub_call(heap_malloc, 24, 0, 0), 0, 0);
    for (ready++; ready < 2;)
        ;
    for (int i = 0; i < TWICE; i++)
        frees += free_one(twice[i]);
    return NULL;
}

START_TEST(double_frees)
{
    pthread_t id[2];
    for (int i = 0; i < TWICE; i++)
        twice[i] = stub_call(heap_malloc, 24, 0, 0);
    for (int i = 0; i < 2; i++)
        pthread_create(&id[i], NULL, free_all, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(id[i], NULL);
    ck_assert_int_eq(frees, TWICE);
    ck_assert_uint_eq(heap_totals().live_blocks, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("heap_fast");
    TCase *c = tcase_create("heap_fast");
    tcase_add_checked_fixture(c, stub_init, NULL);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, same_as_hooks, 0, 9);
    tcase_add_test(c, faults_change_nothing);
    tcase_add_test(c, origins_move_along);
    tcase_add_test(c, threads);
    tcase_add_test(c, double_frees);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
