/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0
// build: gcc -O2
#include <stdio.h>
#include <stdlib.h>
union u { int i; char c[8]; double d; struct { short a, b; } s; };
int main(void)
{
    union u *v = malloc(3 * sizeof *v);
    v[0].i = 5; v[1].c[0] = 1; v[2].s.b = 9;
    union u w = v[0], x = v[1], y = v[2];
    printf("%d %d %d\n", w.i, x.c[0], y.s.b);
    if (w.i > 3 && x.c[0] && y.s.b != 8) puts("ok");
    free(v);
    return 0;
}
