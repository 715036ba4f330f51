nagrind_SOURCES += coregrind/tool/load.h coregrind/tool/load.c coregrind/tool/tables.c
