/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
// build: g++ -O0 -fno-sized-deallocation
#include <cstdlib>
struct big { long a[4]; };
int main()
{
    void *volatile p;
    p = new big;
    free(p);                       // expect: Mismatched free() / delete / delete []
                                   // aux: Address * is 0 bytes inside a block of size 32 alloc'd
    p = new big[3];
    operator delete(p);            // expect: Mismatched free() / delete / delete []
                                   // aux: Address * is 0 bytes inside a block of size 96 alloc'd
    p = malloc(10);
    operator delete[](p);          // expect: Mismatched free() / delete / delete []
    p = malloc(10);
    operator delete(p);            // expect: Mismatched free() / delete / delete []
    p = new char[5];
    free(p);                       // expect: Mismatched free() / delete / delete []
    p = new int;
    p = realloc(p, 8);             // expect: Mismatched free() / delete / delete []
    free(p);
    return 0;
}
