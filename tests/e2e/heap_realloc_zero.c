/* SPDX-License-Identifier: GPL-3.0-or-later */
// differs: valgrind 3.19 does not report it
#include <stdlib.h>
int main(void)
{
    void *p = malloc(7);
    volatile size_t zero = 0;
    p = realloc(p, zero);      // expect: realloc() with size 0
                               // aux: Address * is 0 bytes inside a block of size 7 alloc'd
    return p != 0;
}
