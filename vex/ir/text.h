/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ir/text: words that the printer writes and the parser reads. */
#pragma once
#include "vex/ir/table.h"

struct ir_flag_word { uint8_t bit; const char *text; uint8_t op; }; /* op: that has the flag, 0: any */
extern const struct ir_flag_word ir_flag_words[]; /* ends with a 0 bit */
extern const char *const ir_form_words[3];
extern const char *const ir_exit_words[IR_EXIT_KINDS];
extern const char *const ir_plane_words[IR_PLANES];

/* Fields of struct ir_insn as name, offset, size. */
struct ir_insn_field { const char *name; uint8_t offset, size; };
extern const struct ir_insn_field ir_insn_fields[]; /* ends with a NULL name */
