/* SPDX-License-Identifier: GPL-3.0-or-later */
/* none: runs the client under full control and checks nothing. */
#include <string.h>
#include "nagrind/tool.h"

static void none_instrument(struct ng_instrument *i)
{
    for (uint32_t k = 1; k < i->in->n_ops; k++)
        ir_append(i->out, i->in->ops[k]);
}

static bool in_client(uint64_t a, uint64_t n) { return ng_in_client(a) && n <= ng_strip_size - a; }

static struct ng_fast move(uint64_t to, uint64_t from, uint64_t n, uint64_t unused)
{
    (void)unused;
    if (!in_client(to, n) || !in_client(from, n) || from - to < n)
        return (struct ng_fast){ 0 };
    memcpy((void *)to, (const void *)from, n);
    return (struct ng_fast){ .done = 1 };
}

static struct ng_fast fill(uint64_t to, uint64_t byte, uint64_t n, uint64_t unused)
{
    (void)unused;
    if (!in_client(to, n))
        return (struct ng_fast){ 0 };
    memset((void *)to, (int)byte, n);
    return (struct ng_fast){ .done = 1 };
}

NG_API const struct ng_tool ng_tool = {
    .api = NG_TOOL_API,
    .name = "none",
    .banner = "Nulgrind, the minimal Valgrind tool",
    .modes = 1,
    .forms = { IR_FORM_NATIVE },
    .instrument = none_instrument,
    .string_move = move,
    .string_fill = fill,
};
