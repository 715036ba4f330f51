/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Definedness survives a fork: what the parent left undefined is so in the child. */
// build: gcc -O0
// build: clang -O1
// options: --track-origins=yes
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
volatile int sink;
int main(void)
{
    int *volatile p = malloc(40);
    int status;
    p[0] = 1;
    pid_t pid = fork();
    if (pid == 0) {
        if (p[0] != 1)
            _exit(9);
        if (p[1] > 7)              // expect: Conditional jump or move depends on uninitialised value(s)
            sink = 1;              // aux: Uninitialised value was created by a heap allocation
        _exit(4);
    }
    waitpid(pid, &status, 0);
    free(p);
    return WEXITSTATUS(status);
}
