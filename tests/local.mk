# Unit tests: one libcheck program a module, in tests/unit.
UNIT_LIBS = libvex.a $(CHECK_LIBS) $(ELFUTILS_LIBS) $(ZYDIS_LIBS) $(IBERTY_LIBS) -ldl -lpthread -lm
UNIT_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)

if HAVE_CHECK
check_PROGRAMS += tests/unit/check_ir
endif
tests_unit_check_ir_SOURCES = tests/unit/check_ir.c
tests_unit_check_ir_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_ir_LDADD = $(UNIT_LIBS)

.PHONY: check-programs-built check-quick check-e2e check-programs check-oracle
check-programs-built: $(check_PROGRAMS) all
check-quick: check-programs-built
	$(srcdir)/tests/lib/units.sh
check-local: check-quick
check-e2e: all
	python3 $(srcdir)/tests/lib/e2e.py
check-programs: all
	python3 $(srcdir)/tests/lib/programs.py
check-oracle: all
	python3 $(srcdir)/tests/lib/oracle.py

EXTRA_DIST += tests/lib tests/e2e tests/programs tests/try
