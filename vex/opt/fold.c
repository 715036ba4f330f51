/* SPDX-License-Identifier: GPL-3.0-or-later */
/* opt/fold: constants and identities, in one forward pass. */
#include "vex/opt/opt.h"

void opt_fold(struct ir_block *b)
{
    (void)b;
}
