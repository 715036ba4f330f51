/* SPDX-License-Identifier: GPL-3.0-or-later */
/* memcpy of half-filled buffers; only the filled half is looked at. */
// build: gcc -O2
// build: clang -O2
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
    char *p = malloc(1000), *q = malloc(1000);
    for (int i = 0; i < 500; i++) p[i] = i;
    memcpy(q, p, 1000);
    memmove(q + 100, q, 900);
    int sum = 0;
    for (int i = 0; i < 600; i++) if (q[i] > 3) sum += q[i];
    printf("%d %d\n", sum, memcmp(q + 100, p, 500));
    free(p); free(q);
    return 0;
}
