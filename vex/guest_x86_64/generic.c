/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/generic: dataflow of an instruction without a row. */
#include "internal.h"

void x86_translate_generic(struct x86_ctx *c)
{
    x86_describe_memory(c);
}
