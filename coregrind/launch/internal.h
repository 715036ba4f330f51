/* SPDX-License-Identifier: GPL-3.0-or-later */
/* launch inside. */
#pragma once
#include <elf.h>
#include "launch/launch.h"

/* Re-executes nagrind if envp holds what is meant for the client's libc. */
void env_put_aside(char **argv, char **envp);

/* A program found and opened; a script's interpreter takes its place. */
struct program {
    int fd;
    char *path;             /* that is loaded */
    char **argv; int argc;  /* as the client sees them */
};
/* Opens options' program; ends the process with 126 or 127 and one line if it cannot be run. */
void program_open(struct program *p, const char *name, int argc, char **argv);

struct elf_image {
    Elf64_Ehdr header;
    Elf64_Phdr *segments;
    guest_addr bias, entry, phdrs, low, high;
    char interpreter[4096]; /* empty: none */
};
/* 0, or -errno and *why.  Nothing is mapped. */
int elf_read(int fd, struct elf_image *e, const char **why);
/* Maps e; from is where to look for a place if it has none of its own. */
int elf_map(int fd, struct elf_image *e, guest_addr from, guest_addr to, const char **why);

/* Builds the first stack (System V ABI x86-64, 3.4.1): its stack pointer. */
guest_addr stack_build(const struct program *p, const struct elf_image *image, guest_addr interpreter_base, char **envp);
