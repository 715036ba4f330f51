/* SPDX-License-Identifier: GPL-3.0-or-later */
// native: no
// exit: -11
#include <sys/mman.h>
#include <stdio.h>
int main(void)
{
    volatile char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    p[5] = 1;
    munmap((void *)p, 8192);
    return p[5];               // expect: Invalid read of size 1
}                              // aux: Address 0x* is not stack'd, malloc'd or (recently) free'd
// log: Process terminating with default action of signal 11 (SIGSEGV)
// log:  Access not within mapped region at address 0x*
