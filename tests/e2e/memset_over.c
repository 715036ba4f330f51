/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
int main(void)
{
    char *p = malloc(20);
    volatile int n = 24;
    memset(p, 0, n);                       // expect: Invalid write of size
    free(p);
    return 0;
}
