/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_vec: rows whose names SSE shares with string instructions. */
#pragma once
#include "internal.h"

/* SSE MOVSD and CMPSD (insn_int.def has the mnemonics). */
bool translate_movsd_vector(struct x86_ctx *c, const struct x86_row *row);
bool translate_cmpsd_vector(struct x86_ctx *c, const struct x86_row *row);
