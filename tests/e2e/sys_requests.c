/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls whose command decides what the last argument is: fcntl, ioctl, prctl, semctl. */
// log: Warning: noted but unhandled ioctl 0x7801*
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

int main(void)
{
    int pipes[2], *undefined = malloc(4096), available;
    char *small = malloc(2);
    pipe(pipes);
    struct flock *lock = calloc(1, sizeof *lock), *half = malloc(sizeof *half);
    lock->l_type = F_RDLCK;
    fcntl(pipes[0], F_GETLK, lock);
    memcpy(half, lock, sizeof *half);
    half->l_start = undefined[0];
    fcntl(pipes[0], F_SETLK, half);                      // expect: Syscall param fcntl(lock->l_start) points to uninitialised byte(s)
    ioctl(pipes[0], FIONREAD, &available);
    if (available)
        return 1;
    ioctl(pipes[0], FIONBIO, undefined);                 // expect: Syscall param ioctl(FIONBIO) points to uninitialised byte(s)
    ioctl(pipes[0], FIONREAD, small);                    // expect: Syscall param ioctl(FIONREAD) points to unaddressable byte(s)
    ioctl(pipes[0], TCSETS, undefined);                  // expect: Syscall param ioctl(TCSET{S,SW,SF}) points to uninitialised byte(s)
    ioctl(pipes[0], _IOW('x', 1, int[8]), undefined);    // expect: Syscall param ioctl(generic) points to uninitialised byte(s)
    syscall(SYS_ioctl, pipes[0], FIOCLEX, undefined[0]);
    ioctl(pipes[0], _IO('x', 1), 0);
    prctl(PR_SET_NAME, undefined);                       // expect: Syscall param prctl(set-name) points to uninitialised byte(s)
    prctl(PR_GET_NAME, small);                           // expect: Syscall param prctl(get-name) points to unaddressable byte(s)
    const int sem = semget(IPC_PRIVATE, 3, 0600);
    unsigned short *values = malloc(4), all[3];
    semctl(sem, 0, GETALL, all);
    if (all[0] | all[1] | all[2])
        return 2;
    semctl(sem, 0, GETALL, values);                      // expect: Syscall param semctl(IPC_GETALL, arg.array) points to unaddressable byte(s)
    semctl(sem, 0, IPC_RMID);
    free(undefined), free(small), free(lock), free(half), free(values);
    return 0;
}
