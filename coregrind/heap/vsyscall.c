/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap/vsyscall: each entry is the system call of the same name. */
#include <sys/syscall.h>
#include "heap/vsyscall.h"
#include "kernel/kernel.h"

static const struct { guest_addr pc; int number; } entries[] = {
    { 0xffffffffff600000, SYS_gettimeofday },
    { 0xffffffffff600400, SYS_time },
    { 0xffffffffff600800, SYS_getcpu },
};
enum { ENTRIES = sizeof entries / sizeof *entries };

uint32_t vsyscall_hook(guest_addr pc)
{
    for (uint32_t i = 0; pc >= entries[0].pc && i < ENTRIES; i++)
        if (entries[i].pc == pc)
            return VSYSCALL_HOOK + i;
    return 0;
}

bool vsyscall_run(struct ng_thread *t, uint32_t id)
{
    if (id < VSYSCALL_HOOK || id >= VSYSCALL_HOOK + ENTRIES)
        return false;
    t->state.gpr[X86_RAX] = (uint64_t)entries[id - VSYSCALL_HOOK].number;
    kernel_syscall(t);
    return true;
}
