/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signal frames: what a handler finds, and what comes back; the blocking stub's phases. */
/* needs: coregrind/kernel/frame.c coregrind/kernel/blocking_stub.S */
#include <check.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "kernel/signals.h"
#include "tool/load.h"

static const struct ng_tool no_tool;
const struct ng_tool *tool = &no_tool;

size_t ng_read(void *to, guest_addr from, size_t size)
{
    memcpy(to, (const void *)from, size);
    return size;
}

size_t ng_write(guest_addr to, const void *from, size_t size)
{
    memcpy((void *)to, from, size);
    return size;
}

void *base_alloc(size_t size)
{
    return calloc(1, size);
}

static struct ng_thread thread __attribute__((aligned(64)));
static struct kernel_pending pending;
static uint8_t stack[65536] __attribute__((aligned(4096))), alternate[16384] __attribute__((aligned(16)));

static void prepare(void)
{
    memset(&thread, 0, sizeof thread);
    memset(&pending, 0, sizeof pending);
    thread.pending = &pending;
    for (int i = 0; i < 16; i++) {
        thread.state.gpr[i] = 0x1111111111111111ull * (uint64_t)i + 5;
        memset(thread.state.ymm[i], i + 1, 32);
    }
    thread.state.gpr[X86_RSP] = (uintptr_t)stack + 40000 + 3;
    thread.state.rip = 0x401000;
    thread.state.rflags = 0x246;
    kernel_frame_init();
}

static const siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_USER };
static struct kernel_sigaction action = { .handler = 0x402000, .flags = SA_SIGINFO | 0x04000000, .restorer = 0x403000 };

START_TEST(handler_sees_kernel_layout)
{
    prepare();
    const uint64_t old_sp = thread.state.gpr[X86_RSP];
    ck_assert(kernel_frame_push(&thread, &action, &info, 0x55, 14, 6, 0xdead));
    const struct x86_state *s = &thread.state;
    const uint64_t sp = s->gpr[X86_RSP];
    ck_assert_uint_eq(sp % 16, 8);
    ck_assert_uint_eq(*(uint64_t *)sp, 0x403000);
    ck_assert_uint_eq(s->gpr[X86_RDI], SIGUSR1);
    ck_assert_uint_eq(s->rip, 0x402000);
    ck_assert_int_eq(((siginfo_t *)s->gpr[X86_RSI])->si_signo, SIGUSR1);
    const ucontext_t *uc = (const ucontext_t *)s->gpr[X86_RDX]; /* libc's view of the kernel's structure */
    ck_assert_uint_eq((uint64_t)uc, sp + 8);
    ck_assert_uint_eq((uint64_t)uc->uc_mcontext.gregs[REG_RSP], old_sp);
    ck_assert_uint_eq((uint64_t)uc->uc_mcontext.gregs[REG_RIP], 0x401000);
    ck_assert_uint_eq((uint64_t)uc->uc_mcontext.gregs[REG_R11], 0x1111111111111111ull * 11 + 5);
    ck_assert_uint_eq((uint64_t)uc->uc_mcontext.gregs[REG_CR2], 0xdead);
    ck_assert_uint_eq((uint64_t)uc->uc_mcontext.gregs[REG_ERR], 6);
    ck_assert_uint_eq(*(const uint64_t *)&uc->uc_sigmask, 0x55);
    const uint8_t *fp = (const uint8_t *)uc->uc_mcontext.fpregs;
    ck_assert_uint_eq((uintptr_t)fp % 64, 0);
    ck_assert((uint64_t)fp + 836 <= old_sp - 128);
    ck_assert_uint_eq(*(const uint32_t *)(fp + 464), 0x46505853);
    ck_assert_uint_eq(*(const uint32_t *)(fp + 832), 0x46505845);
    ck_assert_uint_eq(fp[160 + 16 * 3], 4);
    ck_assert_uint_eq(fp[576 + 16 * 3], 4);
}
END_TEST

