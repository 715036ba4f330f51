/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/quick: the usual instructions without the full decoder. */
#pragma once
#include "internal.h"

/* Decodes the instruction at bytes[0..n-1].  zo may be NULL: no operands then.  true: the fields that this
 * folder reads (see quick.c) are as the full decoder would give them.  false: ask the full decoder. */
bool x86_quick_decode(const uint8_t *bytes, size_t n, ZydisDecodedInstruction *zi, ZydisDecodedOperand *zo);
/* IR_FLAG_* of an instruction's cpu_flags, if those are of x86_quick_decode's making. */
bool x86_quick_flags(const ZydisAccessedFlags *f, uint8_t *read, uint8_t *written);
