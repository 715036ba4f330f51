/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/sys_ipc: control calls of System V objects and keys: the command decides what the last argument is. */
#include <linux/keyctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include "kernel/sys.h"
#include "kernel/syscall_table.h"

/* A command and the memory behind its argument. */
struct command { int cmd; uint8_t dir; const char *what; uint32_t size; };

static const struct command *find(const struct command *c, size_t n, int cmd)
{
    for (size_t i = 0; i < n; i++)
        if (c[i].cmd == cmd)
            return &c[i];
    return NULL;
}

/* Checks, calls, marks. */
static int64_t control(struct ng_thread *t, const uint64_t a[6], guest_addr p, const struct command *c)
{
    int error = 0;
    if (c && (c->dir & ARG_READS))
        error = sys_check_read(t, c->what, p, c->size);
    else if (c && (c->dir & ARG_WRITES))
        error = sys_check_write(t, c->what, p, c->size);
    if (error)
        return error;
    const int64_t result = sys_forward(t, a);
    if (c && (c->dir & ARG_WRITES) && result >= 0)
        sys_wrote(t, p, c->size);
    return result;
}

int64_t sys_shmctl(struct ng_thread *t, const uint64_t a[6])
{
    static const struct command commands[] = {
        { IPC_STAT, ARG_WRITES, "shmctl(IPC_STAT, arg.buf)", sizeof(struct shmid_ds) },
        { SHM_STAT, ARG_WRITES, "shmctl(SHM_STAT, arg.buf)", sizeof(struct shmid_ds) },
        { SHM_STAT_ANY, ARG_WRITES, "shmctl(SHM_STAT_ANY, arg.buf)", sizeof(struct shmid_ds) },
        { IPC_SET, ARG_READS, "shmctl(IPC_SET, arg.buf)", sizeof(struct shmid_ds) },
        { IPC_INFO, ARG_WRITES, "shmctl(IPC_INFO, arg.buf)", sizeof(struct shminfo) },
        { SHM_INFO, ARG_WRITES, "shmctl(SHM_INFO, arg.buf)", sizeof(struct shm_info) },
    };
    return control(t, a, a[2], find(commands, sizeof commands / sizeof *commands, (int)a[1]));
}

int64_t sys_msgctl(struct ng_thread *t, const uint64_t a[6])
{
    static const struct command commands[] = {
        { IPC_STAT, ARG_WRITES, "msgctl(IPC_STAT, arg.buf)", sizeof(struct msqid_ds) },
        { MSG_STAT, ARG_WRITES, "msgctl(MSG_STAT, arg.buf)", sizeof(struct msqid_ds) },
        { MSG_STAT_ANY, ARG_WRITES, "msgctl(MSG_STAT_ANY, arg.buf)", sizeof(struct msqid_ds) },
        { IPC_SET, ARG_READS, "msgctl(IPC_SET, arg.buf)", sizeof(struct msqid_ds) },
        { IPC_INFO, ARG_WRITES, "msgctl(IPC_INFO, arg.buf)", sizeof(struct msginfo) },
        { MSG_INFO, ARG_WRITES, "msgctl(MSG_INFO, arg.buf)", sizeof(struct msginfo) },
    };
    return control(t, a, a[2], find(commands, sizeof commands / sizeof *commands, (int)a[1]));
}

/* Number of semaphores of a set: what GETALL and SETALL transfer. */
static uint32_t semaphores(int id)
{
    struct semid_ds ds;
    const uint64_t a[6] = { (uint64_t)id, 0, IPC_STAT, (uint64_t)&ds };
    return kernel_direct(66, a) < 0 ? 0 : (uint32_t)ds.sem_nsems;
}

int64_t sys_semctl(struct ng_thread *t, const uint64_t a[6])
{
    static const struct command commands[] = {
        { IPC_STAT, ARG_WRITES, "semctl(IPC_STAT, arg.buf)", sizeof(struct semid_ds) },
        { SEM_STAT, ARG_WRITES, "semctl(SEM_STAT, arg.buf)", sizeof(struct semid_ds) },
        { SEM_STAT_ANY, ARG_WRITES, "semctl(SEM_STAT_ANY, arg.buf)", sizeof(struct semid_ds) },
        { IPC_SET, ARG_READS, "semctl(IPC_SET, arg.buf)", sizeof(struct semid_ds) },
        { IPC_INFO, ARG_WRITES, "semctl(IPC_INFO, arg.buf)", sizeof(struct seminfo) },
        { SEM_INFO, ARG_WRITES, "semctl(SEM_INFO, arg.buf)", sizeof(struct seminfo) },
        { GETALL, ARG_WRITES, "semctl(IPC_GETALL, arg.array)", 0 },
        { SETALL, ARG_READS, "semctl(IPC_SETALL, arg.array)", 0 },
        { SETVAL, 0, NULL, 0 },
    };
    const struct command *known = find(commands, sizeof commands / sizeof *commands, (int)a[2]);
    if (!known)
        return sys_forward(t, a);
    struct command c = *known;
    sys_check_arg(t, 3, "semctl(arg)", c.cmd == SETVAL ? 4 : 8);
    if (c.cmd == GETALL || c.cmd == SETALL)
        c.size = 2 * semaphores((int)a[0]);
    return control(t, a, a[3], &c);
}

