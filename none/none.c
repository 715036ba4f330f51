/* SPDX-License-Identifier: GPL-3.0-or-later */
/* none: runs the client under full control and checks nothing. */
#include <string.h>
#include "nagrind/tool.h"

static void none_instrument(struct ng_instrument *i)
{
    for (uint32_t k = 1; k < i->in->n_ops; k++)
        ir_append(i->out, i->in->ops[k]);
}

NG_API const struct ng_tool ng_tool = {
    .api = NG_TOOL_API,
    .name = "none",
    .banner = "Nulgrind, the minimal Valgrind tool",
    .modes = 1,
    .forms = { IR_FORM_NATIVE },
    .instrument = none_instrument,
};
