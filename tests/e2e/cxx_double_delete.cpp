/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
// build: g++ -O0 -fno-sized-deallocation
int main()
{
    int *p = new int[10];
    int *volatile q = p;
    delete[] p;
    delete[] q;                    // expect: Invalid free() / delete / delete[] / realloc()
                                   // aux: Address * is 0 bytes inside a block of size 40 free'd
    volatile int x = q[2];         // expect: Invalid read of size 4
                                   // aux: Address * is 8 bytes inside a block of size 40 free'd
    return 0;
}
