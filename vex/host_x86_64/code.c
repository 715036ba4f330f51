/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/code: what the back end hands out, and whether the host can run it. */
#include <stdlib.h>
#include "vex/host_x86_64/emit.h"

void vex_code_init(struct vex_code *c)
{
    *c = (struct vex_code){ 0 };
}

void vex_code_reset(struct vex_code *c)
{
    c->size = 0;
    c->entry = 0;
    c->table_entry = VEX_NO_ENTRY;
    c->hot = c->n_parts = 0;
    c->n_relocs = c->n_exits = c->n_sides = c->n_cross = 0;
}

void vex_code_free(struct vex_code *c)
{
    free(c->code);
    free(c->relocs);
    free(c->exits);
    free(c->sides);
    free(c->cross);
    emit_scratch_free(c->scratch);
    *c = (struct vex_code){ 0 };
}

bool host_x86_64_supported(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
           __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("sse4.2");
}
