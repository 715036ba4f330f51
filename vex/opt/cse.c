/* SPDX-License-Identifier: GPL-3.0-or-later */
/* opt/cse: values computed twice. */
#include "vex/opt/opt.h"

void opt_cse(struct ir_block *b)
{
    (void)b;
}
