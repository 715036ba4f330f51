/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
// options: --redzone-size=64 --alignment=128 --freelist-vol=0 --keep-stacktraces=alloc-then-free
#include <stdint.h>
#include <stdlib.h>
int main(void)
{
    char *volatile p = malloc(20);
    if ((uintptr_t)p % 128)
        return 1;
    p[20 + 60] = 1;            // expect: Invalid write of size 1
                               // aux: Address * is 60 bytes after a block of size 20 alloc'd
    p[-60] = 1;                // expect: Invalid write of size 1
                               // aux: Address * is 60 bytes before a block of size 20 alloc'd
    free(p);
    return 0;
}
