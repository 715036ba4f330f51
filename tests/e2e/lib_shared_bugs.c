/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
static int *kept;
void shared_keep(void) { kept = malloc(12); }
void shared_drop(void) { free(kept); }
int shared_undefined(void)
{
    int *volatile p = malloc(4), x = *p;
    free(p);
    return x;
}
void *shared_lose(void) { return malloc(33); }
