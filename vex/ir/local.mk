libvex_a_SOURCES += vex/ir/build.c
