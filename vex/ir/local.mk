libvex_a_SOURCES += \
	vex/ir/build.c vex/ir/check.c vex/ir/eval_int.c vex/ir/eval_vec.c vex/ir/interp.c vex/ir/interp.h \
	vex/ir/parse.c vex/ir/print.c vex/ir/table.c vex/ir/table.h vex/ir/text.c vex/ir/text.h
