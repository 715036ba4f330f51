libvex_a_SOURCES += vex/guest_x86_64/internal.h vex/guest_x86_64/translate.h vex/guest_x86_64/translate_vec.h vex/guest_x86_64/quick.h vex/guest_x86_64/quick.def \
	vex/guest_x86_64/insn_int.def vex/guest_x86_64/insn_vec.def \
	vex/guest_x86_64/decode.c vex/guest_x86_64/quick.c vex/guest_x86_64/insn.c vex/guest_x86_64/access.c \
	vex/guest_x86_64/control.c vex/guest_x86_64/flags.c vex/guest_x86_64/operand.c vex/guest_x86_64/plain.c \
	vex/guest_x86_64/generic.c vex/guest_x86_64/overwrite.c vex/guest_x86_64/prune.c vex/guest_x86_64/rows.c vex/guest_x86_64/translate_common.c vex/guest_x86_64/translate_move.c \
	vex/guest_x86_64/translate_alu.c vex/guest_x86_64/translate_mul.c vex/guest_x86_64/translate_shift.c \
	vex/guest_x86_64/translate_bits.c vex/guest_x86_64/translate_string.c vex/guest_x86_64/translate_vec.c \
	vex/guest_x86_64/translate_vec_alu.c vex/guest_x86_64/translate_vec_shuffle.c vex/guest_x86_64/translate_vec_float.c \
	vex/guest_x86_64/translate_vec_masked.c vex/guest_x86_64/translate_x87.c
