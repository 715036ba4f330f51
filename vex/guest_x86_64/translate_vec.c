/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_vec: SSE, AVX and MMX rows. */
#include "translate.h"

bool translate_movsd_vector(struct x86_ctx *c, const struct x86_row *row)
{
    (void)c;
    (void)row;
    return false;
}

bool translate_cmpsd_vector(struct x86_ctx *c, const struct x86_row *row)
{
    (void)c;
    (void)row;
    return false;
}
