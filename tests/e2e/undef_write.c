/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
int main(void)
{
    int fd = open("/dev/null", O_WRONLY);
    char *p = malloc(64);
    p[0] = 'a';
    if (write(fd, p, 64) != 64)        // expect: Syscall param write(buf) points to uninitialised byte(s)
        return 1;                      // aux: Address * is 1 bytes inside a block of size 64 alloc'd
    if (write(fd, p, 1) != 1)
        return 1;
    free(p);
    return 0;
}
