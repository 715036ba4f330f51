libvex_a_SOURCES += vex/opt/opt.h vex/opt/opt.c vex/opt/fold.c vex/opt/cse.c
