/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nagrind/x86_64.h: guest registers as IR slots, and where they are kept.
 *
 * While generated code runs, general registers, flags, vector registers, x87
 * and MXCSR are in the host's own.  struct x86_state is their image whenever
 * the dispatcher, a tool or the interpreter looks, and holds their shadows always.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum x86_slot {
    X86_RAX, X86_RCX, X86_RDX, X86_RBX, X86_RSP, X86_RBP, X86_RSI, X86_RDI,
    X86_R8, X86_R9, X86_R10, X86_R11, X86_R12, X86_R13, X86_R14, X86_R15,
    X86_CF, X86_PF, X86_AF, X86_ZF, X86_SF, X86_OF, X86_DF,  /* i1, one byte each */
    X86_YMM0,                                                /* v256; 16 of them */
    X86_X87 = X86_YMM0 + 16, /* i64: byte i is the shadow of st(i); plane 0 reads 0 */
    X86_MXCSR,               /* i32; plane 0 reads 0 when described only */
    X86_WIDE,                /* i64: all of zmm16-31, upper zmm halves and k registers, as one */
    X86_FSBASE, X86_GSBASE, X86_RIP,
    X86_ATTENTION,           /* i64, plane 0 only */
    X86_SCRATCH0,            /* 8 slots of 32 bytes, plane 0 only: wide helper arguments and results */
    X86_SLOTS = X86_SCRATCH0 + 8
};

/* Attention word: a bit for each register that is not fully defined, and events. */
#define X86_ATT_GPR(i)  (1ull << (i))          /* 0-15; rsp's also when it is outside the client strip */
#define X86_ATT_FLAGS   (1ull << 16)
#define X86_ATT_X87     (1ull << 17)
#define X86_ATT_WIDE    (1ull << 18)
#define X86_ATT_YMM(i)  (1ull << (32 + (i)))   /* 0-15 */
#define X86_ATT_SIGNAL  (1ull << 24)
#define X86_ATT_STOP    (1ull << 25)
#define X86_ATT_EXIT    (1ull << 26)
#define X86_ATT_FLUSH   (1ull << 27)
#define X86_ATT_GDB     (1ull << 28)
#define X86_ATT_STRESS  (1ull << 29)
#define X86_ATT_EVENTS  (0xffull << 24) /* a byte of its own: other threads write it; in the same word as most registers */

struct x86_planes_v { /* V shadows, in slot order and size */
    uint64_t gpr[16];
    uint8_t flag[8];      /* 0 or 1 */
    uint8_t ymm[16][32];
    uint64_t x87, mxcsr, wide, fs_base, gs_base, rip;
};

struct x86_state {
    uint64_t attention; /* other threads set event bits with atomic or; own thread clears */
    uint64_t rip;
    uint64_t gpr[16];
    uint64_t fs_base, gs_base;
    uint64_t red_zone;        /* lowest address in use below rsp, ~0: none; see IR_NOACCESS_BYTE */
    uint64_t rflags;          /* image at exits: arithmetic flags, DF, AC, ID */
    uint16_t flags_spill;     /* lahf:seto image, ah = flags, al = OF */
    uint8_t pad0[6];
    uint8_t flag[8];          /* CF PF AF ZF SF OF DF as 0/1: PURE form only */
    uint64_t x87_zero, mxcsr_zero, wide_zero; /* plane 0 of X87 MXCSR WIDE: always 0 */
    uint8_t ymm[16][32] __attribute__((aligned(32)));
    struct x86_planes_v v __attribute__((aligned(32)));
    uint32_t o[X86_SLOTS];    /* origin tags */
    uint8_t scratch[8][32] __attribute__((aligned(32)));
    /* leaving generated code */
    uint64_t exit_info;       /* translation id << 32 | local exit number; see vex/vex.h */
    uint64_t tmp[8];          /* trampolines */
    uint64_t spill[128];      /* temporaries of generated code */
    uint8_t vspill[128][32] __attribute__((aligned(32)));
    uint64_t host_rsp;
    void *jump_cache;         /* struct x86_jump [X86_JUMPS], own thread's: the second level */
    /* helper calls: physical registers while a helper runs */
    uint64_t host_gpr[16];
    uint64_t host_rflags;
    uint64_t call_ret, call_fn, call_args[4], call_result;
    uint32_t call_gpr_in_state; /* bit i: guest gpr i is in gpr[i], else in host_gpr[i] */
    uint32_t call_vec_in_state;
    uint32_t call_flags_in_spill;
    uint32_t in_helper;
    uint32_t call_byte;         /* VEX_TRAMP_CALL_BYTE: calls if call_args[3] has this byte */
    uint64_t jump_hits[2];      /* vex_host.count_jumps: indirect jumps that found their target; those by the second table */
    uint8_t host_ymm[16][32] __attribute__((aligned(32)));
    uint8_t fxarea[512] __attribute__((aligned(64))); /* x87 image when one is wanted */
};

