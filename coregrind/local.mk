bin_PROGRAMS += nagrind
nagrind_CFLAGS = $(AM_CFLAGS) $(ELFUTILS_CFLAGS) -fPIE
nagrind_LDFLAGS = -pie -Wl,-E
nagrind_LDADD = libvex.a $(ELFUTILS_LIBS) $(ZYDIS_LIBS) $(IBERTY_LIBS) -ldl -lpthread
nagrind_SOURCES =
include coregrind/base/local.mk
include coregrind/launch/local.mk
include coregrind/space/local.mk
include coregrind/code/local.mk
include coregrind/run/local.mk
include coregrind/kernel/local.mk
include coregrind/heap/local.mk
include coregrind/symbols/local.mk
include coregrind/report/local.mk
include coregrind/tool/local.mk
