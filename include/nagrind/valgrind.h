/* SPDX-License-Identifier: BSD-2-Clause */
/* Client requests: how a program talks to the nagrind (or Valgrind) that runs it.
 *
 * Include this header in any program, under any licence.  Without the tool each
 * request is a handful of instructions that do nothing and yields its default;
 * with NVALGRIND defined, or on an unsupported platform, it is not even that.
 * A request is: the address of six words (code, five arguments) in one register,
 * the default result in another, then an instruction sequence that no compiler emits.
 */
/*
 * Copyright (c) 2026 the nagrind authors.
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions are met:
 *
 * 1. Redistributions of source code must retain the above copyright notice,
 *    this list of conditions and the following disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright notice,
 *    this list of conditions and the following disclaimer in the documentation
 *    and/or other materials provided with the distribution.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS"
 * AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
 * IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE
 * ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE
 * LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR
 * CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF
 * SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS
 * INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN
 * CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE)
 * ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE
 * POSSIBILITY OF SUCH DAMAGE.
 */
#ifndef NAGRIND_VALGRIND_H
#define NAGRIND_VALGRIND_H
#define __VALGRIND_H

#define __VALGRIND_MAJOR__ 3
#define __VALGRIND_MINOR__ 28

#include <stdarg.h>

#if !defined(NVALGRIND) && !(defined(__linux__) && defined(__GNUC__) && (defined(__x86_64__) || defined(__aarch64__)) && \
                             !defined(__ILP32__))
#define NVALGRIND 1
#endif

typedef struct {
    unsigned long nraddr; /* original function, to be called without redirection */
} OrigFn;

/* ---- the instruction sequences ---- */
#if defined(NVALGRIND)

#define VALGRIND_DO_CLIENT_REQUEST_EXPR(dflt, req, a1, a2, a3, a4, a5) (dflt)

#elif defined(__x86_64__)
#define PLAT_amd64_linux 1

#define NG_PREAMBLE_ "rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\t"

#define VALGRIND_DO_CLIENT_REQUEST_EXPR(dflt, req, a1, a2, a3, a4, a5) \
    __extension__({ \
        volatile unsigned long ng_args_[6]; \
        volatile unsigned long ng_result_; \
        ng_args_[0] = (unsigned long)(req); \
        ng_args_[1] = (unsigned long)(a1); \
        ng_args_[2] = (unsigned long)(a2); \
        ng_args_[3] = (unsigned long)(a3); \
        ng_args_[4] = (unsigned long)(a4); \
        ng_args_[5] = (unsigned long)(a5); \
        __asm__ volatile(NG_PREAMBLE_ "xchgq %%rbx, %%rbx" \
                         : "=d"(ng_result_) \
                         : "a"(&ng_args_[0]), "0"((unsigned long)(dflt)) \
                         : "cc", "memory"); \
        ng_result_; \
    })

#define VALGRIND_GET_NR_CONTEXT(orig) \
    do { \
        volatile unsigned long ng_addr_; \
        __asm__ volatile(NG_PREAMBLE_ "xchgq %%rcx, %%rcx" : "=a"(ng_addr_) : : "cc", "memory"); \
        (orig).nraddr = ng_addr_; \
    } while (0)

/* Testing only: replaces the following instruction's IR. */
#define VALGRIND_VEX_INJECT_IR() __asm__ volatile(NG_PREAMBLE_ "xchgq %%rdi, %%rdi\n\t" : : : "cc", "memory")

/* Calls the function whose address and arguments are at rax, without redirection.  The stack pointer leaves
 * the caller's red zone alone and is aligned; r14 holds the frame's CFA so that unwinders find their way. */
