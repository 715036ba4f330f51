/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bad access is in a shared library, called from here. */
// needs: shared lib_shared_part.c
#include <stdlib.h>
int shared_read(const int *, int);
int main(void)
{
    int *p = calloc(4, 4);
    int x = shared_read(p, 4);     // expect: Invalid read of size 4
    free(p);
    return x > 1000000000;
}