/* Indirect jumps.  First a table of code addresses by the target's low bits but the last three, where what stands there
 * verifies the target (eight entries share a cache line: those of 64 bytes of the program's code); then the jump cache,
 * verified where it is looked up, by another hash of the target; what is found there is put into the first table, for a
 * program uses the same few of the targets that share a place there for a while. */
enum { X86_JUMPS = 65536, X86_JUMP_SHIFT = 3 };
struct x86_jump { uint64_t pc; void *code; }; /* code NULL: empty */
static inline uint32_t x86_jump_first(uint64_t pc) { return (pc >> X86_JUMP_SHIFT) & (X86_JUMPS - 1); }
static inline uint32_t x86_jump_second(uint64_t pc) { return (pc + (pc >> 16)) & (X86_JUMPS - 1); }

/* Byte offset in struct x86_state of a slot's plane; -1 if it has none. */
static inline int x86_slot_offset(int slot, int plane)
{
    const int is_flag = slot >= X86_CF && slot <= X86_DF, is_ymm = slot >= X86_YMM0 && slot < X86_X87;
    if (plane == 2)
        return slot < X86_RIP ? (int)offsetof(struct x86_state, o) + 4 * slot : -1;
    if (plane == 1) {
        const int v = (int)offsetof(struct x86_state, v);
        if (slot < X86_CF)
            return v + (int)offsetof(struct x86_planes_v, gpr) + 8 * slot;
        if (is_flag)
            return v + (int)offsetof(struct x86_planes_v, flag) + (slot - X86_CF);
        if (is_ymm)
            return v + (int)offsetof(struct x86_planes_v, ymm) + 32 * (slot - X86_YMM0);
        switch (slot) {
        case X86_X87: return v + (int)offsetof(struct x86_planes_v, x87);
        case X86_MXCSR: return v + (int)offsetof(struct x86_planes_v, mxcsr);
        case X86_WIDE: return v + (int)offsetof(struct x86_planes_v, wide);
        case X86_FSBASE: return v + (int)offsetof(struct x86_planes_v, fs_base);
        case X86_GSBASE: return v + (int)offsetof(struct x86_planes_v, gs_base);
        case X86_RIP: return v + (int)offsetof(struct x86_planes_v, rip);
        }
        return -1;
    }
    if (slot < X86_CF)
        return (int)offsetof(struct x86_state, gpr) + 8 * slot;
    if (is_flag)
        return (int)offsetof(struct x86_state, flag) + (slot - X86_CF);
    if (is_ymm)
        return (int)offsetof(struct x86_state, ymm) + 32 * (slot - X86_YMM0);
    if (slot >= X86_SCRATCH0)
        return (int)offsetof(struct x86_state, scratch) + 32 * (slot - X86_SCRATCH0);
    switch (slot) {
    case X86_X87: return (int)offsetof(struct x86_state, x87_zero);
    case X86_MXCSR: return (int)offsetof(struct x86_state, mxcsr_zero);
    case X86_WIDE: return (int)offsetof(struct x86_state, wide_zero);
    case X86_FSBASE: return (int)offsetof(struct x86_state, fs_base);
    case X86_GSBASE: return (int)offsetof(struct x86_state, gs_base);
    case X86_RIP: return (int)offsetof(struct x86_state, rip);
    case X86_ATTENTION: return (int)offsetof(struct x86_state, attention);
    }
    return -1;
}
