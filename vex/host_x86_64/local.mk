libvex_a_SOURCES += vex/host_x86_64/encode.h vex/host_x86_64/encode.c vex/host_x86_64/emit.h vex/host_x86_64/emit.c \
	vex/host_x86_64/analyse.c vex/host_x86_64/alloc.c vex/host_x86_64/flags.c vex/host_x86_64/leave.c \
	vex/host_x86_64/memory.c vex/host_x86_64/zone.c vex/host_x86_64/tags.c vex/host_x86_64/state.c vex/host_x86_64/native.c vex/host_x86_64/integer.c \
	vex/host_x86_64/vector.c vex/host_x86_64/tramp.c vex/host_x86_64/code.c
include vex/opt/local.mk
