/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/landing: the table of loads that may fault.  A handful: there is no need to sort them. */
#include "base/landing.h"

/* Bounds of the section, made by the linker; weak: a program need not have any such load. */
extern const struct landing table_start[] __asm__("__start_nagrind_landings") __attribute__((weak, visibility("hidden")));
extern const struct landing table_end[] __asm__("__stop_nagrind_landings") __attribute__((weak, visibility("hidden")));

static uintptr_t target(const int32_t *distance)
{
    return (uintptr_t)distance + (uintptr_t)(intptr_t)*distance;
}

uintptr_t landing_of(uintptr_t pc)
{
    for (const struct landing *l = table_start; l < table_end; l++)
        if (target(&l->load) == pc)
            return target(&l->to);
    return 0;
}