START_TEST(round_trip_with_edits)
{
    kernel_sigset mask;
    prepare();
    const struct x86_state before = thread.state;
    uint16_t cw = 0x0c7f, cw_after = 0;
    __asm__ volatile("fldcw %0" : : "m"(cw));
    ck_assert(kernel_frame_push(&thread, &action, &info, 0x55, 0, 0, 0));
    __asm__ volatile("fnstcw %0" : "=m"(cw_after));
    ck_assert_uint_eq(cw_after, 0x37f);
    ucontext_t *uc = (ucontext_t *)thread.state.gpr[X86_RDX];
    uc->uc_mcontext.gregs[REG_RAX] = 99;
    uc->uc_mcontext.gregs[REG_EFL] |= 1;
    ((uint8_t *)uc->uc_mcontext.fpregs)[160 + 16 * 2] = 77;
    memset(thread.state.gpr, 0, 8);
    thread.state.gpr[X86_RSP] += 8; /* the handler's ret */
    ck_assert(kernel_frame_pop(&thread, &mask));
    __asm__ volatile("fnstcw %0" : "=m"(cw_after));
    __asm__ volatile("fninit");
    ck_assert_uint_eq(cw_after, 0x0c7f);
    ck_assert_uint_eq(mask, 0x55);
    ck_assert_uint_eq(thread.state.gpr[X86_RAX], 99);
    ck_assert_uint_eq(thread.state.rip, before.rip);
    ck_assert_uint_eq(thread.state.rflags, before.rflags | 1);
    for (int i = 1; i < 16; i++)
        ck_assert_uint_eq(thread.state.gpr[i], before.gpr[i]);
    ck_assert_uint_eq(thread.state.ymm[2][0], 77);
    ck_assert_mem_eq(thread.state.ymm[5], before.ymm[5], 32);
    ck_assert_uint_eq(thread.state.ymm[15][31], 16);
}
END_TEST

START_TEST(alternate_stack)
{
    prepare();
    struct kernel_sigaction on = action;
    on.flags |= SA_ONSTACK;
    thread.altstack = (struct kernel_sigaltstack){ .sp = (uintptr_t)alternate, .size = sizeof alternate };
    ck_assert(kernel_frame_push(&thread, &on, &info, 0, 0, 0, 0));
    const uint64_t sp = thread.state.gpr[X86_RSP];
    ck_assert(sp > (uintptr_t)alternate && sp < (uintptr_t)alternate + sizeof alternate);
    ck_assert_int_eq(kernel_altstack_flags(&thread, sp), SS_ONSTACK);
    thread.altstack.size = 512; /* too small for a frame */
    thread.state.gpr[X86_RSP] = (uintptr_t)stack + 40000;
    ck_assert(!kernel_frame_push(&thread, &on, &info, 0, 0, 0, 0));
}
END_TEST

START_TEST(blocking_stub_phases)
{
    uint64_t attention = 0;
    const uint64_t a[6] = { 0 };
    ck_assert_int_eq(kernel_blocking_stub(SYS_getpid, a, &attention, X86_ATT_SIGNAL), getpid());
    attention = X86_ATT_SIGNAL;
    ck_assert_int_eq(kernel_blocking_stub(SYS_getpid, a, &attention, X86_ATT_SIGNAL), -KERNEL_ERESTART);
    attention = X86_ATT_STOP;
    ck_assert_int_eq(kernel_blocking_stub(SYS_getpid, a, &attention, X86_ATT_SIGNAL), getpid());
    ck_assert_int_eq(kernel_direct_stub(SYS_getppid, a), getppid());
    ck_assert_ptr_eq(&kernel_blocking_insn[2], &kernel_blocking_after[0]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("signal frames");
    TCase *c = tcase_create("all");
    tcase_add_test(c, handler_sees_kernel_layout);
    tcase_add_test(c, round_trip_with_edits);
    tcase_add_test(c, alternate_stack);
    tcase_add_test(c, blocking_stub_phases);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
