/* SPDX-License-Identifier: GPL-3.0-or-later */
// differs: valgrind 3.19 leaves pvalloc alone
// native: no
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    char *p = 0, *volatile q;
    for (size_t align = 16; align <= 65536; align *= 2) {
        if (posix_memalign((void **)&p, align, 40) || (uintptr_t)p % align)
            return 1;
        q = memalign(align, 100);
        if ((uintptr_t)q % align)
            return 2;
        free(p);
        free(q);
        q = aligned_alloc(align, 2 * align);
        if ((uintptr_t)q % align)
            return 3;
        free(q);
    }
    if (posix_memalign((void **)&p, 64, 40))
        return 4;
    p[40] = 1;                 // expect: Invalid write of size 1
                               // aux: Address * is 0 bytes after a block of size 40 alloc'd
    p[-1] = 1;                 // expect: Invalid write of size 1
                               // aux: Address * is 1 bytes before a block of size 40 alloc'd
    q = valloc(10);
    if ((uintptr_t)q % 4096)
        return 5;
    q[10] = 1;                 // expect: Invalid write of size 1
    free(q);
    q = pvalloc(10);
    q[4095] = 1;
    q[4096] = 1;               // expect: Invalid write of size 1
    free(q);
    free(p);
    return 0;
}
