/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: coregrind/code/code.c coregrind/code/epoch.c coregrind/code/notes.c coregrind/code/slab.c coregrind/code/table.c coregrind/code/zone.c */
/* needs: coregrind/base/base.c coregrind/base/lock.c coregrind/base/assert.c */
/* The code zone: look-ups, chaining, deletion, eviction while others run, moving, fork.  The "code" is never run:
 * bytes 0-3 of each piece hold its number, a jump stands at 8, its stub at 32, an id at 40. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "code/code.h"
#include "launch/options.h"
#include "report/report.h"
#include "run/run.h"
#include "tool/load.h"

/* ---- the rest of nagrind ---- */

struct options options;
uint64_t ng_strip_size = 1ull << 44, ng_v_shift = 1ull << 44;
static _Atomic int asked;
static struct ng_thread me;

__thread void *run_jumps[X86_JUMPS] __attribute__((tls_model("initial-exec")));
struct vex_host run_vex_host(void) { return (struct vex_host){ .state_offset = -1 }; }
size_t host_x86_64_emit_tramps(uint8_t *buf, const struct vex_host *h, uint32_t entry[VEX_TRAMPS])
{
    (void)h;
    memset(buf, 0xcc, 640);
    for (uint32_t i = 0; i < VEX_TRAMPS; i++)
        entry[i] = 64 * i;
    return 640;
}
void run_attention(struct ng_thread *t, uint64_t bits) { (void)t, (void)bits; asked++; }
void run_park(struct ng_thread *t) { atomic_fetch_add(&t->parked, 1); }
void run_unpark(struct ng_thread *t) { atomic_fetch_sub(&t->parked, 1); }
struct ng_thread *ng_thread_self(void) { return &me; }
void ng_world_stop(void) {}
void ng_world_resume(void) {}
void ng_fatal(const char *fmt, ...) { fprintf(stderr, "%s\n", fmt); abort(); }
void ng_describe_pc(guest_addr pc, char *buf, size_t size) { snprintf(buf, size, "%llx", (unsigned long long)pc); }
void report_debug(const char *fmt, ...) { (void)fmt; }
ng_helper_fn tool_helper(int id) { return (ng_helper_fn)(uintptr_t)(0x1111111100ull + (unsigned)id); }
void *tool_object(int id) { return (void *)(uintptr_t)(0x2222222200ull + (unsigned)id); }

/* ---- pieces ---- */

enum { ENTRY = 4, CALM = 6, JUMP = 8, STUB = 32, ID = 40, TRAMP = 44, HELPER = 48, OBJECT = 56, SMALL = 64 };

static uint64_t asks; /* attention bits that a block asks for; 0: no block those of one before it */

/* The part from byte `hot` on is cold. */
static struct translation *insert_split(guest_addr pc, int mode, uint32_t guest_bytes, uint32_t size, uint32_t number, uint32_t hot)
{
    uint8_t bytes[4096] = { 0 };
    uint32_t cross[] = { JUMP };
    struct vex_reloc relocs[] = { { ID, VEX_RELOC_ID32, 0 }, { TRAMP, VEX_RELOC_TRAMP32, VEX_TRAMP_EXIT },
                                  { HELPER, VEX_RELOC_HELPER64, 3 }, { OBJECT, VEX_RELOC_OBJECT64, 4 } };
    struct vex_exit exits[] = { { .jump_offset = JUMP, .stub_offset = STUB, .chainable = true } };
    struct vex_side sides[] = { { .host_offset = 0, .insn = 0 }, { .host_offset = 16, .insn = 1 }, { .host_offset = 30, .insn = 2 } };
    struct ir_insn insns[3] = { { .pc = pc }, { .pc = pc + 3 }, { .pc = pc + 5 } };
    struct ir_block b = { .pc = pc, .mode = (uint8_t)mode, .guest_bytes = guest_bytes, .end = pc + guest_bytes, .insns = insns, .n_insns = 3,
                          .entry_mask = asks ? asks : pc };
    struct vex_code c = { .code = bytes, .size = size, .hot = hot, .cross = cross, .n_cross = hot < size ? 1 : 0, .entry = ENTRY, .calm_entry = CALM, .table_entry = 12, .cache_entry = 16, .relocs = relocs, .n_relocs = 4, .exits = exits, .n_exits = 1, .sides = sides, .n_sides = 3 };
    const uint32_t to_stub = STUB - (JUMP + 4);
    memcpy(bytes, &number, 4);
    memcpy(bytes + JUMP, &to_stub, 4);
    return code_insert(&b, &c);
}

