nagrind_SOURCES += coregrind/space/space.h coregrind/space/internal.h coregrind/space/segments.h
nagrind_SOURCES += coregrind/space/access.c coregrind/space/code_pages.c coregrind/space/layout.c coregrind/space/map.c
nagrind_SOURCES += coregrind/space/maps.c coregrind/space/place.c coregrind/space/planes.c coregrind/space/remap.c
nagrind_SOURCES += coregrind/space/segments.c coregrind/space/shm.c coregrind/space/space.c coregrind/space/stack.c
