/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    int *p = 0; size_t cap = 0; long s = 0;
    for (int i = 0; i < 20000; i++) {
        if ((size_t)i == cap) { cap = cap ? cap * 2 : 1; p = realloc(p, cap * sizeof *p); }
        p[i] = i ^ 5;
    }
    for (int i = 0; i < 20000; i++) s += p[i];
    p = realloc(p, 100);
    printf("%ld %d\n", s, p[24]);
    free(p);
    return 0;
}
