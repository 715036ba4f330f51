/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Definedness lost and found again, by chains of instructions through memory, flags, parts
 * of registers, vectors, x87 and state saves.  A chain takes rax to rax.  It runs with some
 * undefined bits, then with each of them turned over: the bits of the result that changed are
 * those that must be undefined; for the chains called EXACT no others may be.  With the same bits
 * defined again the result must be defined: alternately, so that both translations are used. */
// build: gcc -O1
// native: no
// exit: 0
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "valgrind/memcheck.h"

enum { SOUND, EXACT };
static uint8_t buffer[2048] __attribute__((aligned(64)));

#define CHAINS(C) \
    C(EXACT, memory, "mov %rax,(%rdx); mov (%rdx),%rax") \
    C(EXACT, memory_byte, "mov %al,5(%rdx); movzbl 5(%rdx),%eax") \
    C(EXACT, memory_pieces, "mov %rax,(%rdx); mov 3(%rdx),%ecx; mov %ecx,20(%rdx); mov 18(%rdx),%rax") \
    C(EXACT, memory_cross, "mov %rax,61(%rdx); mov 62(%rdx),%eax") \
    C(EXACT, memory_over, "mov %rax,(%rdx); movw $7,2(%rdx); mov (%rdx),%rax") \
    C(EXACT, memory_and, "mov %rax,(%rdx); andl $0x0ff00ff0,(%rdx); mov (%rdx),%rax") \
    C(EXACT, memory_not, "mov %rax,(%rdx); notq (%rdx); mov (%rdx),%rax") \
    C(EXACT, stack, "push %rax; push $3; pop %rcx; pop %rax") \
    C(EXACT, stack_below, "mov %rax,-8(%rsp); mov -8(%rsp),%rax") \
    C(EXACT, stack_word, "push %ax; pop %cx; movzwl %cx,%eax") \
    C(EXACT, stack_memory, "mov %rax,(%rdx); push (%rdx); popq 8(%rdx); mov 8(%rdx),%rax") \
    C(EXACT, call, "call 1f; jmp 2f; 1: push %rbp; mov %rsp,%rbp; sub $32,%rsp; mov %rax,-24(%rbp); xor %eax,%eax; mov -24(%rbp),%rax; leave; ret; 2:") \
    C(EXACT, al, "movzbl %al,%eax") \
    C(EXACT, ah, "movzbl %ah,%eax") \
    C(EXACT, ah_to_cl, "mov %ah,%cl; mov %cl,%al") \
    C(EXACT, al_gone, "mov $0x12,%al") \
    C(EXACT, ah_gone, "mov $0x34,%ah") \
    C(EXACT, ax_gone, "mov $0x1234,%ax") \
    C(EXACT, upper_gone, "mov %eax,%eax") \
    C(EXACT, exchanged, "xchg %al,%ah") \
    C(EXACT, sign, "movsbq %al,%rax") \
    C(EXACT, cltq, "cltq") \
    C(EXACT, cqto, "mov %rdx,%rcx; cqto; mov %rdx,%rax; mov %rcx,%rdx") \
    C(EXACT, bswap, "bswap %rax") \
    C(EXACT, rotate, "rol $12,%rax; ror $3,%eax") \
    C(EXACT, shift, "shl $5,%rax; shr $9,%rax; sar $2,%eax") \
    C(EXACT, shld, "mov $7,%ecx; shld $12,%rax,%rcx; mov %rcx,%rax") \
    C(EXACT, and_mask, "and $0xff0,%rax") \
    C(EXACT, or_mask, "or $0xff0,%rax") \
    C(EXACT, xor_self, "xor %eax,%eax") \
    C(EXACT, sub_self, "sub %rax,%rax") \
    C(EXACT, xor_twice, "mov %rax,%rcx; mov $0,%eax; xor %rax,%rax; and $0,%rcx; add %rcx,%rax") \
    C(EXACT, and_zero, "and $0,%eax") \
    C(EXACT, or_ones, "or $-1,%rax") \
    C(EXACT, lea, "lea 0(,%rax,4),%rax") \
    C(SOUND, add, "add $0x1111,%rax") \
    C(SOUND, neg, "neg %rax") \
    C(SOUND, imul, "imul $1000,%rax,%rax") \
    C(EXACT, bit, "bt $5,%rax; setc %al; movzbl %al,%eax") \
    C(EXACT, carry, "shr $1,%rax; setc %al; movzbl %al,%eax") \
    C(EXACT, carry_twice, "shr $4,%rax; rcl $1,%rcx; and $1,%ecx; mov %rcx,%rax") \
    C(EXACT, carry_memory, "shr $3,%rax; setc 7(%rdx); mov 7(%rdx),%al; and $1,%eax") \
    C(EXACT, pushf, "shr $6,%rax; pushf; cmp %eax,%eax; popf; setc %al; movzbl %al,%eax") \
    C(EXACT, pushf_bit, "shr $2,%rax; pushf; pop %rax; and $1,%eax") \
    C(EXACT, popf, "and $0xd5,%eax; push %rax; popf; setc %al; setz %cl; movzbl %al,%eax; mov %cl,%ah") \
    C(EXACT, lahf, "shr $7,%rax; lahf; mov %ah,%cl; test %edx,%edx; mov %cl,%ah; sahf; setc %al; movzbl %al,%eax") \
    C(EXACT, lahf_bit, "shr $3,%rax; lahf; movzbl %ah,%eax; and $1,%eax") \
    C(EXACT, sahf, "shl $8,%eax; sahf; setc %al; sets %cl; movzbl %al,%eax; mov %cl,%ah") \
    C(EXACT, cmc, "shr $1,%rax; cmc; setnc %al; movzbl %al,%eax") \
    C(EXACT, flags_gone, "shr $1,%rax; stc; setc %al; movzbl %al,%eax") \
    C(EXACT, inc_keeps, "shr $1,%rax; mov $5,%ecx; inc %ecx; setc %al; movzbl %al,%eax") \
    C(EXACT, shift_zero, "shr $1,%rax; mov $0,%ecx; shl %cl,%r8; setc %al; movzbl %al,%eax") \
    C(EXACT, sign_flag, "test %rax,%rax; sets %al; movzbl %al,%eax") \
    C(SOUND, zero_flag, "test %rax,%rax; setz %al; movzbl %al,%eax") \
    C(SOUND, parity, "test %al,%al; setp %al; movzbl %al,%eax") \
    C(SOUND, less, "cmp $1000,%rax; setl %al; movzbl %al,%eax") \
    C(SOUND, sbb_self, "shr $1,%rax; sbb %rax,%rax") \
    C(EXACT, sbb_clean, "mov %rax,%rcx; clc; sbb %rax,%rax") \
    C(EXACT, salc, "shr $1,%rax; mov $0,%eax; setc %al") \
    C(SOUND, adc, "shr $1,%rax; mov $3,%eax; adc $5,%eax") \
    C(SOUND, adc_chain, "mov %rax,%rcx; mov $-1,%r8; add %rcx,%r8; mov $0,%eax; adc $0,%rax; add $-1,%rax; adc $1,%rax") \
    C(EXACT, cmov_taken, "xor %ecx,%ecx; cmp %edx,%edx; cmove %rax,%rcx; mov %rcx,%rax") \
    C(EXACT, cmov_not, "mov $77,%ecx; cmp %edx,%edx; cmovne %rax,%rcx; mov %rcx,%rax") \
    C(EXACT, cmov_upper, "cmp %edx,%edx; cmovne %ecx,%eax") \
    C(SOUND, cmov_flag, "mov $9,%ecx; mov $10,%r8d; shr $1,%rax; cmovc %r8,%rcx; mov %rcx,%rax") \
    C(EXACT, cmov_same, "mov $9,%ecx; mov $9,%r8d; shr $1,%rax; cmovc %r8,%rcx; mov %rcx,%rax") \
    C(EXACT, xchg_memory, "movq $99,(%rdx); xchg %rax,(%rdx); xchg %rax,(%rdx)") \
    C(EXACT, xchg_gone, "movq $99,(%rdx); xchg %rax,(%rdx)") \
    C(EXACT, xchg_left, "movl $99,(%rdx); xchg %eax,(%rdx); mov (%rdx),%eax") \
    C(EXACT, xadd, "movq $0,(%rdx); lock xadd %rax,(%rdx); mov (%rdx),%rax") \
    C(EXACT, xadd_old, "mov %rax,(%rdx); mov $0,%eax; lock xadd %rax,(%rdx)") \
    C(EXACT, cmpxchg, "mov %rax,%r8; mov $5,%eax; movq $5,(%rdx); lock cmpxchg %r8,(%rdx); mov (%rdx),%rax") \
    C(EXACT, cmpxchg_fails, "mov %rax,%r8; mov $6,%eax; movq $5,(%rdx); lock cmpxchg %r8,(%rdx)") \
    C(EXACT, cmpxchg_fails_left, "mov %rax,%r8; mov $6,%eax; movq $5,(%rdx); cmpxchg %r8,(%rdx); mov (%rdx),%rax") \
    C(EXACT, cmpxchg16b, "push %rbx; mov %rdx,%r8; mov %rax,%rbx; mov $1,%ecx; mov $5,%eax; mov $6,%edx; mov %rax,(%r8); mov %rdx,8(%r8); " \
                  "lock cmpxchg16b (%r8); mov (%r8),%rax; mov %r8,%rdx; pop %rbx") \
    C(EXACT, lock_or, "movq $0,(%rdx); lock or %rax,(%rdx); mov (%rdx),%rax") \
    C(EXACT, lock_and, "mov %rax,(%rdx); lock andq $0xff,(%rdx); mov (%rdx),%rax") \
    C(EXACT, lock_xor, "mov %rax,(%rdx); lock xorb $0xff,1(%rdx); mov (%rdx),%rax") \
    C(EXACT, lock_bts, "mov %rax,(%rdx); lock btsq $3,(%rdx); mov (%rdx),%rax") \
    C(SOUND, lock_add, "mov %rax,(%rdx); lock addl $1,(%rdx); mov (%rdx),%rax") \
    C(EXACT, movs, "mov %rax,(%rdx); mov %rdx,%rsi; lea 64(%rdx),%rdi; mov $8,%ecx; rep movsb; mov 64(%rdx),%rax") \
    C(EXACT, movs_quads, "mov %rax,1(%rdx); mov %rdx,%rsi; lea 128(%rdx),%rdi; mov $8,%ecx; rep movsq; mov 129(%rdx),%rax") \
    C(EXACT, movs_down, "mov %rax,(%rdx); lea 7(%rdx),%rsi; lea 71(%rdx),%rdi; mov $8,%ecx; std; rep movsb; cld; mov 64(%rdx),%rax") \
    C(EXACT, movs_overlap, "mov %rax,(%rdx); mov %rdx,%rsi; lea 4(%rdx),%rdi; mov $12,%ecx; rep movsb; mov 8(%rdx),%rax") \
    C(EXACT, stos, "lea 64(%rdx),%rdi; mov $5,%ecx; rep stosq; mov 97(%rdx),%rax") \
    C(EXACT, stos_byte, "lea 64(%rdx),%rdi; mov $20,%ecx; rep stosb; mov 70(%rdx),%rax") \
    C(EXACT, lods, "mov %rax,(%rdx); mov %rdx,%rsi; xor %eax,%eax; lodsw") \
    C(EXACT, xmm, "movq %rax,%xmm1; mov $1,%eax; movq %xmm1,%rax") \
    C(EXACT, xmm_low, "movd %eax,%xmm1; movd %xmm1,%eax") \
    C(EXACT, xmm_memory, "movq %rax,%xmm1; movdqu %xmm1,3(%rdx); mov 3(%rdx),%rax") \
    C(EXACT, xmm_upper, "movq %rax,%xmm1; pslldq $8,%xmm1; movups %xmm1,(%rdx); mov 8(%rdx),%rax") \
    C(EXACT, xmm_shuffle, "movq %rax,%xmm1; pshufd $0x1b,%xmm1,%xmm2; psrldq $8,%xmm2; movq %xmm2,%rax") \
    C(EXACT, xmm_bytes, "movq %rax,%xmm1; punpcklbw %xmm1,%xmm1; pshuflw $0x1b,%xmm1,%xmm1; movq %xmm1,%rax") \
    C(EXACT, xmm_logic, "movq %rax,%xmm1; pcmpeqd %xmm2,%xmm2; psrlq $20,%xmm2; pand %xmm2,%xmm1; por %xmm2,%xmm2; movq %xmm1,%rax") \
    C(EXACT, xmm_self, "movq %rax,%xmm1; pxor %xmm1,%xmm1; movq %xmm1,%rax") \
    C(EXACT, xmm_self_vex, "vmovq %rax,%xmm1; vpxor %xmm1,%xmm1,%xmm1; vmovq %xmm1,%rax") \
    C(EXACT, xmm_sub_self, "movq %rax,%xmm1; psubd %xmm1,%xmm1; movq %xmm1,%rax") \
    C(EXACT, xmm_equal_self, "movq %rax,%xmm1; pcmpeqd %xmm1,%xmm1; movq %xmm1,%rax") \
    C(EXACT, xmm_zero_upper, "movq %rax,%xmm1; punpcklqdq %xmm1,%xmm1; movq %xmm1,%xmm1; psrldq $8,%xmm1; movq %xmm1,%rax") \
    C(EXACT, xmm_insert, "pxor %xmm1,%xmm1; pinsrw $3,%eax,%xmm1; movq %xmm1,%rax") \
    C(EXACT, xmm_extract, "movq %rax,%xmm1; pextrw $2,%xmm1,%eax") \
    C(EXACT, xmm_movss, "movd %eax,%xmm1; pxor %xmm2,%xmm2; movss %xmm1,%xmm2; movlhps %xmm2,%xmm2; psrldq $6,%xmm2; movq %xmm2,%rax") \
    C(EXACT, xmm_sign_mask, "movq %rax,%xmm1; pmovmskb %xmm1,%eax") \
    C(EXACT, xmm_shufps, "movq %rax,%xmm1; xorps %xmm2,%xmm2; shufps $0x14,%xmm1,%xmm2; movhlps %xmm2,%xmm2; movq %xmm2,%rax") \
    C(EXACT, ymm, "vmovq %rax,%xmm1; vpbroadcastq %xmm1,%ymm2; vextracti128 $1,%ymm2,%xmm3; vmovq %xmm3,%rax") \
    C(EXACT, ymm_memory, "vmovq %rax,%xmm1; vpermq $0x1b,%ymm1,%ymm1; vmovdqu %ymm1,(%rdx); mov 24(%rdx),%rax; vzeroupper") \
    C(EXACT, ymm_upper_gone, "vmovq %rax,%xmm1; vinserti128 $1,%xmm1,%ymm1,%ymm1; vmovdqa %xmm1,%xmm1; vextracti128 $1,%ymm1,%xmm1; vmovq %xmm1,%rax") \
    C(EXACT, ymm_zeroupper, "vmovq %rax,%xmm1; vinserti128 $1,%xmm1,%ymm1,%ymm1; vzeroupper; vextracti128 $1,%ymm1,%xmm1; vmovq %xmm1,%rax") \
    C(EXACT, ymm_zeroall, "vmovq %rax,%xmm1; vzeroall; vmovq %xmm1,%rax") \
    C(EXACT, ymm_legacy_keeps, "vmovq %rax,%xmm1; vinserti128 $1,%xmm1,%ymm1,%ymm1; pxor %xmm1,%xmm1; vextracti128 $1,%ymm1,%xmm1; vmovq %xmm1,%rax") \
    C(EXACT, maskmov, "vmovq %rax,%xmm1; vpcmpeqd %xmm2,%xmm2,%xmm2; vpsrldq $12,%xmm2,%xmm2; vpmaskmovd %xmm1,%xmm2,(%rdx); mov (%rdx),%rax") \
    C(EXACT, fxsave, "movq %rax,%xmm3; fxsave 512(%rdx); pxor %xmm3,%xmm3; fxrstor 512(%rdx); movq %xmm3,%rax") \
    C(EXACT, fxsave_read, "movq %rax,%xmm3; fxsave 512(%rdx); pxor %xmm3,%xmm3; mov 512+160+48(%rdx),%rax") \
    C(EXACT, fxsave_defined, "fxsave 512(%rdx); movq %rax,%xmm3; fxrstor 512(%rdx); movq %xmm3,%rax") \
    C(EXACT, xsave, "push %rdx; mov %rdx,%r8; movq %rax,%xmm9; mov $7,%eax; xor %edx,%edx; xsave 512(%r8); pxor %xmm9,%xmm9; xrstor 512(%r8); " \
                  "movq %xmm9,%rax; pop %rdx") \
    C(EXACT, xsave_upper, "push %rdx; mov %rdx,%r8; vmovq %rax,%xmm9; vinserti128 $1,%xmm9,%ymm9,%ymm9; mov $7,%eax; xor %edx,%edx; xsave 512(%r8); " \
                  "vpxor %xmm9,%xmm9,%xmm9; xrstor 512(%r8); vextracti128 $1,%ymm9,%xmm9; vmovq %xmm9,%rax; pop %rdx") \
    C(SOUND, x87_int, "mov %rax,(%rdx); fildll (%rdx); fistpll 8(%rdx); mov 8(%rdx),%rax") \
    C(SOUND, x87_stack, "mov %eax,(%rdx); fildl (%rdx); fld1; fxch; fstp %st(1); fistpl 8(%rdx); mov 8(%rdx),%eax") \
    C(EXACT, x87_gone, "mov %eax,(%rdx); fildl (%rdx); fstp %st(0); fldz; fistpll 8(%rdx); mov 8(%rdx),%rax") \
    C(EXACT, x87_init, "mov %eax,(%rdx); fildl (%rdx); fninit; fld1; fistpll 8(%rdx); mov 8(%rdx),%rax") \
    C(SOUND, mmx, "movq %rax,%mm3; movq %mm3,(%rdx); emms; mov (%rdx),%rax") \
    C(EXACT, movbe, "mov %rax,(%rdx); movbe (%rdx),%rax") \
    C(EXACT, bextr, "mov $0x0c04,%ecx; bextr %ecx,%eax,%eax") \
    C(EXACT, andn, "mov $0xff,%ecx; andn %rax,%rcx,%rax") \
    C(EXACT, rorx, "rorx $13,%rax,%rax") \
    C(EXACT, shlx, "mov $3,%ecx; shlx %rcx,%rax,%rax; shrx %rcx,%rax,%rax") \
    C(EXACT, pext, "mov $0xff00ff,%ecx; pext %rcx,%rax,%rax") \
    C(EXACT, pdep, "mov $0xf0f0f0,%ecx; pdep %rcx,%rax,%rax") \
    C(SOUND, popcnt, "popcnt %rax,%rax") \
    C(SOUND, bsf, "or $0x100000,%eax; bsf %eax,%eax") \
    C(SOUND, tzcnt, "tzcnt %rax,%rax") \
    C(SOUND, mulx, "push %rdx; mov %rax,%rdx; mov $12345,%ecx; mulx %rcx,%rax,%rcx; pop %rdx; xor %rcx,%rax") \
    C(SOUND, crc, "mov $1,%ecx; crc32b %al,%ecx; mov %rcx,%rax") \
    C(EXACT, syscall_keeps, "mov %rax,%r9; mov $39,%eax; syscall; mov %r9,%rax") \
    C(EXACT, syscall_result, "mov %rax,%r9; mov $186,%eax; mov $0,%r11d; syscall; xor %eax,%eax; mov %r11,%r11; xor %r11d,%r11d; add %r11,%rax") \
    C(EXACT, loop, "mov $50,%ecx; 1: rol $3,%rax; mov %rax,(%rdx,%rcx,8); xor %eax,%eax; mov (%rdx,%rcx,8),%rax; dec %ecx; jne 1b; rol $2,%rax")

