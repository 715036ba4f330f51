/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: all of vex/ (ir, opt, guest_x86_64, host_x86_64), tests/unit/host_run.c, Zydis */
/* Compiled C functions of this very program, translated block by block and run
 * with a dispatcher of a few lines: as themselves, in tandem form with every
 * described register write compared with what the instruction wrote, and in
 * pure form with registers in memory. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "host_run.h"

#define BACK 0x7ffffff0ull  /* where the function returns to */
#define GUEST __attribute__((noinline, noclone, optimize("no-stack-protector")))

/* ---- guest code ---- */
GUEST static uint64_t guest_crc(const uint8_t *p, uint64_t n)
{
    uint32_t crc = ~0u;
    for (uint64_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

GUEST static uint64_t guest_sort(uint32_t *a, uint64_t n)
{
    if (n < 2)
        return 0;
    uint64_t i = 0, j = n - 1, swaps = 0;
    const uint32_t pivot = a[n / 2];
    for (;; i++, j--) {
        while (a[i] < pivot)
            i++;
        while (a[j] > pivot)
            j--;
        if (i >= j)
            break;
        const uint32_t t = a[i];
        a[i] = a[j];
        a[j] = t;
        swaps++;
    }
    swaps += guest_sort(a, i);
    return swaps * 31 + guest_sort(a + i, n - i);
}

GUEST static uint64_t guest_divide(const uint64_t *a, uint64_t n)
{
    uint64_t h = 0;
    for (uint64_t i = 0; i + 1 < n; i++) {
        const uint64_t d = a[i + 1] >> (i % 48) | 1;
        h = h * 5 + a[i] / d + (uint64_t)((int64_t)a[i] % (int64_t)(uint32_t)d) + (a[i] % 1000003);
        h ^= (unsigned __int128)h * d >> 64;
        h = h << (d & 31) | h >> (64 - (d & 31)) % 64;
        h += __builtin_popcountll(d) + __builtin_clzll(d | 1) + __builtin_ctzll(d);
    }
    return h;
}

GUEST static uint64_t guest_float(const uint32_t *a, uint64_t n)
{
    double s = 1;
    float f = 0;
    long double l = 0;
    for (uint64_t i = 0; i < n; i++) {
        s += __builtin_sqrt((double)a[i]) / (1.0 + s);
        f = f * 0.5f + (float)(int)a[i];
        l += s * f;
    }
    return (uint64_t)(s * 1e6) ^ (uint64_t)(int64_t)f ^ (uint64_t)(int64_t)l;
}

GUEST __attribute__((optimize("O3"), target("avx2"))) static uint64_t guest_vector(uint8_t *p, uint64_t n)
{
    uint32_t sum = 0;
    int16_t *h = (int16_t *)p;
    for (uint64_t i = 0; i < n / 2; i++)
        h[i] = (int16_t)(h[i] * 3 + (h[i] >> 2));
    for (uint64_t i = 0; i < n; i++)
        sum += p[i] > 100 ? p[i] : 7;
    uint32_t *w = (uint32_t *)p;
    for (uint64_t i = 0; i < n / 4; i++)
        w[i] = w[i] < 0x80000000u ? w[i] << (i & 7) : w[i] ^ 0x5555;
    return sum;
}

GUEST static uint64_t guest_strings(char *p, uint64_t n)
{
    uint64_t h = 0;
    char *to = p + n;
    __asm__ volatile("rep movsb" : "+S"(p), "+D"(to), "+c"(n) :: "memory");
    n = 64;
    p -= 64;
    __asm__ volatile("xor %%eax, %%eax; repne scasb; lahf; movzwl %%ax, %%eax; add %%rax, %0" : "+r"(h), "+D"(p), "+c"(n) :: "rax", "cc");
    return h * 100 + n;
}

static uint64_t (*volatile indirect)(const uint8_t *, uint64_t) = guest_crc;
GUEST static uint64_t guest_switch(const uint8_t *p, uint64_t n)
{
    uint64_t h = 0;
    for (uint64_t i = 0; i < n; i++)
        switch (p[i] & 15) {
        case 0: h += 3; break;
        case 1: h ^= h << 3; break;
        case 2: h *= 7; break;
        case 3: h += indirect(p + i, 5); break;
        case 4: h -= p[i]; break;
        case 5: h = h >> 3 | h << 61; break;
        case 6: h += i; break;
        case 7: h ^= 0x123456789abcdefull; break;
        case 8: __asm__ volatile("bt $5, %0; adc $7, %0; rcl $3, %0" : "+r"(h)); break;
        case 9: __asm__ volatile("mov %0, %%rax; xchg %%al, %%ah; add %%ah, %%al; mov %%rax, %0" : "+r"(h) :: "rax"); break;
        default: h++;
        }
    return h;
}

static const struct { const char *name; uint64_t (*fn)(void *, uint64_t); uint64_t n; } functions[] = {
    { "crc", (void *)guest_crc, 200 },       { "sort", (void *)guest_sort, 200 },
    { "divide", (void *)guest_divide, 100 }, { "float", (void *)guest_float, 50 },
    { "vector", (void *)guest_vector, 1024 }, { "strings", (void *)guest_strings, 500 },
    { "switch", (void *)guest_switch, 300 },
};

/* ---- the dispatcher ---- */
struct way { const char *name; enum ir_form form; bool identity, compare; unsigned passes; };

/* V shadow of a register := what the description says was written. */
static void instrument_compare(const struct ir_block *in, struct ir_block *out)
{
    ir_block_reset(out);
    out->pc = in->pc;
    out->guest_bytes = in->guest_bytes;
    out->form = in->form;
    out->flags_live_out = IR_FLAGS_ARITH;
    for (uint32_t i = 0; i < in->n_insns; i++)
        ir_block_add_insn(out, &in->insns[i]);
    for (uint32_t i = 0; i < in->n_exits; i++)
        ir_block_add_exit(out, in->exits[i]);
    static ir_ref map[65536];
    for (uint32_t i = 1; i < in->n_ops; i++) {
        struct ir_op op = in->ops[i];
        if (op.op != IR_CHECK && op.op != IR_CHECK_STORE) {
            op.a = map[op.a];
            op.b = map[op.b];
            op.c = map[op.c];
            op.d = map[op.d];
        }
        map[i] = ir_append(out, op);
        if (op.op == IR_PUT && op.plane == IR_PLANE_GUEST && op.aux < X86_X87) {
            bool real = true;
            for (uint32_t k = 1; k < out->n_ops; k++) /* opaque values cannot be computed */
                real &= k != op.a || out->ops[k].op != IR_OPAQUE;
            op.plane = IR_PLANE_V;
            op.flags = 0;
            if (real)
                ir_append(out, op);
            else /* what was described before is overwritten */
                for (uint32_t k = 1; k < out->n_ops; k++)
                    if (out->ops[k].op == IR_PUT && out->ops[k].plane == IR_PLANE_V && out->ops[k].aux == op.aux)
                        out->ops[k] = (struct ir_op){ .op = IR_NOP };
        }
    }
}

static bool depends_on_opaque(const struct ir_block *b)
{
    for (uint32_t i = 1; i < b->n_ops; i++)
        if (b->ops[i].op == IR_OPAQUE)
            return true;
    return false;
}

static uint64_t n_blocks, n_insns;

static void run_guest(const struct way *w, struct x86_state *s)
{
    struct ir_block b, shadowed;
    ir_block_init(&b);
    ir_block_init(&shadowed);
    while (s->rip != BACK) {
        const struct vex_decode_request r = { .pc = s->rip, .bytes = (const uint8_t *)s->rip, .n_bytes = 4096, .form = w->form,
                                              .max_insns = w->compare ? 12 : 50 };
        guest_x86_64_decode(&r, &b);
        struct ir_block *run = &b;
        char error[200];
        const uint64_t before[1] = { s->rip };
        if (w->compare) {
            instrument_compare(&b, &shadowed);
            opt_run(&shadowed, OPT_DEAD);
            if (!depends_on_opaque(&shadowed))
                run = &shadowed;
        }
        opt_run(run, w->passes);
        ck_assert_msg(!ir_check(run, error, sizeof error), "%s", error);
        const struct vex_exit *x = test_run(run, w->identity, s);
        ck_assert_msg(x != NULL, "no exit from block at %lx", before[0]);
        ck_assert_int_le(x->ir.kind, IR_EXIT_RET);
        n_blocks++;
        n_insns += b.n_insns;
        if (run == &shadowed) {
            for (uint32_t i = 1; i < run->n_ops; i++) {
                const struct ir_op *op = &run->ops[i];
                if (op->op == IR_PUT && op->plane == IR_PLANE_V && (op->aux < 16 || (op->aux >= X86_YMM0 && op->aux < X86_X87))) {
                    const char *real = (char *)s + x86_slot_offset(op->aux, 0) + op->imm;
                    const char *described = (char *)s + x86_slot_offset(op->aux, 1) + op->imm;
                    if (memcmp(real, described, ir_type_bytes(op->type))) {
                        char *text;
                        size_t size;
                        ir_print(run, &text, &size);
                        fprintf(stderr, "%s\n", text);
                        test_dump();
                        ck_abort_msg("block at %lx: slot %s described %lx, not %lx", before[0], ir_slot_name(op->aux),
                                     *(uint64_t *)described, *(uint64_t *)real);
                    }
                }
            }
        }
    }
    ir_block_free(&b);
    ir_block_free(&shadowed);
}

static uint8_t data[4096];

static void fill_data(void)
{
    uint64_t x = 42;
    for (int i = 0; i < 4096; i++) {
        x = x * 6364136223846793005ull + 1442695040888963407ull;
        data[i] = x >> 56;
    }
    data[700] = 0;
}

static void run_all(const struct way *w)
{
    for (unsigned k = 0; k < sizeof functions / sizeof *functions; k++) {
        fill_data();
        memcpy(test_memory, data, 4096);
        const uint64_t expected = functions[k].fn(test_memory, functions[k].n);
        static uint8_t result[4096];
        memcpy(result, test_memory, 4096);
        memcpy(test_memory, data, 4096);
        struct x86_state s;
        test_random_state(&s);
        s.rflags = 2;
        memset(s.flag, 0, sizeof s.flag);
        s.rip = (uint64_t)functions[k].fn;
        s.gpr[X86_RDI] = (uint64_t)test_memory;
        s.gpr[X86_RSI] = functions[k].n;
        s.gpr[X86_RSP] = (uint64_t)test_stack_top + 8;
        memcpy((void *)(s.gpr[X86_RSP] - 8), &(uint64_t){ BACK }, 8);
        s.gpr[X86_RSP] -= 8;
        run_guest(w, &s);
        ck_assert_msg(s.gpr[0] == expected, "%s, %s: %lx, not %lx", w->name, functions[k].name, s.gpr[0], expected);
        ck_assert_msg(!memcmp(result, test_memory, 4096), "%s, %s: memory", w->name, functions[k].name);
    }
}

START_TEST(test_as_native) { run_all(&(struct way){ "native", IR_FORM_NATIVE, true, false, OPT_ALL }); }
END_TEST
START_TEST(test_native_plain) { run_all(&(struct way){ "native, not optimised", IR_FORM_NATIVE, true, false, 0 }); }
END_TEST
START_TEST(test_tandem) { run_all(&(struct way){ "tandem", IR_FORM_TANDEM, true, false, OPT_ALL }); }
END_TEST
START_TEST(test_tandem_compare) { run_all(&(struct way){ "tandem, compared", IR_FORM_TANDEM, true, true, 0 }); }
END_TEST
START_TEST(test_tandem_compare_optimised) { run_all(&(struct way){ "tandem, compared, optimised", IR_FORM_TANDEM, true, true, OPT_ALL }); }
END_TEST
START_TEST(test_pure) { run_all(&(struct way){ "pure", IR_FORM_PURE, false, false, 0 }); }
END_TEST
START_TEST(test_pure_optimised) { run_all(&(struct way){ "pure, optimised", IR_FORM_PURE, false, false, OPT_ALL }); }
END_TEST
START_TEST(test_pure_identity) { run_all(&(struct way){ "pure, identity", IR_FORM_PURE, true, false, OPT_ALL }); }
END_TEST

int main(void)
{
    test_init();
    Suite *s = suite_create("host_guest");
    TCase *t = tcase_create("guest");
    tcase_set_timeout(t, 600);
    tcase_add_test(t, test_as_native);
    tcase_add_test(t, test_native_plain);
    tcase_add_test(t, test_tandem);
    tcase_add_test(t, test_tandem_compare);
    tcase_add_test(t, test_tandem_compare_optimised);
    tcase_add_test(t, test_pure);
    tcase_add_test(t, test_pure_optimised);
    tcase_add_test(t, test_pure_identity);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_set_fork_status(r, CK_NOFORK);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
