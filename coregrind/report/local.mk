nagrind_SOURCES += coregrind/report/report.h 
