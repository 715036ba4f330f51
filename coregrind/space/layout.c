/* SPDX-License-Identifier: GPL-3.0-or-later */
/* space/layout: where the kernel put nagrind itself.
 *
 * Nothing of ours may lie in strips 0-4, nor at x and x + S both (strip 6 is kept empty for that).  The kernel's
 * randomisation may draw otherwise, and an unlimited stack always does: then we execute ourselves once more. */
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <unistd.h>
#include "launch/launch.h"
#include "report/report.h"
#include "space/internal.h"

#define DRAW_VARIABLE "NAGRIND_DRAW"
#define STACK_VARIABLE "NAGRIND_STACK_LIMIT"
enum { MAX_DRAWS = 40 };

uint64_t ng_strip_size, ng_v_shift;

/* The kernel puts the stack into the top of the address space: its address has va_bits bits. */
void layout_find_strips(void)
{
    const uint64_t stack = (uint64_t)__builtin_frame_address(0);
    const int va_bits = 64 - __builtin_clzll(stack);
    ng_strip_size = 1ull << (va_bits - 3);
    ng_v_shift = NG_PLANE_V;
}

/* A range of ours is well placed if it lies in strips 5 or 7, and not where a skewed plane's guards reach. */
static bool well_placed(uint64_t start, uint64_t end)
{
    const uint64_t s = ng_strip_size, low = start / s, high = (end - 1) / s;
    return low == high && (low == 5 || low == 7) && start - low * s >= NG_PLANE_SKEW;
}

/* One line of /proc/self/maps; the vsyscall page above the strips is no concern. */
static bool line_is_good(const char *line)
{
    char *rest;
    const uint64_t start = strtoull(line, &rest, 16), end = *rest == '-' ? strtoull(rest + 1, NULL, 16) : 0;
    return end == 0 || start >= 8 * ng_strip_size || well_placed(start, end);
}

static int check_object(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    bool *good = arg;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        const uint64_t start = info->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_LOAD && p->p_memsz && !well_placed(start, start + p->p_memsz))
            *good = false;
    }
    return 0;
}

/* Without /proc: every object, the stack, the heap. */
static bool objects_are_good(void)
{
    bool good = true;
    dl_iterate_phdr(check_object, &good);
    void *heap = base_alloc(1 << 20);
    const uint64_t places[] = { (uint64_t)__builtin_frame_address(0), (uint64_t)heap, (uint64_t)sbrk(0) };
    free(heap);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        good = good && well_placed(places[i], places[i] + 1);
    return good;
}

static bool layout_is_good(void)
{
    FILE *f = fopen("/proc/self/maps", "re");
    if (!f)
        return objects_are_good();
    char line[512];
    bool good = true, whole = true;
    while (good && fgets(line, sizeof line, f)) {
        if (whole)
            good = line_is_good(line);
        whole = strchr(line, '\n') != NULL;
    }
    fclose(f);
    return good;
}

static void again(char **argv)
{
    execv(launch_self_path, argv);
    report_launcher_error("%s: %s", launch_self_path, strerror(errno));
    exit(126);
}

/* Old layouts put libraries into strip 2: they come from an unlimited stack or a personality. */
static void ask_for_usual_layout(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_STACK, &r) == 0 && r.rlim_cur > (1ull << 40)) {
        char text[32];
        snprintf(text, sizeof text, "%llu", (unsigned long long)r.rlim_cur);
        setenv(STACK_VARIABLE, text, 1);
        r.rlim_cur = r.rlim_max < (8 << 20) ? r.rlim_max : 8 << 20;
        setrlimit(RLIMIT_STACK, &r);
    }
    const int persona = personality(0xffffffff);
    if (persona >= 0 && (persona & ADDR_COMPAT_LAYOUT))
        personality((unsigned long)(persona & ~ADDR_COMPAT_LAYOUT));
}

/* The client's own stack limit comes back; the layout is decided only at exec. */
static void restore_stack_limit(void)
{
    const char *text = getenv(STACK_VARIABLE);
    struct rlimit r;
    if (text && getrlimit(RLIMIT_STACK, &r) == 0) {
        r.rlim_cur = strtoull(text, NULL, 10);
        setrlimit(RLIMIT_STACK, &r);
    }
    unsetenv(STACK_VARIABLE);
}

void layout_check(char **argv, char **envp)
{
    (void)envp;
    const char *text = getenv(DRAW_VARIABLE);
    const int draws = text ? atoi(text) : 0;
    if (layout_is_good()) {
        unsetenv(DRAW_VARIABLE);
        restore_stack_limit();
        return;
    }
    if (draws >= MAX_DRAWS || !launch_self_path) {
        report_launcher_error("cannot get a usable address space layout (%d attempts)", draws);
        exit(1);
    }
    char next[16];
    snprintf(next, sizeof next, "%d", draws + 1);
    setenv(DRAW_VARIABLE, next, 1);
    ask_for_usual_layout();
    again(argv);
}
