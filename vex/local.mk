noinst_LIBRARIES += libvex.a
libvex_a_CFLAGS = $(AM_CFLAGS) -fPIE
libvex_a_SOURCES = vex/vex.h
include vex/ir/local.mk
include vex/guest_x86_64/local.mk
include vex/host_x86_64/local.mk