static struct translation *insert(guest_addr pc, int mode, uint32_t guest_bytes, uint32_t size, uint32_t number)
{
    return insert_split(pc, mode, guest_bytes, size, number, size);
}

static uint32_t word(const struct translation *t, uint32_t offset)
{
    uint32_t v;
    memcpy(&v, t->rx + offset, 4);
    return v;
}

static const uint8_t *jump_target(const struct translation *t)
{
    return t->rx + JUMP + 4 + (int32_t)word(t, JUMP);
}

static void start(size_t zone)
{
    code_init(zone, 2000);
    code_thread_init(&me.state);
}

static int side_insn(const struct translation *t, const void *rx)
{
    struct vex_side side;
    return code_side(t, rx, &side) ? side.insn : -1;
}

/* ---- tests ---- */

START_TEST(found_by_everything)
{
    start(1 << 20);
    struct translation *t = insert(0x1000, 0, 8, SMALL, 42), *u = insert(0x1000, 1, 8, SMALL, 43);
    ck_assert_ptr_eq(code_find(0x1000, 0), t);
    ck_assert_ptr_eq(code_find(0x1000, 1), u);
    ck_assert_ptr_null(code_find(0x1001, 0));
    ck_assert_ptr_eq(code_by_id(t->id), t);
    ck_assert_ptr_eq(code_by_host(t->rx), t);
    ck_assert_ptr_eq(code_by_host(t->rx + SMALL - 1), t);
    ck_assert_ptr_eq(code_by_host(u->rx + 5), u);
    ck_assert_ptr_null(code_by_host(code_tramp(VEX_TRAMP_EXIT)));
    ck_assert_ptr_null(code_by_host(&me));
    ck_assert_uint_eq(word(t, 0), 42);
    ck_assert_uint_eq(code_insn_pc(t, 2), 0x1005);
    ck_assert_uint_eq(code_insn_pc(t, 3), 0x1008);
    ck_assert_int_eq(side_insn(t, t->rx), 0);
    ck_assert_int_eq(side_insn(t, t->rx + 29), 1);
    ck_assert_int_eq(side_insn(t, t->rx + 63), 2);
    ck_assert_ptr_eq(insert(0x1000, 0, 8, SMALL, 99), t); /* the first one wins */
}
END_TEST

START_TEST(relocated)
{
    start(1 << 20);
    struct translation *t = insert(0x1000, 0, 8, SMALL, 1);
    uint64_t helper, object;
    memcpy(&helper, t->rx + HELPER, 8);
    memcpy(&object, t->rx + OBJECT, 8);
    ck_assert_uint_eq(word(t, ID), t->id);
    ck_assert_ptr_eq(t->rx + TRAMP + 4 + (int32_t)word(t, TRAMP), code_tramp(VEX_TRAMP_EXIT));
    ck_assert_uint_eq(helper, 0x1111111103ull);
    ck_assert_uint_eq(object, 0x2222222204ull);
}
END_TEST

