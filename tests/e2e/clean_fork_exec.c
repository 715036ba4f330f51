/* SPDX-License-Identifier: GPL-3.0-or-later */
// differs: valgrind gets this wrong itself
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
int main(void)
{
    int st; pid_t p; char *argv[] = { "sh", "-c", "echo child; exit 6", 0 }, *bad[] = { "/no/such", 0 };
    fflush(stdout);
    if ((p = fork()) == 0) { execv("/bin/sh", argv); _exit(9); }
    waitpid(p, &st, 0); printf("%d\n", WEXITSTATUS(st)); fflush(stdout);
    if ((p = vfork()) == 0) { execl("/bin/true", "true", (char *)0); _exit(9); }
    waitpid(p, &st, 0); printf("%d\n", WEXITSTATUS(st)); fflush(stdout);
    int r = posix_spawn(&p, "/bin/sh", 0, 0, argv, environ); waitpid(p, &st, 0); printf("%d %d\n", r, WEXITSTATUS(st));
    r = posix_spawn(&p, "/no/such", 0, 0, bad, environ); printf("%d\n", r); fflush(stdout);
    printf("%d\n", system("exit 3") >> 8);
    return 0;
}