#if defined(__GCC_HAVE_DWARF2_CFI_ASM) || defined(__clang__)
#define NG_CFI_IN_  ".cfi_remember_state\n\t.cfi_def_cfa r14, 0\n\t"
#define NG_CFI_OUT_ ".cfi_restore_state\n\t"
#define NG_CFA_     __builtin_dwarf_cfa()
#else
#define NG_CFI_IN_  ""
#define NG_CFI_OUT_ ""
#define NG_CFA_     ((void *)0)
#endif
#define NG_CALL_FN_(lval, setup, ...) \
    do { \
        volatile unsigned long ng_vec_[] = { __VA_ARGS__ }; \
        volatile unsigned long ng_rax_; \
        register void *ng_cfa_ __asm__("r14") = NG_CFA_; \
        __asm__ volatile(NG_CFI_IN_ "movq %%rsp, %%r15\n\t" \
                         "subq $128, %%rsp\n\t" \
                         "andq $-16, %%rsp\n\t" setup \
                         "movq (%%rax), %%rax\n\t" NG_PREAMBLE_ \
                         "xchgq %%rdx, %%rdx\n\t" \
                         "movq %%r15, %%rsp\n\t" NG_CFI_OUT_ \
                         : "=a"(ng_rax_) \
                         : "a"(&ng_vec_[0]), "r"(ng_cfa_) \
                         : "cc", "memory", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r15", \
                           "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", \
                           "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"); \
        (lval) = (__typeof__(lval))ng_rax_; \
    } while (0)

/* Arguments 7 and up on the stack, the first six in registers. */
#define NG_SETUP_0_ \
    ""
#define NG_SETUP_1_ \
    "movq 8(%%rax), %%rdi\n\t"
#define NG_SETUP_2_ \
    "movq 16(%%rax), %%rsi\n\t" \
    "movq 8(%%rax), %%rdi\n\t"
#define NG_SETUP_3_ \
    "movq 24(%%rax), %%rdx\n\t" \
    "movq 16(%%rax), %%rsi\n\t" \
    "movq 8(%%rax), %%rdi\n\t"
#define NG_SETUP_4_ \
    "movq 32(%%rax), %%rcx\n\t" \
    "movq 24(%%rax), %%rdx\n\t" \
    "movq 16(%%rax), %%rsi\n\t" \
    "movq 8(%%rax), %%rdi\n\t"
#define NG_SETUP_5_ \
    "movq 40(%%rax), %%r8\n\t" \
    "movq 32(%%rax), %%rcx\n\t" \
    "movq 24(%%rax), %%rdx\n\t" \
    "movq 16(%%rax), %%rsi\n\t" \
    "movq 8(%%rax), %%rdi\n\t"
#define NG_SETUP_6_ \
    "movq 48(%%rax), %%r9\n\t" \
    "movq 40(%%rax), %%r8\n\t" \
    "movq 32(%%rax), %%rcx\n\t" \
    "movq 24(%%rax), %%rdx\n\t" \
    "movq 16(%%rax), %%rsi\n\t" \
    "movq 8(%%rax), %%rdi\n\t"
#define NG_SETUP_7_ \
    "subq $8, %%rsp\n\t" \
    "pushq 56(%%rax)\n\t" \
    "movq 48(%%rax), %%r9\n\t" \
    "movq 40(%%rax), %%r8\n\t" \
    "movq 32(%%rax), %%rcx\n\t" \
    "movq 24(%%rax), %%rdx\n\t" \
    "movq 16(%%rax), %%rsi\n\t" \
    "movq 8(%%rax), %%rdi\n\t"
#define NG_SETUP_8_ \
    "pushq 64(%%rax)\n\t" \
    "pushq 56(%%rax)\n\t" \
    "movq 48(%%rax), %%r9\n\t" \
    "movq 40(%%rax), %%r8\n\t" \
    "movq 32(%%rax), %%rcx\n\t" \
    "movq 24(%%rax), %%rdx\n\t" \
    "movq 16(%%rax), %%rsi\n\t" \
    "movq 8(%%rax), %%rdi\n\t"
#define NG_SETUP_9_ \
    "subq $8, %%rsp\n\t" \
    "pushq 72(%%rax)\n\t" \
    "pushq 64(%%rax)\n\t" \
    "pushq 56(%%rax)\n\t" \
    "movq 48(%%rax), %%r9\n\t" \
    "movq 40(%%rax), %%r8\n\t" \
    "movq 32(%%rax), %%rcx\n\t" \
    "movq 24(%%rax), %%rdx\n\t" \
    "movq 16(%%rax), %%rsi\n\t" \
    "movq 8(%%rax), %%rdi\n\t"
#define NG_SETUP_10_ \
    "pushq 80(%%rax)\n\t" \
    "pushq 72(%%rax)\n\t" \
    "pushq 64(%%rax)\n\t" \
    "pushq 56(%%rax)\n\t" \
    "movq 48(%%rax), %%r9\n\t" \
    "movq 40(%%rax), %%r8\n\t" \
    "movq 32(%%rax), %%rcx\n\t" \
    "movq 24(%%rax), %%rdx\n\t" \
    "movq 16(%%rax), %%rsi\n\t" \
    "movq 8(%%rax), %%rdi\n\t"
#define NG_SETUP_11_ \
    "subq $8, %%rsp\n\t" \
    "pushq 88(%%rax)\n\t" \
    "pushq 80(%%rax)\n\t" \
    "pushq 72(%%rax)\n\t" \
    "pushq 64(%%rax)\n\t" \
    "pushq 56(%%rax)\n\t" \
    "movq 48(%%rax), %%r9\n\t" \
    "movq 40(%%rax), %%r8\n\t" \
    "movq 32(%%rax), %%rcx\n\t" \
    "movq 24(%%rax), %%rdx\n\t" \
    "movq 16(%%rax), %%rsi\n\t" \
    "movq 8(%%rax), %%rdi\n\t"
#define NG_SETUP_12_ \
    "pushq 96(%%rax)\n\t" \
    "pushq 88(%%rax)\n\t" \
    "pushq 80(%%rax)\n\t" \
    "pushq 72(%%rax)\n\t" \
    "pushq 64(%%rax)\n\t" \
    "pushq 56(%%rax)\n\t" \
    "movq 48(%%rax), %%r9\n\t" \
    "movq 40(%%rax), %%r8\n\t" \
    "movq 32(%%rax), %%rcx\n\t" \
    "movq 24(%%rax), %%rdx\n\t" \
    "movq 16(%%rax), %%rsi\n\t" \
    "movq 8(%%rax), %%rdi\n\t"

#elif defined(__aarch64__)
#define PLAT_arm64_linux 1

#define NG_PREAMBLE_ "ror x12, x12, #3\n\tror x12, x12, #13\n\tror x12, x12, #51\n\tror x12, x12, #61\n\t"

#define VALGRIND_DO_CLIENT_REQUEST_EXPR(dflt, req, a1, a2, a3, a4, a5) \
    __extension__({ \
        volatile unsigned long ng_args_[6]; \
        register volatile unsigned long *ng_block_ __asm__("x4") = ng_args_; \
        register unsigned long ng_result_ __asm__("x3") = (unsigned long)(dflt); \
        ng_args_[0] = (unsigned long)(req); \
        ng_args_[1] = (unsigned long)(a1); \
        ng_args_[2] = (unsigned long)(a2); \
        ng_args_[3] = (unsigned long)(a3); \
        ng_args_[4] = (unsigned long)(a4); \
        ng_args_[5] = (unsigned long)(a5); \
        __asm__ volatile(NG_PREAMBLE_ "orr x10, x10, x10" : "+r"(ng_result_) : "r"(ng_block_) : "cc", "memory"); \
        ng_result_; \
    })

#define VALGRIND_GET_NR_CONTEXT(orig) \
    do { \
        register unsigned long ng_addr_ __asm__("x3"); \
        __asm__ volatile(NG_PREAMBLE_ "orr x11, x11, x11" : "=r"(ng_addr_) : : "cc", "memory"); \
        (orig).nraddr = ng_addr_; \
    } while (0)

#define VALGRIND_VEX_INJECT_IR() __asm__ volatile(NG_PREAMBLE_ "orr x9, x9, x9\n\t" : : : "cc", "memory")

#define NG_CALL_FN_(lval, setup, ...) \
    do { \
        volatile unsigned long ng_vec_[] = { __VA_ARGS__ }; \
        register volatile unsigned long *ng_block_ __asm__("x8") = ng_vec_; \
        register unsigned long ng_x0_ __asm__("x0"); \
        __asm__ volatile("mov x21, sp\n\t" \
                         setup \
                         "ldr x8, [x8]\n\t" NG_PREAMBLE_ \
                         "orr x12, x12, x12\n\t" \
                         "mov sp, x21\n\t" \
                         : "=r"(ng_x0_), "+r"(ng_block_) \
                         : \
                         : "cc", "memory", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", \
                           "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x21", "x30", "v0", "v1", "v2", \
                           "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20", "v21", "v22", \
                           "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31"); \
        (lval) = (__typeof__(lval))ng_x0_; \
    } while (0)

#define NG_SETUP_0_ \
    ""
#define NG_SETUP_1_ \
    "ldr x0, [x8, #8]\n\t"
#define NG_SETUP_2_ \
    "ldr x0, [x8, #8]\n\t" \
    "ldr x1, [x8, #16]\n\t"
#define NG_SETUP_3_ \
    "ldr x0, [x8, #8]\n\t" \
    "ldr x1, [x8, #16]\n\t" \
    "ldr x2, [x8, #24]\n\t"
#define NG_SETUP_4_ \
    "ldr x0, [x8, #8]\n\t" \
    "ldr x1, [x8, #16]\n\t" \
    "ldr x2, [x8, #24]\n\t" \
    "ldr x3, [x8, #32]\n\t"
#define NG_SETUP_5_ \
    "ldr x0, [x8, #8]\n\t" \
    "ldr x1, [x8, #16]\n\t" \
    "ldr x2, [x8, #24]\n\t" \
    "ldr x3, [x8, #32]\n\t" \
    "ldr x4, [x8, #40]\n\t"
#define NG_SETUP_6_ \
    "ldr x0, [x8, #8]\n\t" \
    "ldr x1, [x8, #16]\n\t" \
    "ldr x2, [x8, #24]\n\t" \
    "ldr x3, [x8, #32]\n\t" \
    "ldr x4, [x8, #40]\n\t" \
    "ldr x5, [x8, #48]\n\t"
#define NG_SETUP_7_ \
    "ldr x0, [x8, #8]\n\t" \
    "ldr x1, [x8, #16]\n\t" \
    "ldr x2, [x8, #24]\n\t" \
    "ldr x3, [x8, #32]\n\t" \
    "ldr x4, [x8, #40]\n\t" \
    "ldr x5, [x8, #48]\n\t" \
    "ldr x6, [x8, #56]\n\t"
#define NG_SETUP_8_ \
    "ldr x0, [x8, #8]\n\t" \
    "ldr x1, [x8, #16]\n\t" \
    "ldr x2, [x8, #24]\n\t" \
    "ldr x3, [x8, #32]\n\t" \
    "ldr x4, [x8, #40]\n\t" \
    "ldr x5, [x8, #48]\n\t" \
    "ldr x6, [x8, #56]\n\t" \
    "ldr x7, [x8, #64]\n\t"
#define NG_SETUP_9_ \
    "sub sp, sp, #16\n\t" \
    "ldr x9, [x8, #72]\n\tstr x9, [sp, #0]\n\t" \
    "ldr x0, [x8, #8]\n\t" \
    "ldr x1, [x8, #16]\n\t" \
    "ldr x2, [x8, #24]\n\t" \
    "ldr x3, [x8, #32]\n\t" \
    "ldr x4, [x8, #40]\n\t" \
    "ldr x5, [x8, #48]\n\t" \
    "ldr x6, [x8, #56]\n\t" \
    "ldr x7, [x8, #64]\n\t"
#define NG_SETUP_10_ \
    "sub sp, sp, #16\n\t" \
    "ldr x9, [x8, #72]\n\tstr x9, [sp, #0]\n\t" \
    "ldr x9, [x8, #80]\n\tstr x9, [sp, #8]\n\t" \
    "ldr x0, [x8, #8]\n\t" \
    "ldr x1, [x8, #16]\n\t" \
    "ldr x2, [x8, #24]\n\t" \
    "ldr x3, [x8, #32]\n\t" \
    "ldr x4, [x8, #40]\n\t" \
    "ldr x5, [x8, #48]\n\t" \
    "ldr x6, [x8, #56]\n\t" \
    "ldr x7, [x8, #64]\n\t"
#define NG_SETUP_11_ \
    "sub sp, sp, #32\n\t" \
    "ldr x9, [x8, #72]\n\tstr x9, [sp, #0]\n\t" \
    "ldr x9, [x8, #80]\n\tstr x9, [sp, #8]\n\t" \
    "ldr x9, [x8, #88]\n\tstr x9, [sp, #16]\n\t" \
    "ldr x0, [x8, #8]\n\t" \
    "ldr x1, [x8, #16]\n\t" \
    "ldr x2, [x8, #24]\n\t" \
    "ldr x3, [x8, #32]\n\t" \
    "ldr x4, [x8, #40]\n\t" \
    "ldr x5, [x8, #48]\n\t" \
    "ldr x6, [x8, #56]\n\t" \
    "ldr x7, [x8, #64]\n\t"
#define NG_SETUP_12_ \
    "sub sp, sp, #32\n\t" \
    "ldr x9, [x8, #72]\n\tstr x9, [sp, #0]\n\t" \
    "ldr x9, [x8, #80]\n\tstr x9, [sp, #8]\n\t" \
    "ldr x9, [x8, #88]\n\tstr x9, [sp, #16]\n\t" \
    "ldr x9, [x8, #96]\n\tstr x9, [sp, #24]\n\t" \
    "ldr x0, [x8, #8]\n\t" \
    "ldr x1, [x8, #16]\n\t" \
    "ldr x2, [x8, #24]\n\t" \
    "ldr x3, [x8, #32]\n\t" \
    "ldr x4, [x8, #40]\n\t" \
    "ldr x5, [x8, #48]\n\t" \
    "ldr x6, [x8, #56]\n\t" \
    "ldr x7, [x8, #64]\n\t"
#endif

#define VALGRIND_DO_CLIENT_REQUEST_STMT(req, a1, a2, a3, a4, a5) \
    do { \
        (void)VALGRIND_DO_CLIENT_REQUEST_EXPR(0, req, a1, a2, a3, a4, a5); \
    } while (0)

/* ---- function wrapping: names that the tool recognises ---- */
#define VG_CONCAT4(a, b, c, d) a##b##c##d
#define I_WRAP_SONAME_FNNAME_ZU(soname, fnname)    VG_CONCAT4(_vgw00000ZU_, soname, _, fnname)
#define I_WRAP_SONAME_FNNAME_ZZ(soname, fnname)    VG_CONCAT4(_vgw00000ZZ_, soname, _, fnname)
#define I_REPLACE_SONAME_FNNAME_ZU(soname, fnname) VG_CONCAT4(_vgr00000ZU_, soname, _, fnname)
#define I_REPLACE_SONAME_FNNAME_ZZ(soname, fnname) VG_CONCAT4(_vgr00000ZZ_, soname, _, fnname)
/* In a wrapper: the original function, for CALL_FN_*. */
#if defined(NVALGRIND)
#define VALGRIND_GET_ORIG_FN(lval) ((void)((lval).nraddr = 0))
#else
#define VALGRIND_GET_ORIG_FN(lval) VALGRIND_GET_NR_CONTEXT(lval)
#define CALL_FN_W_v(lval, orig) \
    NG_CALL_FN_(lval, NG_SETUP_0_, (orig).nraddr)
#define CALL_FN_v_v(orig) \
    do { \
        volatile unsigned long ng_unused_; \
        CALL_FN_W_v(ng_unused_, orig); \
    } while (0)
#define CALL_FN_W_W(lval, orig, a1) \
    NG_CALL_FN_(lval, NG_SETUP_1_, (orig).nraddr, (unsigned long)(a1))
#define CALL_FN_v_W(orig, a1) \
    do { \
        volatile unsigned long ng_unused_; \
        CALL_FN_W_W(ng_unused_, orig, a1); \
    } while (0)
#define CALL_FN_W_WW(lval, orig, a1, a2) \
    NG_CALL_FN_(lval, NG_SETUP_2_, (orig).nraddr, (unsigned long)(a1), (unsigned long)(a2))
#define CALL_FN_v_WW(orig, a1, a2) \
    do { \
        volatile unsigned long ng_unused_; \
        CALL_FN_W_WW(ng_unused_, orig, a1, a2); \
    } while (0)
#define CALL_FN_W_WWW(lval, orig, a1, a2, a3) \
    NG_CALL_FN_(lval, NG_SETUP_3_, (orig).nraddr, (unsigned long)(a1), (unsigned long)(a2), (unsigned long)(a3))
#define CALL_FN_v_WWW(orig, a1, a2, a3) \
    do { \
        volatile unsigned long ng_unused_; \
        CALL_FN_W_WWW(ng_unused_, orig, a1, a2, a3); \
    } while (0)
#define CALL_FN_W_WWWW(lval, orig, a1, a2, a3, a4) \
    NG_CALL_FN_(lval, NG_SETUP_4_, (orig).nraddr, (unsigned long)(a1), (unsigned long)(a2), (unsigned long)(a3), (unsigned long)(a4))
#define CALL_FN_v_WWWW(orig, a1, a2, a3, a4) \
    do { \
        volatile unsigned long ng_unused_; \
        CALL_FN_W_WWWW(ng_unused_, orig, a1, a2, a3, a4); \
    } while (0)
#define CALL_FN_W_5W(lval, orig, a1, a2, a3, a4, a5) \
    NG_CALL_FN_(lval, NG_SETUP_5_, (orig).nraddr, (unsigned long)(a1), (unsigned long)(a2), (unsigned long)(a3), (unsigned long)(a4), (unsigned long)(a5))
#define CALL_FN_v_5W(orig, a1, a2, a3, a4, a5) \
    do { \
        volatile unsigned long ng_unused_; \
        CALL_FN_W_5W(ng_unused_, orig, a1, a2, a3, a4, a5); \
    } while (0)
#define CALL_FN_W_6W(lval, orig, a1, a2, a3, a4, a5, a6) \
    NG_CALL_FN_(lval, NG_SETUP_6_, (orig).nraddr, (unsigned long)(a1), (unsigned long)(a2), (unsigned long)(a3), (unsigned long)(a4), (unsigned long)(a5), (unsigned long)(a6))
#define CALL_FN_v_6W(orig, a1, a2, a3, a4, a5, a6) \
    do { \
        volatile unsigned long ng_unused_; \
        CALL_FN_W_6W(ng_unused_, orig, a1, a2, a3, a4, a5, a6); \
    } while (0)
#define CALL_FN_W_7W(lval, orig, a1, a2, a3, a4, a5, a6, a7) \
    NG_CALL_FN_(lval, NG_SETUP_7_, (orig).nraddr, (unsigned long)(a1), (unsigned long)(a2), (unsigned long)(a3), (unsigned long)(a4), (unsigned long)(a5), (unsigned long)(a6), (unsigned long)(a7))
#define CALL_FN_v_7W(orig, a1, a2, a3, a4, a5, a6, a7) \
    do { \
        volatile unsigned long ng_unused_; \
        CALL_FN_W_7W(ng_unused_, orig, a1, a2, a3, a4, a5, a6, a7); \
    } while (0)
#define CALL_FN_W_8W(lval, orig, a1, a2, a3, a4, a5, a6, a7, a8) \
    NG_CALL_FN_(lval, NG_SETUP_8_, (orig).nraddr, (unsigned long)(a1), (unsigned long)(a2), (unsigned long)(a3), (unsigned long)(a4), (unsigned long)(a5), (unsigned long)(a6), (unsigned long)(a7), (unsigned long)(a8))
#define CALL_FN_v_8W(orig, a1, a2, a3, a4, a5, a6, a7, a8) \
    do { \
        volatile unsigned long ng_unused_; \
        CALL_FN_W_8W(ng_unused_, orig, a1, a2, a3, a4, a5, a6, a7, a8); \
    } while (0)
#define CALL_FN_W_9W(lval, orig, a1, a2, a3, a4, a5, a6, a7, a8, a9) \
    NG_CALL_FN_(lval, NG_SETUP_9_, (orig).nraddr, (unsigned long)(a1), (unsigned long)(a2), (unsigned long)(a3), (unsigned long)(a4), (unsigned long)(a5), (unsigned long)(a6), (unsigned long)(a7), (unsigned long)(a8), (unsigned long)(a9))
#define CALL_FN_v_9W(orig, a1, a2, a3, a4, a5, a6, a7, a8, a9) \
    do { \
        volatile unsigned long ng_unused_; \
        CALL_FN_W_9W(ng_unused_, orig, a1, a2, a3, a4, a5, a6, a7, a8, a9); \
    } while (0)
#define CALL_FN_W_10W(lval, orig, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10) \
    NG_CALL_FN_(lval, NG_SETUP_10_, (orig).nraddr, (unsigned long)(a1), (unsigned long)(a2), (unsigned long)(a3), (unsigned long)(a4), (unsigned long)(a5), (unsigned long)(a6), (unsigned long)(a7), (unsigned long)(a8), (unsigned long)(a9), (unsigned long)(a10))
#define CALL_FN_v_10W(orig, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10) \
    do { \
        volatile unsigned long ng_unused_; \
        CALL_FN_W_10W(ng_unused_, orig, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10); \
    } while (0)
#define CALL_FN_W_11W(lval, orig, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11) \
    NG_CALL_FN_(lval, NG_SETUP_11_, (orig).nraddr, (unsigned long)(a1), (unsigned long)(a2), (unsigned long)(a3), (unsigned long)(a4), (unsigned long)(a5), (unsigned long)(a6), (unsigned long)(a7), (unsigned long)(a8), (unsigned long)(a9), (unsigned long)(a10), (unsigned long)(a11))
#define CALL_FN_v_11W(orig, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11) \
    do { \
        volatile unsigned long ng_unused_; \
        CALL_FN_W_11W(ng_unused_, orig, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11); \
    } while (0)
#define CALL_FN_W_12W(lval, orig, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12) \
    NG_CALL_FN_(lval, NG_SETUP_12_, (orig).nraddr, (unsigned long)(a1), (unsigned long)(a2), (unsigned long)(a3), (unsigned long)(a4), (unsigned long)(a5), (unsigned long)(a6), (unsigned long)(a7), (unsigned long)(a8), (unsigned long)(a9), (unsigned long)(a10), (unsigned long)(a11), (unsigned long)(a12))
#define CALL_FN_v_12W(orig, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12) \
    do { \
        volatile unsigned long ng_unused_; \
        CALL_FN_W_12W(ng_unused_, orig, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12); \
    } while (0)
#endif

/* ---- request codes ---- */
#define VG_USERREQ_TOOL_BASE(a, b) ((unsigned int)(((a) & 0xff) << 24 | ((b) & 0xff) << 16))
#define VG_IS_TOOL_USERREQ(a, b, v) (VG_USERREQ_TOOL_BASE(a, b) == ((v) & 0xffff0000))

typedef enum {
    VG_USERREQ__RUNNING_ON_VALGRIND = 0x1001,
    VG_USERREQ__DISCARD_TRANSLATIONS = 0x1002,
    VG_USERREQ__REPLACES_MALLOC = 0x1003,
    VG_USERREQ__GET_TOOLNAME = 0x1004,
    VG_USERREQ__CLIENT_CALL0 = 0x1101,
    VG_USERREQ__CLIENT_CALL1 = 0x1102,
    VG_USERREQ__CLIENT_CALL2 = 0x1103,
    VG_USERREQ__CLIENT_CALL3 = 0x1104,
    VG_USERREQ__COUNT_ERRORS = 0x1201,
    VG_USERREQ__GDB_MONITOR_COMMAND = 0x1202,
    VG_USERREQ__CLO_CHANGE = 0x1203,
    VG_USERREQ__MALLOCLIKE_BLOCK = 0x1301,
    VG_USERREQ__FREELIKE_BLOCK = 0x1302,
    VG_USERREQ__CREATE_MEMPOOL = 0x1303,
    VG_USERREQ__DESTROY_MEMPOOL = 0x1304,
    VG_USERREQ__MEMPOOL_ALLOC = 0x1305,
    VG_USERREQ__MEMPOOL_FREE = 0x1306,
    VG_USERREQ__MEMPOOL_TRIM = 0x1307,
    VG_USERREQ__MOVE_MEMPOOL = 0x1308,
    VG_USERREQ__MEMPOOL_CHANGE = 0x1309,
    VG_USERREQ__MEMPOOL_EXISTS = 0x130a,
    VG_USERREQ__RESIZEINPLACE_BLOCK = 0x130b,
    VG_USERREQ__PRINTF = 0x1401,
    VG_USERREQ__PRINTF_BACKTRACE = 0x1402,
    VG_USERREQ__PRINTF_VALIST_BY_REF = 0x1403,
    VG_USERREQ__PRINTF_BACKTRACE_VALIST_BY_REF = 0x1404,
    VG_USERREQ__STACK_REGISTER = 0x1501,
    VG_USERREQ__STACK_DEREGISTER = 0x1502,
    VG_USERREQ__STACK_CHANGE = 0x1503,
    VG_USERREQ__LOAD_PDB_DEBUGINFO = 0x1601,
    VG_USERREQ__MAP_IP_TO_SRCLOC = 0x1701,
    VG_USERREQ__CHANGE_ERR_DISABLEMENT = 0x1801,
    VG_USERREQ__VEX_INIT_FOR_IRI = 0x1901,
    VG_USERREQ__INNER_THREADS = 0x1902
} Vg_ClientRequest;

/* ---- requests to the core ---- */
/* How many tools deep we run: 0 natively. */
#define RUNNING_ON_VALGRIND \
    (unsigned)VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__RUNNING_ON_VALGRIND, 0, 0, 0, 0, 0)
/* Code at [addr, addr+len) has changed. */
#define VALGRIND_DISCARD_TRANSLATIONS(addr, len) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DISCARD_TRANSLATIONS, addr, len, 0, 0, 0)
#define VALGRIND_INNER_THREADS(addr) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__INNER_THREADS, addr, 0, 0, 0, 0)
#define VALGRIND_REPLACES_MALLOC \
    (unsigned)VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__REPLACES_MALLOC, 0, 0, 0, 0, 0)
/* Name of the tool into buf; returns the length it needs, NUL included. */
#define VALGRIND_GET_TOOLNAME(buf, len) \
    (unsigned long)VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__GET_TOOLNAME, buf, len, 0, 0, 0)

/* printf into the tool's log; returns the number of characters. */
static int VALGRIND_PRINTF(const char *format, ...) __attribute__((format(printf, 1, 2), unused));
static int VALGRIND_PRINTF(const char *format, ...)
{
#if defined(NVALGRIND)
    (void)format;
    return 0;
#else
    unsigned long n;
    va_list args;
    va_start(args, format);
    n = VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__PRINTF_VALIST_BY_REF, format, &args, 0, 0, 0);
    va_end(args);
    return (int)n;
#endif
}
static int VALGRIND_PRINTF_BACKTRACE(const char *format, ...) __attribute__((format(printf, 1, 2), unused));
static int VALGRIND_PRINTF_BACKTRACE(const char *format, ...)
{
#if defined(NVALGRIND)
    (void)format;
    return 0;
#else
    unsigned long n;
    va_list args;
    va_start(args, format);
    n = VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__PRINTF_BACKTRACE_VALIST_BY_REF, format, &args, 0, 0, 0);
    va_end(args);
    return (int)n;
