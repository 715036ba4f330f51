/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: vex/ir/build.c vex/host_x86_64/encode.c vex/host_x86_64/emit.c vex/host_x86_64/analyse.c vex/host_x86_64/alloc.c
 *        vex/host_x86_64/flags.c vex/host_x86_64/leave.c vex/host_x86_64/memory.c vex/host_x86_64/state.c
 *        vex/host_x86_64/native.c vex/host_x86_64/integer.c vex/host_x86_64/vector.c vex/host_x86_64/tramp.c
 *        vex/host_x86_64/code.c tests/unit/host_run.c */
/* host_x86_64: blocks built by hand, emitted and run. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "host_run.h"

/* ---- leaving, native instructions ---- */
START_TEST(test_jump_leaves_with_state)
{
    struct ir_block b;
    test_begin(&b, IR_FORM_NATIVE);
    test_native_text(&b, "\x48\x89\xd8", 3, .gpr_read = 1 << 3, .gpr_write = 1 << 0); /* mov rax, rbx */
    test_exit(&b, IR_EXIT_JUMP, 0x123456789abc);
    struct x86_state s;
    test_random_state(&s);
    const struct x86_state before = s;
    const struct vex_exit *x = test_run(&b, true, &s);
    ck_assert_int_eq(x->ir.kind, IR_EXIT_JUMP);
    ck_assert(x->chainable && x->jump_offset % 4 == 0);
    ck_assert(s.rip == 0x123456789abc && s.gpr[0] == before.gpr[3]);
    for (int i = 1; i < 16; i++)
        ck_assert(s.gpr[i] == before.gpr[i]);
    ck_assert(!memcmp(s.ymm, before.ymm, sizeof s.ymm));
    ck_assert(((s.rflags ^ before.rflags) & 0x8d5) == 0);
    ir_block_free(&b);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("host");
    TCase *t = tcase_create("leave");
    tcase_add_test(t, test_jump_leaves_with_state);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    test_init();
    SRunner *r = srunner_create(suite());
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
