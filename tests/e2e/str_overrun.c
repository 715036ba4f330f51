/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0 -fno-builtin
// native: no
// differs: the loop of valgrind's strlen reads at two places, so it reports the same overrun twice
#include <stdlib.h>
#include <string.h>
volatile size_t sink;
int main(void)
{
    char *p = malloc(8), *q = malloc(32);
    memset(p, 'a', 8);
    memset(q, 'b', 32);
    q[31] = 0;
    p[8] = 0;                      // expect: Invalid write of size 1
    sink = strlen(p);              // expect: Invalid read of size 1
                                   // aux: Address * is 0 bytes after a block of size 8 alloc'd
    sink = strcmp(p, "aaaaaaaa");  // expect: Invalid read of size 1
    sink = (size_t)strchr(p, 'z'); // expect: Invalid read of size 1
    sink = (size_t)strrchr(p, 'z'); // expect: Invalid read of size 1
    sink = (size_t)memchr(p, 'z', 9); // expect: Invalid read of size 1
    sink = strspn(p, "a");         // expect: Invalid read of size 1
    sink = strncmp(p, "aaaaaaaaa", 9); // expect: Invalid read of size 1
    memcpy(p, q, 9);               // expect: Invalid write of size 1
    memmove(p, q, 10);             // expect: Invalid write of size 2
    memset(p, 0, 16);              // expect: Invalid write of size 8
    memcpy(q, p, 10);              // expect: Invalid read of size 2
    strcpy(p, "12345678");         // expect: Invalid write of size 1
    strcpy(p, "1234567");
    strcat(p, "8");                // expect: Invalid write of size 1
    p[7] = 0;
    strncpy(p, "1", 9);            // expect: Invalid write of size 1
    sink = memcmp(p, "1\0\0\0\0\0\0\0\0", 9); // expect: Invalid read of size 1
    free(p);
    sink = strlen(p);              // expect: Invalid read of size 1
                                   // aux: Address * is 0 bytes inside a block of size 8 free'd
    free(q);
    return 0;
}
