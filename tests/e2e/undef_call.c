/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A function pointer chosen by an undefined index: the table look-up and the call. */
// build: gcc -O0
#include <stdlib.h>
static int f(void) { return 0; }
static int (*functions[256])(void);
int main(void)
{
    for (int i = 0; i < 256; i++)
        functions[i] = f;
    unsigned char *p = malloc(4);
    int (*g)(void) = functions[p[1]];  // expect: Use of uninitialised value of size 8
    int r = g();                       /* reported above, taken as defined since */
    free(p);
    return r;
}
