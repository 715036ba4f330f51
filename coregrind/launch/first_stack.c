/* SPDX-License-Identifier: GPL-3.0-or-later */
/* launch/first_stack: what a new program finds on its stack (System V ABI
 * x86-64, 3.4.1; Linux fs/binfmt_elf.c for the auxiliary vector).
 *
 * From the top: the file name, the strings, 16 random bytes, then the vectors. */
#include <sys/auxv.h>
#include <sys/random.h>
#include <unistd.h>
#include "kernel/kernel.h"
#include "launch/internal.h"
#include "space/space.h"

enum { AUX_ENTRIES = 24 };

struct builder { guest_addr at; };

static guest_addr push(struct builder *b, const void *data, size_t size)
{
    b->at -= size;
    memcpy((void *)b->at, data, size);
    return b->at;
}

static guest_addr push_string(struct builder *b, const char *s)
{
    return push(b, s, strlen(s) + 1);
}

static size_t strings_size(char **v, size_t *n)
{
    size_t size = 0;
    for (*n = 0; v[*n]; ++*n)
        size += strlen(v[*n]) + 1;
    return size;
}

/* Last string first, so that the first lies lowest, as the kernel has them. */
static void push_strings(struct builder *b, char **v, size_t n, uint64_t *addresses)
{
    while (n--)
        addresses[n] = push_string(b, v[n]);
}

static int fill_auxv(Elf64_auxv_t *a, const struct elf_image *e, guest_addr base, guest_addr random, guest_addr platform,
                     guest_addr execfn)
{
    int n = 0;
#define AUX(type, value) a[n++] = (Elf64_auxv_t){ .a_type = (type), .a_un.a_val = (value) }
    AUX(AT_HWCAP, getauxval(AT_HWCAP));
    AUX(AT_PAGESZ, NG_PAGE);
    AUX(AT_CLKTCK, (uint64_t)sysconf(_SC_CLK_TCK));
    AUX(AT_PHDR, e->phdrs);
    AUX(AT_PHENT, sizeof(Elf64_Phdr));
    AUX(AT_PHNUM, e->header.e_phnum);
    AUX(AT_BASE, base);
    AUX(AT_FLAGS, 0);
    AUX(AT_ENTRY, e->entry);
    AUX(AT_UID, getuid());
    AUX(AT_EUID, geteuid());
    AUX(AT_GID, getgid());
    AUX(AT_EGID, getegid());
    AUX(AT_SECURE, 0);
    AUX(AT_RANDOM, random);
    AUX(AT_HWCAP2, getauxval(AT_HWCAP2) & ~2ul); /* FSGSBASE works, but is not needed: keep to system calls */
    AUX(AT_EXECFN, execfn);
    AUX(AT_PLATFORM, platform);
    AUX(AT_NULL, 0);
#undef AUX
    return n;
}

guest_addr stack_build(const struct program *p, const struct elf_image *image, guest_addr interpreter_base, char **envp)
{
    size_t argc, envc;
    const size_t strings = strings_size(p->argv, &argc) + strings_size(envp, &envc) + strlen(p->path) + 256;
    struct builder b = { .at = space_make_main_stack(strings + (argc + envc + 8) * 8 + AUX_ENTRIES * 16) };
    uint64_t *argv_at = base_alloc((argc + 1) * 8), *envp_at = base_alloc((envc + 1) * 8);
    Elf64_auxv_t auxv[AUX_ENTRIES];
    uint8_t random[16];

    b.at -= 8; /* the kernel leaves a zero word at the very top */
    const guest_addr execfn = push_string(&b, p->path);
    push_strings(&b, envp, envc, envp_at);
    push_strings(&b, p->argv, argc, argv_at);
    const guest_addr platform = push_string(&b, "x86_64");
    if (getrandom(random, sizeof random, 0) != sizeof random)
        memset(random, 0x5a, sizeof random);
    const guest_addr random_at = push(&b, random, sizeof random);
    const int n_aux = fill_auxv(auxv, image, interpreter_base, random_at, platform, execfn);

    b.at = ROUND_DOWN(b.at, 16);
    if ((n_aux * 2 + envc + 1 + argc + 1 + 1) & 1)
        b.at -= 8;
    kernel_client.auxv = push(&b, auxv, n_aux * sizeof *auxv);
    kernel_client.auxv_size = n_aux * sizeof *auxv;
    push(&b, envp_at, (envc + 1) * 8);
    push(&b, argv_at, (argc + 1) * 8);
    const uint64_t count = argc;
    push(&b, &count, 8);
    free(argv_at);
    free(envp_at);
    return b.at;
}
