nagrind_SOURCES += coregrind/code/code.h coregrind/code/internal.h coregrind/code/code.c coregrind/code/zone.c coregrind/code/table.c coregrind/code/epoch.c coregrind/code/perf.c
