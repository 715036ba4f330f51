/* SPDX-License-Identifier: GPL-3.0-or-later */
/* launch: from main() to the first guest instruction: environment, options,
 * client program, first stack.  */
#pragma once
#include "base/base.h"

struct launch_image {
    guest_addr entry;       /* where the guest starts (the ELF interpreter's entry if it has one) */
    guest_addr sp;          /* initial stack pointer */
};
/* Loads options.argv[0] (searched in $PATH) with its interpreter; builds the stack with argv, envp, auxv.
 * On failure one line and exit 126 or 127. */
void launch_load(struct launch_image *out, char **client_envp);
/* Environment of the client: what was put aside from ours. */
char **launch_client_env(char **envp);
/* Checks that path can be run (for execve of a traced child): 0 or -errno. */
int launch_can_run(const char *path);
extern const char *launch_self_path; /* of the nagrind executable */
