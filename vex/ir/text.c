/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vex/ir/text.h"

const struct ir_flag_word ir_flag_words[] = {
    { IR_DESCRIBED, "described", 0 }, { IR_STACK_REL, "stack", 0 },      { IR_GUEST_ADDR, "guest", 0 },
    { IR_HOST_OBJ, "object", 0 },     { IR_LOCKED, "locked", 0 },        { IR_KEEP_FLAGS, "keepflags", 0 },
    { IR_FLAGS_DIE, "flagsdie", IR_PUT }, { IR_CALL_SP, "call", IR_SP }, { IR_RET_SP, "ret", IR_SP }, { IR_RED_ZONE, "redzone", IR_CHECK_STORE }, { IR_ELSE, "else", IR_CALL }, { IR_LEAVES, "leaves", IR_CALL }, { IR_PRESERVES, "preserves", IR_CALL },
    { 0, NULL, 0 },
};

const char *const ir_form_words[3] = { "native", "tandem", "pure" };

const char *const ir_exit_words[IR_EXIT_KINDS] = {
    [IR_EXIT_JUMP] = "jump",           [IR_EXIT_CALL] = "call",       [IR_EXIT_INDIRECT] = "indirect",
    [IR_EXIT_ICALL] = "icall",         [IR_EXIT_RET] = "ret",         [IR_EXIT_MODE] = "mode",
    [IR_EXIT_SYSCALL] = "syscall",     [IR_EXIT_HOSTCALL] = "hostcall", [IR_EXIT_CLIENTREQ] = "clientreq",
    [IR_EXIT_CPUID] = "cpuid",         [IR_EXIT_TRAP] = "trap",       [IR_EXIT_ATTENTION] = "attention",
    [IR_EXIT_HOT] = "hot",             [IR_EXIT_EMULATE] = "emulate",
};

const char *const ir_plane_words[IR_PLANES] = { "g", "v", "o" };

#define FIELD(f) { #f, offsetof(struct ir_insn, f), sizeof ((struct ir_insn *)0)->f }
const struct ir_insn_field ir_insn_fields[] = {
    FIELD(gpr_read),   FIELD(gpr_write),   FIELD(vec_read),   FIELD(vec_write),    FIELD(flags_read), FIELD(flags_write),
    FIELD(attrs),      FIELD(vec_bytes),   FIELD(modrm_off),  FIELD(sib_off),      FIELD(disp_off),   FIELD(disp_size),
    FIELD(imm_off),    FIELD(imm_size),    FIELD(rex_off),    FIELD(vex_off),      FIELD(vex_len),    FIELD(mem_base),
    FIELD(mem_index),  FIELD(mem_scale),   FIELD(mem_seg),    FIELD(rip_relative), FIELD(asz_off),    FIELD(seg_off),
    FIELD(disp),       FIELD(mnemonic),    FIELD(mem_size),   { NULL, 0, 0 },
};
