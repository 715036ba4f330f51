/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: coregrind/space/access.c coregrind/space/code_pages.c coregrind/space/layout.c coregrind/space/map.c */
/* needs: coregrind/space/maps.c coregrind/space/place.c coregrind/space/planes.c coregrind/space/remap.c */
/* needs: coregrind/space/segments.c coregrind/space/shm.c coregrind/space/space.c coregrind/space/stack.c */
/* needs: coregrind/base/base.c coregrind/base/lock.c coregrind/base/assert.c */
/* The client strip: Linux' semantics and errors, placement, shadow that follows its memory, code pages, copies. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>
#include "code/code.h"
#include "heap/redirect.h"
#include "launch/launch.h"
#include "launch/options.h"
#include "report/report.h"
#include "run/run.h"
#include "space/space.h"
#include "symbols/symbols.h"
#include "tool/load.h"

/* ---- the rest of nagrind ---- */

struct options options;
const struct ng_tool *tool;
const char *launch_self_path;
__thread struct ng_thread run_self;
__thread bool run_is_guest;
static uint64_t discarded, mapped_files, unmapped_files;

void code_discard_range(guest_addr a, uint64_t size) { (void)a; discarded += size; }
void redirect_forget(guest_addr a, uint64_t size) { (void)a, (void)size; }
void symbols_mapped(guest_addr a, uint64_t size, int prot, int fd, uint64_t offset, const char *path)
{
    (void)a, (void)size, (void)prot, (void)fd, (void)offset, (void)path;
    mapped_files++;
}
void symbols_unmapped(guest_addr a, uint64_t size) { (void)a, (void)size; unmapped_files++; }
const char *ng_intern(const char *s) { return strdup(s); }
void ng_umsg_v(int verbosity, const char *fmt, ...) { (void)verbosity, (void)fmt; }
void ng_fatal(const char *fmt, ...) { fprintf(stderr, "%s\n", fmt); abort(); }
void report_launcher_error(const char *fmt, ...) { fprintf(stderr, "%s\n", fmt); }

/* ---- help ---- */

enum { RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };

static guest_addr map(uint64_t pages)
{
    const int64_t a = space_mmap(0, pages * NG_PAGE, RW, ANON, -1, 0);
    ck_assert_int_gt(a, 0);
    return (guest_addr)a;
}

static char *mem(guest_addr a)
{
    return (char *)a;
}

/* ---- tests ---- */

START_TEST(anonymous_memory_and_its_shadow)
{
    const guest_addr a = map(4);
    ck_assert(ng_in_client(a));
    mem(a)[5] = 1;
    ck_assert_uint_eq(*ng_v(a + 5), 0);
    memset(ng_v(a), 0xff, 4 * NG_PAGE);
    ck_assert_int_eq(space_munmap(a + NG_PAGE, NG_PAGE), 0);
    ck_assert(!space_allows(a, 4 * NG_PAGE, NG_PROT_R));
    ck_assert_uint_eq(*ng_v(a), 0xff);
    ck_assert_int_eq(space_mmap(a + NG_PAGE, NG_PAGE, RW, ANON | MAP_FIXED, -1, 0), (int64_t)a + (int64_t)NG_PAGE);
    ck_assert_uint_eq(*ng_v(a + NG_PAGE), 0);
    ck_assert_uint_eq(*ng_v(a + 2 * NG_PAGE - 1), 0);
    ck_assert_uint_eq(*ng_v(a + 2 * NG_PAGE), 0xff);
    ck_assert_int_eq(space_madvise(a, 4 * NG_PAGE, MADV_DONTNEED), 0);
    ck_assert_uint_eq(*ng_v(a), 0);
}
END_TEST

