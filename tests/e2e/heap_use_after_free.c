/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
#include <stdlib.h>
struct node { struct node *next; int value; short s; char c; };
int main(void)
{
    struct node *volatile n = calloc(1, sizeof *n), *volatile m = n;
    free(n);
    int sum = m->value;        // expect: Invalid read of size 4
    sum += m->s;               // expect: Invalid read of size 2
    sum += m->c;               // expect: Invalid read of size 1
    m->next = 0;               // expect: Invalid write of size 8
                               // aux: Address * is 0 bytes inside a block of size 16 free'd
    m->value = 0;              // expect: Invalid write of size 4
                               // aux: Address * is 8 bytes inside a block of size 16 free'd
    return sum != 0;
}
