/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_run: places code, fills relocations in, enters it. */
#include <asm/prctl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "host_run.h"

__thread struct x86_state test_state __attribute__((tls_model("initial-exec"), aligned(64)));
uint8_t *test_memory, *test_stack_top, *test_placed;
struct vex_code test_code;
test_helper test_helpers[16];
static __thread void *jumps[X86_JUMPS] __attribute__((tls_model("initial-exec")));
static uint8_t *zone;
static uint32_t tramp[2][VEX_TRAMPS];
static uint64_t seed;
static size_t placed_size;
static struct x86_jump cache[X86_JUMPS];

uint64_t test_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dull;
}

static struct vex_host host(bool identity)
{
    char *fs;
    __asm__("mov %%fs:0, %0" : "=r"(fs));
    return (struct vex_host){ .state_offset = (int32_t)((char *)&test_state - fs), .guest_in_host_regs = identity,
                              .jumps_offset = identity ? (int32_t)((char *)jumps - fs) : 0,
                              .v_shift = TEST_PLANE_V, .plane_o = TEST_PLANE_O };
}

static void *map(uint64_t at, size_t size, int prot)
{
    void *p = mmap((void *)at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return p;
}

void test_init(void)
{
    seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 0) : 88172645463325252ull;
    if (!host_x86_64_supported()) {
        fputs("skipped: no AVX2\n", stderr);
        exit(77);
    }
    const uint64_t low = 0x20000000;
    test_memory = map(low, 1 << 16, PROT_READ | PROT_WRITE);
    map(low + TEST_PLANE_V, 1 << 16, PROT_READ | PROT_WRITE);
    map(low + TEST_PLANE_O, 1 << 16, PROT_READ | PROT_WRITE);
    uint8_t *stack = map(0x21000000, 1 << 16, PROT_READ | PROT_WRITE);
    map(0x21000000 + TEST_PLANE_V, 1 << 16, PROT_READ | PROT_WRITE);
    test_stack_top = stack + (1 << 15);
    zone = map(0x2f0000000000, 1 << 21, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (int identity = 0; identity < 2; identity++) {
        const struct vex_host h = host(identity);
        if (host_x86_64_emit_tramps(zone + 8192 * identity, &h, tramp[identity]) > 8192)
            abort();
    }
    for (int i = 0; i < X86_JUMPS; i++)
        jumps[i] = zone + 8192 + tramp[1][VEX_TRAMP_INDIRECT];
    syscall(SYS_arch_prctl, ARCH_SET_GS, TEST_PLANE_V + VEX_GS_BIAS);
    vex_code_init(&test_code);
}

void test_random_state(struct x86_state *s)
{
    memset(s, 0, sizeof *s);
    for (int i = 0; i < 16; i++)
        s->gpr[i] = test_random();
    s->gpr[X86_RSP] = (uint64_t)test_stack_top;
    for (size_t i = 0; i < sizeof s->ymm; i++)
        (&s->ymm[0][0])[i] = test_random() >> 32;
    for (size_t i = 0; i < sizeof s->v / 8; i++)
        ((uint64_t *)&s->v)[i] = test_random();
    for (int k = 0; k < 8; k++)
        s->v.flag[k] &= 1;
    s->rflags = (test_random() & 0x8d5) | 2;
    for (int k = 0; k < 6; k++)
        s->flag[k] = s->rflags >> (int[]){ 0, 2, 4, 6, 7, 11 }[k] & 1;
}

void test_begin(struct ir_block *b, enum ir_form form)
{
    ir_block_init(b);
    b->form = form;
    b->pc = 0x400000;
    b->flags_live_out = IR_FLAGS_ARITH;
}

struct ir_insn test_with_bytes(struct ir_insn n, const char *bytes, int length)
{
    n.len = length;
    memcpy(n.bytes, bytes, length);
    return n;
}

uint32_t test_insn(struct ir_block *b, struct ir_insn n)
{
    n.pc = b->pc + b->guest_bytes;
    b->guest_bytes += n.len;
    const uint32_t i = ir_block_add_insn(b, &n);
    ir_append(b, (struct ir_op){ .op = IR_IMARK, .imm = i });
    return i;
}

void test_native(struct ir_block *b, struct ir_insn n)
{
    const uint32_t i = test_insn(b, n);
    ir_append(b, (struct ir_op){ .op = IR_NATIVE, .imm = i });
}

void test_exit(struct ir_block *b, enum ir_exit_kind kind, guest_addr pc)
{
    const uint32_t x = ir_block_add_exit(b, (struct ir_exit){ .pc = pc, .kind = kind });
    ir_append(b, (struct ir_op){ .op = IR_EXIT, .imm = x });
}

static void relocate(uint8_t *to, int identity)
{
    for (uint32_t i = 0; i < test_code.n_relocs; i++) {
        const struct vex_reloc r = test_code.relocs[i];
        uint8_t *at = to + r.offset;
        if (r.kind == VEX_RELOC_TRAMP32) {
            const int32_t rel = (int32_t)(zone + 8192 * identity + tramp[identity][r.value] - (at + 4));
            memcpy(at, &rel, 4);
        } else if (r.kind == VEX_RELOC_COUNTER32) {
            const int32_t rel = (int32_t)((uint8_t *)(test_counter() + r.value) - (at + 4));
            memcpy(at, &rel, 4);
        } else if (r.kind == VEX_RELOC_ID32) {
            memcpy(at, &(uint32_t){ 77 }, 4);
        } else {
            const uint64_t v = r.kind == VEX_RELOC_HELPER64 ? (uint64_t)test_helpers[r.value] : 0x5000000000ull + r.value;
            memcpy(at, &v, 8);
        }
    }
}

int test_error;

static void enter(int identity, const uint8_t *code)
{
    void (*go)(struct x86_state *, const void *) = (void *)(zone + 8192 * identity + tramp[identity][VEX_TRAMP_ENTER]);
    go(&test_state, code);
}

void test_run_single(const struct ir_insn *insn, struct x86_state *s)
{
    const struct vex_host h = host(true);
    if (!host_x86_64_emit_single(insn, &h, &test_code))
        abort();
    uint8_t *at = zone + (1 << 20);
    memcpy(at, test_code.code, test_code.size);
    relocate(at, 1);
    test_state = *s;
    test_state.jump_cache = cache;
    enter(1, at);
    *s = test_state;
}

const struct vex_exit *test_run(const struct ir_block *b, bool identity, struct x86_state *s)
{
    const struct vex_host h = host(identity);
    const int error = test_error = host_x86_64_emit(b, &h, &test_code);
    if (error) {
        if (error != -ENOSPC)
            fprintf(stderr, "emit: %s\n", strerror(-error));
        return NULL;
    }
    test_placed = zone + 16384;
    memcpy(test_placed, test_code.code, test_code.size);
    placed_size = test_code.size;
    relocate(test_placed, identity);
    test_state = *s;
    test_state.jump_cache = cache;
    enter(identity, test_placed);
    *s = test_state;
    if (s->exit_info == VEX_EXIT_INDIRECT) { /* names no exit */
        static struct vex_exit unnamed;
        for (uint32_t i = 0; i < b->n_exits; i++)
            if (b->exits[i].kind == IR_EXIT_INDIRECT || b->exits[i].kind == IR_EXIT_ICALL || b->exits[i].kind == IR_EXIT_RET)
                unnamed.ir = b->exits[i];
        return &unnamed;
    }
    if (s->exit_info >> 32 != 77 || (uint32_t)s->exit_info >= test_code.n_exits) {
        fprintf(stderr, "exit_info %#lx\n", s->exit_info);
        return NULL;
    }
    const struct vex_exit *x = &test_code.exits[(uint32_t)s->exit_info];
    if (x->ir.kind != IR_EXIT_INDIRECT && x->ir.kind != IR_EXIT_ICALL && x->ir.kind != IR_EXIT_RET)
        s->rip = x->ir.pc;
    return x;
}

int32_t *test_counter(void)
{
    return (int32_t *)(zone + (1 << 20) + (1 << 19));
}

void *test_fault_tramp(void)
{
    return zone + 8192 + tramp[1][VEX_TRAMP_FAULT];
}

uint8_t *test_place_second(const struct ir_block *b, bool in_line)
{
    struct vex_host h = host(true);
    h.indirect_target = in_line;
    if (host_x86_64_emit(b, &h, &test_code))
        abort();
    uint8_t *at = zone + (1 << 20);
    memcpy(at, test_code.code, test_code.size);
    relocate(at, 1);
    return at;
}

void test_cache(guest_addr pc, void *first, void *second)
{
    jumps[x86_jump_first(pc)] = first ? first : zone + 8192 + tramp[1][VEX_TRAMP_INDIRECT];
    cache[x86_jump_second(pc)] = (struct x86_jump){ .pc = pc, .code = second };
}

void *test_first_level(guest_addr pc) { return jumps[x86_jump_first(pc)]; }

void test_dump(void)
{
    for (size_t i = 0; i < placed_size; i++)
        fprintf(stderr, "%02x%s", test_placed[i], i % 32 == 31 ? "\n" : "");
    fprintf(stderr, "\n");
}
