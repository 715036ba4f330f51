/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Heap memory is not executable. */
// exit: -11
// differs: valgrind lets the heap be executed; natively it is not executable
#include <stdlib.h>
int main(void)
{
    char *p = malloc(64);
    p[0] = (char)0xc3;
    ((void (*)(void))p)();     // expect: Jump to the invalid address stated on the next line
    return 0;
}
// log: Process terminating with default action of signal 11 (SIGSEGV)
