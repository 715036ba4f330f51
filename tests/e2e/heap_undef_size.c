/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
int main(void)
{
    size_t *n = malloc(16);
    void *p = malloc(n[0] & 15);   // expect: Conditional jump or move depends on uninitialised value(s)
    free(p);
    free(n);
    return 0;
}
