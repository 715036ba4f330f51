/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0
// native: no
#include <stdlib.h>
#include <unistd.h>
#include <sys/syscall.h>
int main(void)
{
    int *p = malloc(4);
    syscall(SYS_close, *p | 0x7fff0000);   // expect: Syscall param close(fd) contains uninitialised byte(s)
    free(p);
    return 0;
}
