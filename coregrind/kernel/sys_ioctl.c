/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/sys_ioctl: requests by ioctls.def, by their encoding, or with a warning. */
#include <linux/blkpg.h>
#include <linux/cdrom.h>
#include <linux/fs.h>
#include <linux/hdreg.h>
#include <linux/if_tun.h>
#include <linux/kd.h>
#include <linux/kvm.h>
#include <linux/loop.h>
#include <linux/nsfs.h>
#include <linux/perf_event.h>
#include <linux/rtc.h>
#include <linux/sockios.h>
#include <linux/uinput.h>
#include <linux/usbdevice_fs.h>
#include <linux/vt.h>
#include <net/if.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>
#include "kernel/sys.h"

enum direction { NONE, VALUE, IN = 4, OUT = 8, INOUT = IN | OUT };
struct request { uint32_t number; const char *what; uint8_t direction; uint32_t size; };

static const struct request requests[] = {
#define IOCTL(number, name, direction, size) { (uint32_t)(number), "ioctl(" name ")", direction, size },
#include "kernel/ioctls.def"
#undef IOCTL
};

static const struct request *find(uint32_t number)
{
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        if (requests[i].number == number)
            return &requests[i];
    return NULL;
}

static struct base_lock lock; /* of the requests warned of */

void sys_ioctl_init(void)
{
    base_lock_register(&lock, 40);
}

/* Once for each request. */
static void warn_unknown(uint32_t number)
{
    static uint32_t *seen;
    static int n, cap;
    bool first = true;
    base_lock(&lock);
    for (int i = 0; i < n; i++)
        first &= seen[i] != number;
    if (first) {
        const int i = BASE_GROW(seen, n, cap);
        seen[i] = number;
    }
    base_unlock(&lock);
    if (!first)
        return;
    ng_msg("Warning: noted but unhandled ioctl 0x%x with no size/direction hints.", number);
    ng_msg("   This could cause spurious value errors to appear.");
    ng_msg("   See ioctls.def for how to add a request.");
}

/* struct ifconf: a buffer inside. */
static int64_t interface_list(struct ng_thread *t, const uint64_t a[6])
{
    struct ifconf c;
    int error = sys_check_read(t, "ioctl(SIOCGIFCONF)", a[2], sizeof c);
    if (error)
        return error;
    const bool readable = ng_read(&c, a[2], sizeof c) == sizeof c;
    const uint64_t room = readable && c.ifc_buf && c.ifc_len > 0 ? (uint64_t)c.ifc_len : 0;
    if (room)
        error = sys_check_write(t, "ioctl(SIOCGIFCONF).ifc_buf", (guest_addr)c.ifc_buf, room);
    if (error)
        return error;
    space_kernel_will_write(a[2], sizeof c);
    const int64_t result = sys_forward(t, a);
    if (result == 0 && ng_read(&c, a[2], sizeof c) == sizeof c) {
        sys_wrote(t, a[2], 4);
        if (room)
            sys_wrote(t, (guest_addr)c.ifc_buf, c.ifc_len > 0 && (uint64_t)c.ifc_len < room ? (uint64_t)c.ifc_len : room);
    }
    return result;
}

int64_t sys_ioctl(struct ng_thread *t, const uint64_t a[6])
{
    const uint32_t number = (uint32_t)a[1];
    struct request r = { number, "ioctl(generic)", NONE, _IOC_SIZE(number) };
    const struct request *known = find(number);
    int error = 0;
    if (number == SIOCGIFCONF) {
        sys_check_arg(t, 2, "ioctl(arg)", 8);
        return interface_list(t, a);
    }
    if (known)
        r = *known;
    else if (_IOC_DIR(number) != _IOC_NONE && r.size)
        r.direction = (_IOC_DIR(number) & _IOC_WRITE ? IN : 0) | (_IOC_DIR(number) & _IOC_READ ? OUT : 0);
    else {
        warn_unknown(number);
        r.direction = VALUE;
        r.size = 8;
        if (a[2] >= ng_strip_size && a[2] < 8 * ng_strip_size)
            return -EFAULT;
    }
    if (r.direction != NONE)
        sys_check_arg(t, 2, "ioctl(arg)", r.direction == VALUE ? (int)r.size : 8);
    if (r.direction & IN)
        error = sys_check_read(t, r.what, a[2], r.size);
    if (!error && (r.direction & INOUT) == OUT)
        error = sys_check_write(t, r.what, a[2], r.size);
    else if (!error && (r.direction & OUT))
        space_kernel_will_write(a[2], r.size);
    if (error)
        return error;
    const int64_t result = sys_forward(t, a);
    if ((r.direction & OUT) && sys_ok(result))
        sys_wrote(t, a[2], r.size);
    return result;
}
