/* SPDX-License-Identifier: GPL-3.0-or-later */
/* && with the tests swapped by the compiler: the outcome does not depend on the undefined half. */
// build: gcc -O2
// build: clang -O2
// build: gcc -O3
#include <stdio.h>
#include <stdlib.h>
struct item { int valid, value, other; };
__attribute__((noinline)) static int good(const struct item *i) { return i->valid && i->value > 10 && i->other < 3; }
__attribute__((noinline)) static int scan(const struct item *v, int n) { int c = 0; for (int i = 0; i < n; i++) if (v[i].valid == 1 && v[i].value == 7) c += 2; else c++; return c; }
int main(void)
{
    struct item *v = malloc(10 * sizeof *v); int s = 0;
    for (int i = 0; i < 10; i++) { v[i].valid = i & 1; if (i & 1) v[i].value = i * 3, v[i].other = i % 4; }
    for (int i = 0; i < 10; i++) if (good(&v[i])) s++;
    printf("%d %d\n", s, scan(v, 10));
    free(v);
    return 0;
}
