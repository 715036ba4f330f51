libvex_a_SOURCES += vex/guest_x86_64/internal.h vex/guest_x86_64/decode.c vex/guest_x86_64/insn.c vex/guest_x86_64/access.c \
	vex/guest_x86_64/control.c vex/guest_x86_64/flags.c vex/guest_x86_64/operand.c vex/guest_x86_64/plain.c \
	vex/guest_x86_64/generic.c vex/guest_x86_64/rows.c