#endif
}

/* fn(thread id, arguments...), run outside of the tool's control. */
#define VALGRIND_NON_SIMD_CALL0(fn) VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__CLIENT_CALL0, fn, 0, 0, 0, 0)
#define VALGRIND_NON_SIMD_CALL1(fn, a1) VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__CLIENT_CALL1, fn, a1, 0, 0, 0)
#define VALGRIND_NON_SIMD_CALL2(fn, a1, a2) \
    VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__CLIENT_CALL2, fn, a1, a2, 0, 0)
#define VALGRIND_NON_SIMD_CALL3(fn, a1, a2, a3) \
    VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__CLIENT_CALL3, fn, a1, a2, a3, 0)

/* Unsuppressed errors so far. */
#define VALGRIND_COUNT_ERRORS \
    (unsigned)VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__COUNT_ERRORS, 0, 0, 0, 0, 0)

/* ---- allocators of the program's own ---- */
/* [addr, addr+size) is a heap block now, with rz bytes of redzone on both sides, zeroed or undefined. */
#define VALGRIND_MALLOCLIKE_BLOCK(addr, size, rz, zeroed) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__MALLOCLIKE_BLOCK, addr, size, rz, zeroed, 0)
#define VALGRIND_RESIZEINPLACE_BLOCK(addr, old_size, new_size, rz) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__RESIZEINPLACE_BLOCK, addr, old_size, new_size, rz, 0)
#define VALGRIND_FREELIKE_BLOCK(addr, rz) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__FREELIKE_BLOCK, addr, rz, 0, 0, 0)