START_TEST(errors_as_the_kernel)
{
    const guest_addr a = map(3);
    ck_assert_int_eq(space_mmap(0, 0, RW, ANON, -1, 0), -EINVAL);
    ck_assert_int_eq(space_mmap(0, NG_PAGE, RW, MAP_ANONYMOUS, -1, 0), -EINVAL);
    ck_assert_int_eq(space_mmap(0, ~0ull, RW, ANON, -1, 0), -ENOMEM);
    ck_assert_int_eq(space_mmap(a + 1, NG_PAGE, RW, ANON | MAP_FIXED, -1, 0), -EINVAL);
    ck_assert_int_eq(space_mmap(a, NG_PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), -EEXIST);
    ck_assert_int_eq(space_mmap(0, NG_PAGE, RW, MAP_PRIVATE, -1, 0), -EBADF);
    ck_assert_int_eq(space_mmap(6 * ng_strip_size, NG_PAGE, RW, ANON | MAP_FIXED, -1, 0), -ENOMEM);
    ck_assert_int_eq(space_mmap(ng_strip_size - NG_PAGE, 2 * NG_PAGE, RW, ANON | MAP_FIXED, -1, 0), -ENOMEM);
    ck_assert_int_eq(space_munmap(a + 1, NG_PAGE), -EINVAL);
    ck_assert_int_eq(space_munmap(a, 0), -EINVAL);
    ck_assert_int_eq(space_munmap(6 * ng_strip_size, NG_PAGE), 0);
    ck_assert_int_eq(space_munmap(a + NG_PAGE, NG_PAGE), 0);
    ck_assert_int_eq(space_mprotect(a, 3 * NG_PAGE, PROT_READ), -ENOMEM);
    ck_assert(!space_allows(a, 1, NG_PROT_W));
    ck_assert(space_allows(a + 2 * NG_PAGE, 1, NG_PROT_W));
    ck_assert_int_eq(space_mprotect(a, NG_PAGE, 0x40), -EINVAL);
    ck_assert_int_eq(space_madvise(7 * ng_strip_size, NG_PAGE, MADV_DONTNEED), -ENOMEM);
    ck_assert_int_eq(space_mremap(a, NG_PAGE, 0, 0, 0), -EINVAL);
    ck_assert_int_eq(space_mremap(a + 8 * NG_PAGE, NG_PAGE, NG_PAGE, 0, 0), -EFAULT);
}
END_TEST

START_TEST(hints)
{
    const guest_addr a = map(1), wish = a + 64 * NG_PAGE;
    ck_assert_int_eq(space_mmap(wish, NG_PAGE, RW, ANON, -1, 0), (int64_t)wish);
    ck_assert_int_ne(space_mmap(wish, NG_PAGE, RW, ANON, -1, 0), (int64_t)wish);
    const int64_t outside = space_mmap(6 * ng_strip_size, NG_PAGE, RW, ANON, -1, 0);
    ck_assert(outside > 0 && ng_in_client((guest_addr)outside));
    const int64_t low = space_mmap(0, NG_PAGE, RW, ANON | MAP_32BIT, -1, 0);
    ck_assert(low > 0 && low < 0x80000000);
}
END_TEST

START_TEST(placement_is_the_same_again)
{
    const guest_addr a = map(3), b = map(5);
    space_munmap(a, 3 * NG_PAGE);
    ck_assert_uint_eq(map(3), a);
    space_munmap(b, 5 * NG_PAGE);
    ck_assert_uint_eq(map(5), b);
}
END_TEST

START_TEST(files)
{
    const int fd = open("/proc/self/exe", O_RDONLY);
    struct ng_segment g;
    const int64_t a = space_mmap(0, 2 * NG_PAGE, PROT_READ, MAP_PRIVATE, fd, NG_PAGE);
    ck_assert(a > 0 && a < 0x80000000);       /* an image: below 2 GiB */
    ck_assert(ng_segment_at((guest_addr)a, &g) && g.kind == NG_SEG_FILE && g.offset == NG_PAGE && g.path);
    ck_assert_ptr_nonnull(strstr(g.path, "check_space"));
    ck_assert_uint_eq(mapped_files, 1);
    ck_assert_int_eq(space_mprotect((guest_addr)a + NG_PAGE, NG_PAGE, RW), 0);
    ck_assert(ng_segment_at((guest_addr)a + NG_PAGE, &g) && g.offset == 2 * NG_PAGE);
    space_munmap((guest_addr)a, 2 * NG_PAGE);
    ck_assert_uint_eq(unmapped_files, 2);
    close(fd);
}
END_TEST

