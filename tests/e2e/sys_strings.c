/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Paths that are not defined up to their end. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    char *path = malloc(32), *freed = strdup("/nonexistent/y"), out[200];
    memcpy(path, "/nonexistent/dir", 16);
    memset(path + 17, 0, 1);
    const char undefined = path[16];             /* between the letters and the end */
    path[16] = undefined;
    free(freed);
    syscall(SYS_open, path, O_RDONLY);           // expect: Syscall param open(filename) points to uninitialised byte(s)
    syscall(SYS_openat, AT_FDCWD, path, 0);      // expect: Syscall param openat(filename) points to uninitialised byte(s)
    syscall(SYS_stat, path, out);            // expect: Syscall param stat(file_name) points to uninitialised byte(s)
    syscall(SYS_access, freed, R_OK);            // expect: Syscall param access(pathname) points to unaddressable byte(s)
    syscall(SYS_rename, freed, "/nonexistent/x");            // expect: Syscall param rename(oldpath) points to unaddressable byte(s)
    syscall(SYS_unlink, freed);                  // expect: Syscall param unlink(pathname) points to unaddressable byte(s)
    syscall(SYS_readlink, freed, out, 100);      // expect: Syscall param readlink(path) points to unaddressable byte(s)
    syscall(SYS_rmdir, freed);                   // expect: Syscall param rmdir(pathname) points to unaddressable byte(s)
    free(path);
    return 0;
}
