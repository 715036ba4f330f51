nagrind_SOURCES += coregrind/symbols/symbols.h 
