nagrind_SOURCES += coregrind/tool/load.h 