/* in: rdi value; rdx: the buffer.  What is called may change all but rbx, rbp, r12-r15. */
#define FUNCTION(kind, name, text) __asm__(".text\nchain_" #name ": mov %rdi,%rax; mov %rsi,%rdx; xor %ecx,%ecx; mov $1,%r8d\n" text "\n ret\n"); \
    uint64_t chain_##name(uint64_t value, void *buffer);
CHAINS(FUNCTION)
#define ROW(kind, name, text) { #name, chain_##name, kind },
static const struct { const char *name; uint64_t (*run)(uint64_t, void *); int kind; } chains[] = { CHAINS(ROW) };

static uint64_t seed = 88172645463325252ull;
static uint64_t next(void) { seed ^= seed << 13; seed ^= seed >> 7; seed ^= seed << 17; return seed * 0x2545f4914f6cdd1dull; }

static uint64_t run(int k, uint64_t value, uint64_t mask, uint64_t *undefined)
{
    VALGRIND_MAKE_MEM_DEFINED(buffer, sizeof buffer);
    memset(buffer, 0, sizeof buffer);
    VALGRIND_SET_VBITS(&value, &mask, 8);
    uint64_t result = chains[k].run(value, buffer);
    VALGRIND_GET_VBITS(&result, undefined, 8);
    VALGRIND_MAKE_MEM_DEFINED(&result, 8);
    return result;
}

