/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A function of a library that was opened while running is given a pointer to too small a block. */
// build: gcc -O0
// build: clang -O0
#include <dlfcn.h>
#include <stdlib.h>
volatile double sink;
int main(void)
{
    void *lib = dlopen("libm.so.6", RTLD_NOW);
    double (*volatile modf_of)(double, double *) = (double (*)(double, double *))dlsym(lib, "modf");
    char *p = malloc(12);
    sink = modf_of(2.5, (double *)(p + 8)); // expect: Invalid write of size 8
                                            // aux: Address 0x* is 8 bytes inside a block of size 12 alloc'd
    free(p);
    dlclose(lib);
    return 0;
}
