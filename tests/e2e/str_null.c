/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0 -fno-builtin
// log: Process terminating with default action of signal 11 (SIGSEGV)*
#include <string.h>
int main(void)
{
    char *volatile p = 0;
    return strlen(p);              // expect: Invalid read of size 1
                                   // aux: Address 0x0 is not stack'd, malloc'd or (recently) free'd
}