START_TEST(remapping)
{
    const guest_addr a = map(2);
    strcpy(mem(a), "here");
    *ng_v(a + 1) = 0x55;
    *ng_o(a) = 77;
    ck_assert_int_eq(space_mremap(a, 2 * NG_PAGE, 4 * NG_PAGE, 0, 0), (int64_t)a);
    mem(a)[4 * NG_PAGE - 1] = 1;
    const int64_t wall = space_mmap(a + 4 * NG_PAGE, NG_PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
    ck_assert_int_eq(space_mremap(a, 4 * NG_PAGE, 8 * NG_PAGE, 0, 0), -ENOMEM);
    const guest_addr b = (guest_addr)space_mremap(a, 4 * NG_PAGE, 8 * NG_PAGE, MREMAP_MAYMOVE, 0);
    ck_assert_uint_ne(a, b);
    ck_assert_str_eq(mem(b), "here");
    ck_assert_uint_eq(*ng_v(b + 1), 0x55);
    ck_assert_uint_eq(*ng_o(b), 77);
    ck_assert_uint_eq(*ng_v(a + 1), 0);
    ck_assert(!space_overlaps(a, 4 * NG_PAGE));
    ck_assert_int_eq(space_mremap(b, 8 * NG_PAGE, NG_PAGE, 0, 0), (int64_t)b);
    ck_assert(!space_overlaps(b + NG_PAGE, 7 * NG_PAGE));
    const int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
    ck_assert_int_eq(space_mremap(b, NG_PAGE, NG_PAGE, flags, (guest_addr)wall), wall);
    ck_assert_str_eq(mem((guest_addr)wall), "here");
    ck_assert_int_eq(space_mremap((guest_addr)wall, NG_PAGE, NG_PAGE, flags, 6 * ng_strip_size), -ENOMEM);
}
END_TEST

START_TEST(heap_break)
{
    space_set_brk(0);
    const guest_addr start = (guest_addr)space_brk(0);
    ck_assert_int_eq(space_brk(start + 10000), (int64_t)start + 10000);
    mem(start)[9999] = 1;
    *ng_v(start + 9999) = 9;
    ck_assert_int_eq(space_brk(start - 1), (int64_t)start + 10000);
    ck_assert_int_eq(space_brk(start + 10), (int64_t)start + 10);
    ck_assert(!space_overlaps(start + NG_PAGE, NG_PAGE));
    ck_assert_int_eq(space_brk(start + 10000), (int64_t)start + 10000);
    ck_assert_int_eq(mem(start)[9999], 0);
    ck_assert_uint_eq(*ng_v(start + 9999), 0);
    space_rlimit(RLIMIT_DATA)->rlim_cur = 20000;
    ck_assert_int_eq(space_brk(start + 30000), (int64_t)start + 10000);
}
END_TEST

START_TEST(main_stack_grows)
{
    guest_addr low, high;
    options.main_stacksize = 1 << 20;
    const guest_addr top = space_make_main_stack(1000), deep = top - (1 << 20) + 100;
    mem(top)[-1] = 1;
    ck_assert(!space_grow_stack(top - (1 << 20) - 1, 0));
    ck_assert(space_grow_stack(deep, deep));
    mem(deep)[0] = 1;
    ck_assert(ng_stack_bounds(top - 8, &low, &high));
    ck_assert_uint_eq(high, top);
    ck_assert_uint_eq(low, top - (1 << 20));
}
END_TEST

START_TEST(shared_memory)
{
    const int id = shmget(IPC_PRIVATE, 5000, IPC_CREAT | 0600);
    ck_assert_int_ge(id, 0);
    const int64_t a = space_shmat(id, 0, 0);
    shmctl(id, IPC_RMID, NULL);
    ck_assert(a > 0 && ng_in_client((guest_addr)a));
    mem((guest_addr)a)[4999] = 1;
    ck_assert_int_eq(space_shmdt((guest_addr)a + NG_PAGE), -EINVAL);
    ck_assert_int_eq(space_shmdt((guest_addr)a), 0);
    ck_assert(!space_overlaps((guest_addr)a, 5000));
    ck_assert_int_eq(space_shmdt((guest_addr)a), -EINVAL);
}
END_TEST

START_TEST(written_code_pages)
{
    const guest_addr a = map(2);
    ck_assert_int_eq(space_mprotect(a, 2 * NG_PAGE, RW | PROT_EXEC), 0);
    discarded = 0;
    ck_assert(!space_code_write_fault(a));
    for (int i = 0; i < 8; i++) {
        ck_assert(!space_page_needs_check(a));
        space_protect_code(a + 100);
        ck_assert(space_code_write_fault(a + 200));
        mem(a)[200] = 1;
    }
    ck_assert_uint_eq(discarded, 8 * NG_PAGE);
    ck_assert(space_page_needs_check(a));
    ck_assert(!space_page_needs_check(a + NG_PAGE));
    ck_assert(space_page_calm(a));
    ck_assert(!space_page_needs_check(a));
    space_kernel_will_write(a + 10, 10);
    ck_assert_uint_eq(discarded, 9 * NG_PAGE);
    mem(a)[10] = 1;
    const char text[] = "written";
    space_protect_code(a);
    ck_assert_uint_eq(ng_write(a, text, sizeof text), sizeof text);
    space_munmap(a, 2 * NG_PAGE);
    ck_assert(!space_code_write_fault(a));
}
END_TEST

START_TEST(copies_stop_at_holes)
{
    const guest_addr a = map(3);
    char buf[3 * NG_PAGE];
    memset(mem(a), 'x', 3 * NG_PAGE);
    space_munmap(a + 2 * NG_PAGE, NG_PAGE);
    space_mprotect(a + NG_PAGE, NG_PAGE, PROT_READ);
    ck_assert_uint_eq(ng_read(buf, a + 100, sizeof buf), 2 * NG_PAGE - 100);
    ck_assert_uint_eq(ng_write(a + NG_PAGE - 3, "abcdef", 6), 3);
    ck_assert_int_eq(ng_read_string(buf, a + 2 * NG_PAGE - 5, sizeof buf), -1);
    ck_assert_str_eq(buf, "xxxxx");
    mem(a)[10] = 0;
    ck_assert_int_eq(ng_read_string(buf, a + 5, sizeof buf), 5);
    ck_assert_int_eq(ng_read_string(buf, a + 5, 3), 2);
    ck_assert_uint_eq(ng_read(buf, 6 * ng_strip_size, 8), 0);
}
END_TEST

START_TEST(text_of_maps)
{
    const guest_addr a = map(1);
    size_t size;
    char want[64], *text;
    snprintf(want, sizeof want, "%08llx-%08llx rw-p 00000000 00:00 0 \n", (unsigned long long)a, (unsigned long long)(a + NG_PAGE));
    space_make_main_stack(0);
    text = space_maps_text(&size);
    ck_assert_uint_eq(strlen(text), size);
    ck_assert_ptr_nonnull(strstr(text, want));
    ck_assert_ptr_nonnull(strstr(text, "          [stack]\n"));
    free(text);
}
END_TEST

START_TEST(limit_of_address_space)
{
    const guest_addr a = map(16);
    space_rlimit(RLIMIT_AS)->rlim_cur = 20 * NG_PAGE;
    ck_assert_int_eq(space_mmap(0, 5 * NG_PAGE, RW, ANON, -1, 0), -ENOMEM);
    ck_assert_int_gt(space_mmap(0, 4 * NG_PAGE, RW, ANON, -1, 0), 0);
    space_munmap(a, 16 * NG_PAGE);
    ck_assert_int_gt(space_mmap(0, 5 * NG_PAGE, RW, ANON, -1, 0), 0);
}
END_TEST

int main(int argc, char **argv)
{
    (void)argc;
    space_init(argv, environ, true, true);
    Suite *s = suite_create("space");
    TCase *c = tcase_create("space");
    tcase_add_test(c, anonymous_memory_and_its_shadow);
    tcase_add_test(c, errors_as_the_kernel);
    tcase_add_test(c, hints);
    tcase_add_test(c, placement_is_the_same_again);
    tcase_add_test(c, files);
    tcase_add_test(c, remapping);
    tcase_add_test(c, heap_break);
    tcase_add_test(c, main_stack_grows);
    tcase_add_test(c, shared_memory);
    tcase_add_test(c, written_code_pages);
    tcase_add_test(c, copies_stop_at_holes);
    tcase_add_test(c, text_of_maps);
    tcase_add_test(c, limit_of_address_space);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
