/* SPDX-License-Identifier: GPL-3.0-or-later */
// differs: valgrind gets this wrong itself
// build: gcc -O0 -mfpmath=387
// build: gcc -O2
#include <math.h>
#include <stdio.h>
int main(void)
{
    long double x = 1.0L, s = 0; for (int i = 1; i < 40; i++) { x = x * i / 3.0L; s += sqrtl(x) - floorl(x / 7); }
    double d = sin(0.5) + cos(1.25) * tan(0.3) + exp(1.5) - log(7.0) + pow(2.5, 3.5) + fmod(17.5, 3.25) + hypot(3, 4);
    printf("%.15Lf %.17g %d %d\n", s, d, (int)lrint(2.5), (int)(long)s);
    return 0;
}