/* Whatever the notes are told, they say again. */
START_TEST(notes_read_back)
{
    enum { INSNS = 40, SIDES = 100, RELOCS = 20, EXITS = 6 };
    start(1 << 20);
    srand((unsigned)_i);
    uint8_t bytes[4096] = { 0 };
    struct ir_insn insns[INSNS];
    struct vex_side sides[SIDES];
    struct vex_reloc relocs[RELOCS];
    struct vex_exit exits[EXITS];
    guest_addr pc = 0x400000;
    for (int i = 0; i < INSNS; i++, pc += i % 10 == 9 ? (guest_addr)(rand() - rand()) : 1 + (unsigned)rand() % 15)
        insns[i] = (struct ir_insn){ .pc = pc };
    uint32_t at = 0;
    for (int i = 0; i < SIDES; i++, at += (unsigned)rand() % 40) {
        sides[i] = (struct vex_side){ .host_offset = at, .insn = (uint16_t)((unsigned)rand() % INSNS), .flags_in_spill = rand() & 1, .after = rand() & 1,
                                      .gpr_in_state = (uint16_t)(rand() & 1 ? rand() : 0), .vec_in_state = (uint16_t)(rand() & 1 ? rand() : 0) };
    }
    for (int i = 0; i < RELOCS; i++) /* not in order: those of the cold part come in between */
        relocs[i] = (struct vex_reloc){ .offset = 8 * (unsigned)((i * 7 + _i) % RELOCS), .kind = VEX_RELOC_HELPER64, .value = (uint16_t)(rand() % 500) };
    for (int i = 0; i < EXITS; i++)
        exits[i] = (struct vex_exit){ .jump_offset = 256 + 8 * (unsigned)i, .stub_offset = 512, .chainable = i & 1,
                                      .ir = { .pc = (guest_addr)rand() << 16, .kind = i & 1 ? IR_EXIT_MODE : IR_EXIT_HOSTCALL, .mode = i & 3, .aux = i & 1 ? 0 : (uint16_t)rand() } };
    const struct ir_block b = { .pc = 0x400000, .guest_bytes = 90, .end = 0x400000 + 90, .insns = insns, .n_insns = INSNS };
    const struct vex_code c = { .code = bytes, .size = sizeof bytes, .hot = 2048, .relocs = relocs, .n_relocs = RELOCS, .exits = exits, .n_exits = EXITS,
                                .sides = sides, .n_sides = SIDES };
    const struct translation *t = code_insert(&b, &c);
    for (uint32_t i = 0; i < INSNS; i++)
        ck_assert_uint_eq(code_insn_pc(t, i), insns[i].pc);
    ck_assert_uint_eq(code_insn_pc(t, INSNS), b.pc + 90);
    for (uint32_t offset = 0; offset < at; offset++) {
        const struct vex_side *want = &sides[0];
        for (int i = 0; i < SIDES && sides[i].host_offset <= offset; i++)
            want = &sides[i];
        struct vex_side got;
        ck_assert(code_side(t, code_at(t, offset), &got));
        ck_assert_mem_eq(&got, want, sizeof got);
    }
    for (int i = 0; i < RELOCS; i++) {
        uint64_t helper;
        memcpy(&helper, code_at(t, relocs[i].offset), 8);
        ck_assert_uint_eq(helper, 0x1111111100ull + relocs[i].value);
    }
    for (uint32_t i = 0; i < EXITS; i++) {
        const struct ir_exit got = code_exit(t, i), want = exits[i].ir;
        ck_assert(got.pc == want.pc && got.kind == want.kind && got.mode == want.mode && got.aux == want.aux);
    }
}
END_TEST

