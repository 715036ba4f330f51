/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
int main(void)
{
    volatile long n = -3;
    void *p = malloc(n);       // expect: Argument 'size' of function malloc has a fishy (possibly negative) value: -3
    if (p)
        return 1;
    p = calloc(n, 1);          // expect: Argument 'nmemb' of function calloc has a fishy (possibly negative) value: -3
    if (p)
        return 2;
    char *q = malloc(5);
    p = realloc(q, n);         // expect: Argument 'size' of function realloc has a fishy (possibly negative) value: -3
    if (p)
        return 3;
    free(q);
    return 0;
}
