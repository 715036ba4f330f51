/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap/vsyscall: the three functions of the old vsyscall page, which no client mapping holds: gettimeofday, time, getcpu. */
#pragma once
#include "run/run.h"

enum { VSYSCALL_HOOK = 0x7ff0 };       /* hook ids from here */
uint32_t vsyscall_hook(guest_addr pc); /* 0: not one of them */
/* Runs the call if id is one of theirs. */
bool vsyscall_run(struct ng_thread *t, uint32_t id);