START_TEST(chained_and_unchained)
{
    start(1 << 20);
    struct translation *a = insert(0x1000, 0, 8, SMALL, 1), *b = insert(0x2000, 0, 8, SMALL, 2), *c = insert(0x3000, 0, 8, SMALL, 3);
    code_chain(a, 0, b);
    code_chain(b, 0, b);
    code_chain(c, 0, b);
    ck_assert_ptr_eq(jump_target(a), b->rx + ENTRY);
    ck_assert_ptr_eq(jump_target(b), b->rx + ENTRY);
    code_discard_range(0x2007, 1);
    ck_assert_ptr_null(code_find(0x2000, 0));
    ck_assert_ptr_eq(jump_target(a), a->rx + STUB);
    ck_assert_ptr_eq(jump_target(b), b->rx + STUB); /* who still runs it must leave it */
    ck_assert_ptr_eq(jump_target(c), c->rx + STUB);
    code_chain(a, 0, b);                            /* b is dead */
    ck_assert_ptr_eq(jump_target(a), a->rx + STUB);
    code_chain(a, 7, c);                            /* no such exit */
    code_chain(a, 0, c);
    ck_assert_ptr_eq(jump_target(a), c->rx + ENTRY);
    code_discard_range(0x1000, 1);                  /* c forgets the edge */
    code_discard_range(0x3000, 1);
}
END_TEST

START_TEST(ranges)
{
    start(1 << 20);
    insert(0x1ffc, 0, 8, SMALL, 1);
    insert(0x1ffc, 1, 8, SMALL, 1);
    insert(0x2100, 0, 8, SMALL, 2);
    code_discard_range(0x1000, 0xffc);
    code_discard_range(0x2004, 0x50);
    ck_assert_ptr_nonnull(code_find(0x1ffc, 0));
    code_discard_range(0x2003, 1);
    ck_assert_ptr_null(code_find(0x1ffc, 0));
    ck_assert_ptr_null(code_find(0x1ffc, 1));
    ck_assert_ptr_nonnull(code_find(0x2100, 0));
    code_discard_range(0, 1ull << 44);
    ck_assert_ptr_null(code_find(0x2100, 0));
    insert(0x2100, 0, 8, SMALL, 2);
    code_discard_all();
    ck_assert_ptr_null(code_find(0x2100, 0));
}
END_TEST

START_TEST(two_parts)
{
    start(1 << 20);
    struct translation *a = insert_split(0x1000, 0, 8, 128, 1, 32), *b = insert_split(0x2000, 0, 8, 128, 2, 32);
    ck_assert_ptr_eq(b->rx, a->rx + 32); /* what is hot stands together */
    ck_assert_ptr_eq(code_at(a, STUB), a->cold_rx);
    ck_assert_ptr_eq(jump_target(a), a->cold_rx);
    ck_assert_ptr_eq(code_by_host(a->cold_rx + 95), a);
    ck_assert_ptr_eq(code_by_host(a->rx + 31), a);
    ck_assert_int_eq(side_insn(a, a->cold_rx + 95), 2);
    ck_assert_int_eq(side_insn(a, a->rx + 29), 1);
    code_chain(a, 0, b);
    ck_assert_ptr_eq(jump_target(a), b->rx + ENTRY);
    code_discard_range(0x2000, 1);
    ck_assert_ptr_eq(jump_target(a), a->cold_rx);
}
END_TEST

/* The counter that the rel32 at offset names. */
static int32_t *counter_at(const struct translation *t, uint32_t offset)
{
    return (int32_t *)(t->rx + offset + 4 + (int32_t)word(t, offset));
}

static struct ir_block counting = { .guest_bytes = 8, .goes_on = true, .counts = true };
static uint8_t counting_code[SMALL];
static struct vex_reloc counter_relocs[] = { { 4, VEX_RELOC_COUNTER32, 0 }, { 8, VEX_RELOC_COUNTER32, 1 }, { 12, VEX_RELOC_COUNTER32, 2 } };

