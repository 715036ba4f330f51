nagrind_SOURCES += coregrind/heap/redirect.h
nagrind_SOURCES += coregrind/heap/hook_api.c