#define VALGRIND_CREATE_MEMPOOL(pool, rz, zeroed) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__CREATE_MEMPOOL, pool, rz, zeroed, 0, 0)
#define VALGRIND_MEMPOOL_AUTO_FREE 1 /* destroying a pool frees its chunks */
#define VALGRIND_MEMPOOL_METAPOOL  2 /* chunks are themselves carved into malloc-like blocks */
#define VALGRIND_CREATE_MEMPOOL_EXT(pool, rz, zeroed, flags) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__CREATE_MEMPOOL, pool, rz, zeroed, flags, 0)
#define VALGRIND_DESTROY_MEMPOOL(pool) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DESTROY_MEMPOOL, pool, 0, 0, 0, 0)
#define VALGRIND_MEMPOOL_ALLOC(pool, addr, size) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__MEMPOOL_ALLOC, pool, addr, size, 0, 0)
#define VALGRIND_MEMPOOL_FREE(pool, addr) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__MEMPOOL_FREE, pool, addr, 0, 0, 0)
/* Forgets chunks outside [addr, addr+size). */
#define VALGRIND_MEMPOOL_TRIM(pool, addr, size) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__MEMPOOL_TRIM, pool, addr, size, 0, 0)
#define VALGRIND_MOVE_MEMPOOL(poolA, poolB) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__MOVE_MEMPOOL, poolA, poolB, 0, 0, 0)
#define VALGRIND_MEMPOOL_CHANGE(pool, addrA, addrB, size) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__MEMPOOL_CHANGE, pool, addrA, addrB, size, 0)
#define VALGRIND_MEMPOOL_EXISTS(pool) \
    (unsigned)VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__MEMPOOL_EXISTS, pool, 0, 0, 0, 0)

