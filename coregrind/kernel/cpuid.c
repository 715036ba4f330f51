/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/cpuid: the processor as the guest sees it.
 *
 * The host's, less everything beyond x86-64-v3 (Haswell: AVX2, BMI, FMA) unless --cpu=host
 * was given.  Features in user mode that take part in no code generation (caches,
 * topology, names) are the host's.  */
#include <cpuid.h>
#include "kernel/kernel.h"
#include "launch/options.h"
#include "tool/load.h"

/* Feature bits that are kept, by leaf and register. */
enum {
    LEAF1_ECX = 1 << 0 /* SSE3 */ | 1 << 1 /* PCLMULQDQ */ | 1 << 9 /* SSSE3 */ | 1 << 12 /* FMA */ | 1 << 13 /* CMPXCHG16B */ |
                1 << 19 /* SSE4.1 */ | 1 << 20 /* SSE4.2 */ | 1 << 22 /* MOVBE */ | 1 << 23 /* POPCNT */ | 1 << 25 /* AES */ |
                1 << 26 /* XSAVE */ | 1 << 27 /* OSXSAVE */ | 1 << 28 /* AVX */ | 1 << 29 /* F16C */ | 1 << 30 /* RDRAND */,
    LEAF7_EBX = 1 << 3 /* BMI1 */ | 1 << 5 /* AVX2 */ | 1 << 8 /* BMI2 */ | 1 << 9 /* ERMS */ | 1 << 18 /* RDSEED */ |
                1 << 19 /* ADX */ | 1 << 23 /* CLFLUSHOPT */ | 1 << 24 /* CLWB */ | 1 << 29 /* SHA */,
    LEAF7_EDX = 1 << 4, /* FSRM */
    LEAFD1_EAX = 1 << 0, /* XSAVEOPT */
    EXT1_ECX = 1 << 0 /* LAHF */ | 1 << 5 /* LZCNT */ | 1 << 8 /* PREFETCHW */,
    MAX_LEAF = 0x16,
};

struct regs { uint32_t a, b, c, d; };

/* XSAVE and XGETBV run as themselves: their areas are as large as the hardware's XCR0 makes them.
 * So the sizes stay the host's; only the forms that we do not offer go. */
static void leaf_xsave(uint32_t sub, struct regs *r)
{
    if (sub == 1)
        r->a &= LEAFD1_EAX;
}

static void limit_features(uint32_t leaf, uint32_t sub, struct regs *r)
{
    switch (leaf) {
    case 0:
        if (r->a > MAX_LEAF)
            r->a = MAX_LEAF;
        break;
    case 1:
        r->c &= (uint32_t)LEAF1_ECX | (r->c & 1u << 31); /* "runs under a hypervisor" stays */
        break;
    case 7:
        *r = sub ? (struct regs){ 0 } : (struct regs){ .b = r->b & LEAF7_EBX, .d = r->d & LEAF7_EDX };
        break;
    case 0xd:
        leaf_xsave(sub, r);
        break;
    case 0xf: case 0x10: case 0x12: case 0x14:
        *r = (struct regs){ 0 }; /* monitoring, allocation, SGX, tracing */
        break;
    case 0x80000001u:
        r->c &= EXT1_ECX;
        r->d &= ~(1u << 30 | 1u << 31); /* 3DNow! */
        break;
    }
}

void kernel_cpuid(struct ng_thread *t)
{
    uint64_t *gpr = t->state.gpr;
    const uint32_t leaf = (uint32_t)gpr[X86_RAX], sub = (uint32_t)gpr[X86_RCX];
    struct regs r;
    __cpuid_count(leaf, sub, r.a, r.b, r.c, r.d);
    if (options.cpu != 1)
        limit_features(leaf, sub, &r);
    gpr[X86_RAX] = r.a;
    gpr[X86_RBX] = r.b;
    gpr[X86_RCX] = r.c;
    gpr[X86_RDX] = r.d;
    for (int i = X86_RAX; tool->events.post_reg_write && i <= X86_RBX; i++)
        tool->events.post_reg_write(t, i, 8);
}
