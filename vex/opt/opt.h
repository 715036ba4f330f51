/* SPDX-License-Identifier: GPL-3.0-or-later */
/* opt inside: the passes.  Each keeps the tape's order and every op's index:
 * what is dropped becomes NOP, what is replaced becomes another op in place. */
#pragma once
#include "vex/ir/table.h"

extern const uint8_t opt_args[IR_OPCODES];  /* how many of a b c d are values */

/* The values op uses, 0 where none. */
void opt_uses(const struct ir_block *b, const struct ir_op *op, ir_ref use[4]);
/* Renames op's values by same[]. */
void opt_rename(const struct ir_block *b, struct ir_op *op, const ir_ref *same);
void opt_dead(struct ir_block *b);
void opt_fold(struct ir_block *b);
void opt_cse(struct ir_block *b);