START_TEST(parts_count)
{
    start(1 << 20);
    const struct vex_code c = { .code = counting_code, .size = SMALL, .hot = SMALL, .relocs = counter_relocs, .n_relocs = 3, .n_parts = 3 };
    const struct vex_code longer = { .code = counting_code, .size = SMALL, .hot = SMALL };
    counting.pc = 0x1000;
    struct translation *a = code_insert(&counting, &c);
    counting.pc = 0x2000;
    struct translation *b = code_insert(&counting, &c);
    ck_assert_uint_eq(a->n_parts, 3);
    ck_assert_int_eq(*counter_at(a, 4), 2000);
    *counter_at(a, 4) -= 9;
    *counter_at(a, 8) += 5;
    *counter_at(a, 12) += 4;
    *counter_at(b, 12) += 1;
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(code_runs(a, i), i == 0 ? 9 : i == 1 ? 5 : 4);
        ck_assert_uint_eq(code_runs(b, i), i == 2);
    }
    code_stop_counting(a);
    ck_assert_uint_eq(code_runs(a, 0), 2000); /* as often as makes hot */
    counting.pc = 0x1000;
    a = code_insert_hot(&counting, &longer);
    ck_assert_uint_eq(a->n_parts, 3); /* those of the one it replaces */
    ck_assert_uint_eq(code_runs(a, 0), 2000);
    ck_assert_uint_eq(code_runs(a, 1), 5);
    ck_assert_uint_eq(code_runs(a, 2), 4);
}
END_TEST

START_TEST(much_hot_code_takes_more_runs)
{
    start(16 << 20);
    const struct vex_code c = { .code = counting_code, .size = SMALL, .hot = SMALL, .relocs = counter_relocs, .n_relocs = 3, .n_parts = 3 };
    const struct vex_code longer = { .code = counting_code, .size = SMALL, .hot = SMALL };
    counting.pc = 0x1000;
    struct translation *a = code_insert(&counting, &c);
    *counter_at(a, 4) = -1;
    ck_assert(code_is_hot(a));
    for (int i = 0; i < 2048; i++) {
        counting.pc = 0x2000 + 16 * i;
        code_insert_hot(&counting, &longer);
    }
    *counter_at(a, 4) = -1;
    ck_assert(!code_is_hot(a));
    ck_assert_uint_eq(code_runs(a, 0), 2000); /* it counts on from there */
    *counter_at(a, 4) -= 9;
    ck_assert_uint_eq(code_runs(a, 0), 2009);
    counting.pc = 0x1008;
    struct translation *b = code_insert(&counting, &c);
    ck_assert_int_eq(*counter_at(b, 4), 16000);
    ck_assert_uint_eq(code_runs(b, 0), 0);
    *counter_at(a, 4) = *counter_at(b, 4) = -1;
    ck_assert(code_is_hot(a));
    ck_assert(code_is_hot(b));
}
END_TEST

START_TEST(jump_cache_forgets_the_dead)
{
    start(1 << 20);
    struct x86_jump *const cache = me.state.jump_cache;
    void *const nobody = code_tramp(VEX_TRAMP_INDIRECT);
    ck_assert_ptr_eq(run_jumps[x86_jump_first(0x1234)], nobody);
    struct translation *a = insert(0x1234, 0, 8, SMALL, 1), *b = insert(0x5678, 0, 8, SMALL, 2);
    code_jump_cache_put(&me.state, 0x1234, a);
    code_jump_cache_put(&me.state, 0x5678, b);
    ck_assert_ptr_eq(cache[0x1234].code, a->rx + 16);
    ck_assert_ptr_eq(run_jumps[x86_jump_first(0x1234)], a->rx + 12);
    code_discard_range(0x1234, 1);
    ck_assert_ptr_null(cache[0x1234].code);
    ck_assert_ptr_eq(run_jumps[x86_jump_first(0x1234)], nobody);
    ck_assert_ptr_eq(cache[0x5678].code, b->rx + 16);
    ck_assert_ptr_eq(run_jumps[x86_jump_first(0x5678)], b->rx + 12);
    code_jump_cache_put(&me.state, 0x1234, a);
    ck_assert_ptr_null(cache[0x1234].code);
    ck_assert_ptr_eq(run_jumps[x86_jump_first(0x1234)], nobody);
    code_jump_cache_clear(&me.state);
    ck_assert_ptr_null(cache[0x5678].code);
    ck_assert_ptr_eq(run_jumps[x86_jump_first(0x5678)], nobody);
}
END_TEST