/* ---- messages: a long, then the text ---- */

int64_t sys_msgsnd(struct ng_thread *t, const uint64_t a[6])
{
    int error = sys_check_read(t, "msgsnd(msgp->mtype)", a[1], 8);
    if (!error)
        error = sys_check_read(t, "msgsnd(msgp->mtext)", a[1] + 8, a[2]);
    return error ? error : sys_forward(t, a);
}

int64_t sys_msgrcv(struct ng_thread *t, const uint64_t a[6])
{
    int error = sys_check_write(t, "msgrcv(msgp->mtype)", a[1], 8);
    if (!error)
        error = sys_check_write(t, "msgrcv(msgp->mtext)", a[1] + 8, a[2]);
    if (error)
        return error;
    const int64_t result = sys_forward(t, a);
    if (result >= 0) {
        sys_wrote(t, a[1], 8);
        sys_wrote(t, a[1] + 8, (uint64_t)result);
    }
    return result;
}

/* ---- keys ---- */

/* How many arguments (after the option) each operation reads, and which are memory. */
struct key_operation { uint8_t op, args, string, in, out, size; };

int64_t sys_keyctl(struct ng_thread *t, const uint64_t a[6])
{
    static const struct key_operation ops[] = {
        { KEYCTL_GET_KEYRING_ID, 2, 0, 0, 0, 0 }, { KEYCTL_JOIN_SESSION_KEYRING, 1, 1, 0, 0, 0 },
        { KEYCTL_UPDATE, 3, 0, 2, 0, 3 }, { KEYCTL_REVOKE, 1, 0, 0, 0, 0 }, { KEYCTL_CHOWN, 3, 0, 0, 0, 0 },
        { KEYCTL_SETPERM, 2, 0, 0, 0, 0 }, { KEYCTL_DESCRIBE, 3, 0, 0, 2, 3 }, { KEYCTL_CLEAR, 1, 0, 0, 0, 0 },
        { KEYCTL_LINK, 2, 0, 0, 0, 0 }, { KEYCTL_UNLINK, 2, 0, 0, 0, 0 }, { KEYCTL_SEARCH, 4, 2, 0, 0, 0 },
        { KEYCTL_READ, 3, 0, 0, 2, 3 }, { KEYCTL_INSTANTIATE, 4, 0, 2, 0, 3 }, { KEYCTL_NEGATE, 3, 0, 0, 0, 0 },
        { KEYCTL_SET_REQKEY_KEYRING, 1, 0, 0, 0, 0 }, { KEYCTL_SET_TIMEOUT, 2, 0, 0, 0, 0 },
        { KEYCTL_ASSUME_AUTHORITY, 1, 0, 0, 0, 0 }, { KEYCTL_GET_SECURITY, 3, 0, 0, 2, 3 },
        { KEYCTL_INVALIDATE, 1, 0, 0, 0, 0 }, { KEYCTL_GET_PERSISTENT, 2, 0, 0, 0, 0 },
    };
    static const char *const names[5] = { "keyctl(option)", "keyctl(arg2)", "keyctl(arg3)", "keyctl(arg4)", "keyctl(arg5)" };
    const struct key_operation *op = NULL;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (ops[i].op == (uint32_t)a[0])
            op = &ops[i];
    for (int i = 1; i < 5; i++) {
        if (op && i <= op->args)
            sys_check_arg(t, i, names[i], 8);
        if (!op && a[i] >= ng_strip_size && a[i] < 8 * ng_strip_size)
            return -EFAULT;
    }
    if (!op)
        return sys_forward(t, a);
    int error = op->string && a[op->string] ? sys_check_string(t, names[op->string], a[op->string]) : 0;
    if (!error && op->op == KEYCTL_SEARCH)
        error = sys_check_string(t, names[3], a[3]);
    if (!error && op->in && a[op->in])
        error = sys_check_read(t, names[op->in], a[op->in], a[op->size]);
    if (!error && op->out && a[op->out])
        error = sys_check_write(t, names[op->out], a[op->out], a[op->size]);
    if (error)
        return error;
    const int64_t result = sys_forward(t, a);
    if (op->out && a[op->out] && result > 0)
        sys_wrote(t, a[op->out], (uint64_t)result < a[op->size] ? (uint64_t)result : a[op->size]);
    return result;
}
