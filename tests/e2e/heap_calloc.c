/* SPDX-License-Identifier: GPL-3.0-or-later */
// differs: valgrind 3.19 does not set errno there
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    volatile size_t half = SIZE_MAX / 4;
    for (int i = 1; i < 300; i++) {      /* also of recycled memory */
        int *p = calloc(i, sizeof *p);
        for (int k = 0; k < i; k++)
            if (p[k]++)
                return 1;
        free(p);
    }
    errno = 0;
    void *p = calloc(half, 8);
    printf("%d %d\n", p == NULL, errno == ENOMEM);
    errno = 0;
    half = 1ull << 62;
    p = malloc(half);
    printf("%d %d\n", p == NULL, errno == ENOMEM);
    return 0;
}