/* 30 times what the zone holds, with chains among neighbours. */
START_TEST(full_zone)
{
    start(1 << 20);
    struct translation *last = NULL;
    for (uint32_t i = 0; i < 30000; i++) {
        const uint32_t size = SMALL + i * 37 % 2000, last_id = last ? last->id : 0;
        struct translation *t = insert(0x10000 + i * 16, 0, 8, size, i);
        if (last && code_by_id(last_id) == last)
            code_chain(last, 0, t);
        ck_assert_uint_eq(word(t, 0), i);
        ck_assert_uint_eq(word(t, ID), t->id);
        ck_assert_ptr_eq(code_find(0x10000 + i * 16, 0), t);
        ck_assert_ptr_eq(code_by_host(t->rx + size - 1), t);
        code_safe_point(&me.state);
        last = t;
    }
    /* every chain among those alive leads to the next one, whole */
    for (uint32_t i = 0; i < 29999; i++) {
        struct translation *t = code_find(0x10000 + i * 16, 0), *next = code_find(0x10000 + i * 16 + 16, 0);
        if (t)
            ck_assert_ptr_eq(jump_target(t), next ? next->rx + ENTRY : t->rx + STUB);
    }
}
END_TEST

/* A thread that stays in generated code keeps dead code's memory from reuse; one that has passed does not. */
static _Atomic int phase;
static struct ng_thread other;

static void *runs_for_long(void *arg)
{
    (void)arg;
    code_thread_init(&other.state);
    atomic_store(&phase, 1);
    while (!atomic_load(&asked))
        usleep(100);
    usleep(20000);
    atomic_store(&phase, 2);
    for (;;) {                  /* from now on it passes safe points */
        code_safe_point(&other.state);
        usleep(100);
    }
    return NULL;
}

START_TEST(reuse_waits_for_threads)
{
    pthread_t thread;
    start(1 << 20);
    pthread_create(&thread, NULL, runs_for_long, NULL);
    while (!atomic_load(&phase))
        usleep(100);
    struct translation *first = insert(0x1000, 0, 8, SMALL, 7);
    const uint8_t *rx = first->rx;
    code_discard_range(0x1000, 1);
    for (uint32_t i = 0; atomic_load(&phase) == 1 && i < 100000; i++) {
        uint32_t now;
        memcpy(&now, rx, 4);
        if (atomic_load(&phase) == 1)
            ck_assert_uint_eq(now, 7);
        insert(0x100000 + 16 * i, 0, 8, 2000, i + 100);
        code_safe_point(&me.state);
    }
    ck_assert_int_eq(atomic_load(&phase), 2);
}
END_TEST

/* A jump onward to what asks for no more needs no look at the attention word. */
START_TEST(calm_ways_in)
{
    enum { FEW = 1, MORE = 3, OTHER = 4 };
    static const struct { guest_addr from_pc, to_pc; uint64_t from, to; int from_mode, to_mode, way; } cases[] = {
        { 0x1000, 0x2000, MORE, FEW, 0, 0, CALM },   { 0x1000, 0x2000, FEW, FEW, 0, 0, CALM },
        { 0x1000, 0x2000, FEW, MORE, 0, 0, ENTRY },  { 0x1000, 0x2000, MORE, OTHER, 0, 0, ENTRY },
        { 0x2000, 0x1000, MORE, FEW, 0, 0, ENTRY }, /* back */
        { 0x1000, 0x1000, MORE, FEW, 0, 1, ENTRY }, { 0x1000, 0x2000, MORE, FEW, 1, 0, ENTRY }, { 0x1000, 0x2000, MORE, FEW, 0, 1, ENTRY },
    };
    start(1 << 20);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const guest_addr at = 0x10000 * (i + 1);
        asks = cases[i].from;
        struct translation *from = insert(at + cases[i].from_pc, cases[i].from_mode, 8, SMALL, i);
        asks = cases[i].to;
        struct translation *to = insert(at + cases[i].to_pc, cases[i].to_mode, 8, SMALL, i);
        code_chain(from, 0, to);
        ck_assert_ptr_eq(jump_target(from), to->rx + cases[i].way);
        code_move_all();
        ck_assert_ptr_eq(jump_target(from), to->rx + cases[i].way);
    }
    struct translation *self = insert(0x200000, 0, 8, SMALL, 0);
    code_chain(self, 0, self);
    ck_assert_ptr_eq(jump_target(self), self->rx + ENTRY);
}
END_TEST

