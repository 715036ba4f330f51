/* SPDX-License-Identifier: GPL-3.0-or-later */
/* space/access: copies between tool and client memory that survive faults.
 *
 * A guest thread copies directly; a fault jumps to its `recover`.  Other threads ask the kernel to copy.
 * Page by page, so that all bytes before the first bad one are done. */
#include <sys/uio.h>
#include <unistd.h>
#include "run/run.h"
#include "space/internal.h"

static size_t to_page_end(guest_addr a, size_t left)
{
    const size_t n = NG_PAGE - (a & (NG_PAGE - 1));
    return n < left ? n : left;
}

static size_t clamp(guest_addr a, size_t size)
{
    if (!ng_in_client(a))
        return 0;
    return size < ng_strip_size - a ? size : ng_strip_size - a;
}

/* Copies one way or the other with faults caught.  `client` tells which of the two is client memory. */
static size_t copy_guarded(char *to, const char *from, guest_addr client, size_t size)
{
    sigjmp_buf here;
    sigjmp_buf *outer = run_self.recover;
    volatile size_t done = 0;
    if (sigsetjmp(here, 0) == 0) {
        run_self.recover = &here;
        while (done < size) {
            const size_t n = to_page_end(client + done, size - done);
            memcpy(to + done, from + done, n);
            done += n;
        }
    }
    run_self.recover = outer;
    return done;
}

/* The kernel stops at the first bad page. */
static size_t copy_by_kernel(void *tool_side, guest_addr client, size_t size, bool writes)
{
    size_t done = 0;
    while (done < size) {
        const struct iovec local = { (char *)tool_side + done, to_page_end(client + done, size - done) };
        const struct iovec remote = { (void *)(client + done), local.iov_len };
        const ssize_t n = writes ? process_vm_writev(getpid(), &local, 1, &remote, 1, 0)
                                 : process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return done;
}

/* Before threads run there is no handler: the list says what may be touched. */
static size_t allowed_bytes(guest_addr a, size_t size, int prot)
{
    size_t done = 0;
    while (done < size && space_allows(a + done, 1, prot))
        done += to_page_end(a + done, size - done);
    return done;
}

size_t ng_read(void *to, guest_addr from, size_t size)
{
    size = clamp(from, size);
    if (run_is_guest)
        return copy_guarded(to, (const char *)from, from, size);
    size = allowed_bytes(from, size, NG_PROT_R);
    return copy_by_kernel(to, from, size, false);
}

size_t ng_write(guest_addr to, const void *from, size_t size)
{
    size = clamp(to, size);
    space_kernel_will_write(to, size);
    if (run_is_guest)
        return copy_guarded((char *)to, from, to, size);
    size = allowed_bytes(to, size, NG_PROT_W);
    return copy_by_kernel((void *)(uintptr_t)from, to, size, true);
}

ssize_t ng_read_string(char *buf, guest_addr from, size_t size)
{
    size_t done = 0;
    if (size == 0)
        return -1;
    while (done < size - 1) {
        const size_t want = to_page_end(from + done, size - 1 - done);
        const size_t got = ng_read(buf + done, from + done, want);
        const char *nul = memchr(buf + done, 0, got);
        if (nul)
            return nul - buf;
        done += got;
        if (got < want) {
            buf[done] = 0;
            return -1;
        }
    }
    buf[done] = 0;
    return (ssize_t)done;
}