/* ---- stacks of the program's own ---- */
#define VALGRIND_STACK_REGISTER(start, end) \
    (unsigned)VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__STACK_REGISTER, start, end, 0, 0, 0)
#define VALGRIND_STACK_DEREGISTER(id) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__STACK_DEREGISTER, id, 0, 0, 0, 0)
#define VALGRIND_STACK_CHANGE(id, start, end) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__STACK_CHANGE, id, start, end, 0, 0)

#define VALGRIND_LOAD_PDB_DEBUGINFO(fd, ptr, total_size, delta) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__LOAD_PDB_DEBUGINFO, fd, ptr, total_size, delta, 0)
/* "file:line" of a code address into buf64 (64 bytes), "" if unknown. */
#define VALGRIND_MAP_IP_TO_SRCLOC(addr, buf64) \
    (unsigned)VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__MAP_IP_TO_SRCLOC, addr, buf64, 0, 0, 0)

/* Errors of this thread are not reported meanwhile; nests. */
#define VALGRIND_DISABLE_ERROR_REPORTING \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__CHANGE_ERR_DISABLEMENT, 1, 0, 0, 0, 0)
#define VALGRIND_ENABLE_ERROR_REPORTING \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__CHANGE_ERR_DISABLEMENT, -1, 0, 0, 0, 0)

/* A monitor command, as from gdb: 0 if it was recognised, else 1. */
#define VALGRIND_MONITOR_COMMAND(command) \
    VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__GDB_MONITOR_COMMAND, command, 0, 0, 0, 0)
/* Changes a dynamic command-line option. */
#define VALGRIND_CLO_CHANGE(option) \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__CLO_CHANGE, option, 0, 0, 0, 0)

#endif
