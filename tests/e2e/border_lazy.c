/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An undefined double goes to a function that the dynamic linker looks for at its first
 * call: it saves the vector registers meanwhile, and they come back as they were. */
// build: gcc -O0 -Wl,-z,lazy
// build: gcc -O1 -Wl,-z,lazy
// needs: shared lib_lazy_part.c
#include <stdlib.h>
extern void border_take(double a, double b, double *out);
volatile int sink;
int main(void)
{
    double *p = malloc(16), out[2];
    border_take(1.5, p[0], out);
    if (out[0] > 1)
        sink = 1;
    if (out[1] > 1)            // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 2;
    free(p);
    return 0;
}