/* 1: too defined, 2: too undefined, 4: undefined without a cause, 8: another value. */
static int wrong(int k, uint64_t value, uint64_t mask)
{
    uint64_t undefined, none, changed = 0;
    const uint64_t result = run(k, value, mask, &undefined);
    int bad = run(k, value, 0, &none) != result ? 8 : 0;
    bad |= none ? 4 : 0;
    for (int bit = 0; bit < 64; bit++)
        if (mask >> bit & 1)
            changed |= run(k, value ^ 1ull << bit, 0, &none) ^ result;
    for (int i = 0; i < 8; i++)
        changed |= run(k, value ^ (next() & mask), 0, &none) ^ result;
    bad |= changed & ~undefined ? 1 : 0;
    bad |= chains[k].kind == EXACT && undefined & ~changed ? 2 : 0;
    return bad;
}

int main(void)
{
    int bad = 0;
    for (int k = 0; k < sizeof chains / sizeof *chains; k++) {
        static const uint64_t masks[] = { ~0ull, 0xff, 0xff00, 0xf0f0, 0xffffffff00000000, 0x8000000080008080, 1, 0x7e };
        int n[4] = { 0 };
        for (int i = 0; i < 16; i++) {
            const int w = wrong(k, next(), i < 8 ? masks[i] : next() & next());
            for (int j = 0; j < 4; j++)
                n[j] += w >> j & 1;
        }
        if (n[0] + n[1] + n[2] + n[3])
            printf("%s: of 16: %d too defined, %d too undefined, %d undefined without cause, %d of another value\n", chains[k].name,
                   n[0], n[1], n[2], n[3]), bad = 1;
    }
    return bad;
}