START_TEST(moved)
{
    start(1 << 20);
    struct translation *t[100];
    uint8_t *was[100];
    int changed = 0;
    for (uint32_t i = 0; i < 100; i++) {
        t[i] = insert(0x1000 + 16 * i, 0, 8, 1000 + i, i);
        was[i] = t[i]->rx;
        if (i)
            code_chain(t[i - 1], 0, t[i]);
    }
    for (uint32_t i = 0; i < 100; i += 10)
        code_discard_range(0x1000 + 16 * i, 8);
    for (int round = 0; round < 5; round++) {
        code_move_all();
        for (uint32_t i = 0; i < 100; i++) {
            if (i % 10 == 0)
                continue;
            ck_assert_ptr_eq(code_find(0x1000 + 16 * i, 0), t[i]);
            ck_assert_uint_eq(word(t[i], 0), i);
            ck_assert_ptr_eq(code_by_host(t[i]->rx + 500), t[i]);
            ck_assert_ptr_eq(t[i]->rx + TRAMP + 4 + (int32_t)word(t[i], TRAMP), code_tramp(VEX_TRAMP_EXIT));
            ck_assert_ptr_eq(jump_target(t[i]), i % 10 == 9 ? t[i]->rx + STUB : t[i + 1]->rx + ENTRY);
            changed += t[i]->rx != was[i];
        }
    }
    ck_assert_int_gt(changed, 80);
}
END_TEST

/* After a fork neither side sees what the other writes. */
START_TEST(forked)
{
    int pipe_fd[2], status;
    start(1 << 20);
    insert(0x1000, 0, 8, SMALL, 5);
    ck_assert_int_eq(pipe(pipe_fd), 0);
    code_before_fork();
    const pid_t pid = fork();
    code_after_fork(pid == 0);
    if (pid == 0) {
        char go;
        if (read(pipe_fd[0], &go, 1) != 1)
            _exit(2);
        const bool own = code_find(0x1000, 0) && word(code_find(0x1000, 0), 0) == 5 && !code_find(0x2000, 0);
        const uint8_t *at = insert(0x3000, 0, 8, SMALL, 9)->rx;
        _exit(own && *at == 9 ? 0 : 1);
    }
    struct translation *t = insert(0x2000, 0, 8, SMALL, 6);
    ck_assert_int_eq(write(pipe_fd[1], "x", 1), 1);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(word(t, 0), 6);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("code");
    TCase *c = tcase_create("code");
    tcase_set_timeout(c, 30);
    tcase_add_test(c, found_by_everything);
    tcase_add_test(c, relocated);
    tcase_add_loop_test(c, notes_read_back, 0, 50);
    tcase_add_test(c, chained_and_unchained);
    tcase_add_test(c, ranges);
    tcase_add_test(c, two_parts);
    tcase_add_test(c, parts_count);
    tcase_add_test(c, much_hot_code_takes_more_runs);
    tcase_add_test(c, jump_cache_forgets_the_dead);
    tcase_add_test(c, full_zone);
    tcase_add_test(c, reuse_waits_for_threads);
    tcase_add_test(c, moved);
    tcase_add_test(c, calm_ways_in);
    tcase_add_test(c, forked);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
