nagrind_SOURCES += coregrind/base/base.h 
