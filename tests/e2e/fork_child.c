/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The error is in the child; both processes report. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
volatile int sink;
int main(void)
{
    int *p = malloc(40), status;
    pid_t pid = fork();
    if (pid == 0) {
        p[10] = 3;             // expect: Invalid write of size 4
        _exit(3);
    }
    waitpid(pid, &status, 0);
    free(p);
    return WEXITSTATUS(status);
}
