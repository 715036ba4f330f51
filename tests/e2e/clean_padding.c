/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Structs with padding: copied whole, compared by member, written by fields. */
// build: gcc -O0
// build: gcc -O2
// build: clang -O2
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct s { char c; long l; short h; double d; char t[3]; };
__attribute__((noinline)) static struct s make(int i) { struct s s; s.c = i; s.l = i * 3; s.h = i; s.d = i / 2.0; s.t[0] = 1; return s; }
int main(void)
{
    struct s *v = malloc(20 * sizeof *v), w[20];
    for (int i = 0; i < 20; i++) v[i] = make(i);
    memcpy(w, v, sizeof w);
    struct s *x = realloc(v, 2000 * sizeof *v);
    memmove(x + 5, x, 10 * sizeof *x);
    long sum = 0;
    for (int i = 0; i < 20; i++) if (w[i].c == (char)i && w[i].d >= 0) sum += w[i].l + x[i].h + w[i].t[0];
    printf("%ld\n", sum);
    free(x);
    return 0;
}
