nagrind_SOURCES += coregrind/space/space.h 
