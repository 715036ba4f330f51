/* SPDX-License-Identifier: GPL-3.0-or-later */
// exit: -11
#include <sys/mman.h>
int main(void)
{
    volatile char *p = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    volatile int x = p[0];
    p[1] = x;
    return 0;
}
// log: Process terminating with default action of signal 11 (SIGSEGV)
// log:  Bad permissions for mapped region at address 0x*
