/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0
/* Gigabytes that are hardly touched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
    const size_t n = (size_t)6 << 30;
    char *volatile p = malloc(n), *volatile z = calloc(n, 1);
    if (!p || !z)
        return 1;
    for (size_t i = 0; i < n; i += n / 10)
        p[i] = z[i];
    long sum = 0;
    for (size_t i = 0; i < n; i += n / 10)
        sum += p[i] + z[i + 1];
    memset(p + (n / 2), 1, 5 << 20);
    sum += p[n / 2 + (4 << 20)];
    if (p[n - 100])                // expect: Conditional jump or move depends on uninitialised value(s)
        sum++, sum--;
    p[n] = 0;                      // expect: Invalid write of size 1
    free(p);
    free(z);
    printf("%ld\n", sum);
    return 0;
}
