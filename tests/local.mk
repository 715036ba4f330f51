# Unit tests: one libcheck program a module, in tests/unit; what it needs stands at its head.
UNIT_LIBS = libvex.a $(CHECK_LIBS) $(ELFUTILS_LIBS) $(ZYDIS_LIBS) $(IBERTY_LIBS) -ldl -lpthread -lm
UNIT_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/memcheck -I$(srcdir)/tests/unit

UNIT_MEMCHECK_INSTRUMENT = memcheck/instrument.c memcheck/instrument_clean.c memcheck/stack_plain.c memcheck/known.c memcheck/instrument_dirty.c memcheck/rules.c \
	memcheck/helpers.c memcheck/meet.c memcheck/stack.c memcheck/stack_zone.c memcheck/state_saves.c memcheck/shadow.c \
	memcheck/shadow_fresh.c memcheck/shadow_side.c memcheck/registers.c \
	memcheck/options.c
UNIT_MEMCHECK_HEAP = memcheck/heap_spans.c memcheck/heap_blocks.c memcheck/heap_fast.c memcheck/heap_lazy.c memcheck/heap_custom.c \
	memcheck/heap_describe.c memcheck/heap_hooks.c memcheck/heap_cxx.c memcheck/leak.c memcheck/leak_search.c \
	memcheck/leak_records.c memcheck/leak_heuristics.c memcheck/requests.c memcheck/shadow.c memcheck/stack_zone.c memcheck/shadow_fresh.c memcheck/shadow_side.c \
	memcheck/registers.c memcheck/stack_heap.c memcheck/stack_plain.c memcheck/errors.c memcheck/errors_print.c memcheck/options.c

if HAVE_CHECK
check_PROGRAMS += tests/unit/check_ir tests/unit/check_guest tests/unit/check_guest_access tests/unit/check_guest_exec \
	tests/unit/check_guest_quick tests/unit/check_host tests/unit/check_host_guest tests/unit/check_host_random \
	tests/unit/check_heap tests/unit/check_heap_fast tests/unit/check_leak tests/unit/check_strings tests/unit/check_memcheck_instrument \
	tests/unit/check_memcheck_known \
	tests/unit/check_memcheck_rules tests/unit/check_memcheck_run tests/unit/check_redirect tests/unit/check_run_printf \
	tests/unit/check_signals_frame tests/unit/check_syscalls tests/unit/check_symbols tests/unit/check_report \
	tests/unit/check_supp tests/unit/check_space_segments tests/unit/check_space tests/unit/check_code tests/unit/check_options
endif
check_PROGRAMS += tests/fuzz/fuzz_insn

tests_unit_check_ir_SOURCES = tests/unit/check_ir.c 
tests_unit_check_ir_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_ir_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_ir_LDADD = $(UNIT_LIBS)
tests_unit_check_symbols_SOURCES = tests/unit/check_symbols.c coregrind/symbols/objects.c coregrind/symbols/dynamic.c coregrind/symbols/elf.c coregrind/symbols/names.c coregrind/symbols/scopes.c coregrind/symbols/describe.c coregrind/symbols/rules.c coregrind/symbols/unwind.c coregrind/symbols/known.c coregrind/symbols/trace.c coregrind/base/landing.c coregrind/base/base.c coregrind/base/lock.c coregrind/base/assert.c
tests_unit_check_symbols_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_symbols_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_symbols_LDADD = $(UNIT_LIBS)
tests_unit_check_report_SOURCES = tests/unit/check_report.c coregrind/report/sink.c coregrind/report/message.c coregrind/report/text.c coregrind/report/events.c coregrind/report/errors.c coregrind/report/fatal.c coregrind/base/base.c coregrind/base/lock.c coregrind/base/assert.c
tests_unit_check_report_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_report_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_report_LDADD = $(UNIT_LIBS)
tests_unit_check_supp_SOURCES = tests/unit/check_supp.c coregrind/report/suppress_parse.c coregrind/report/suppress_match.c
tests_unit_check_supp_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_supp_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_supp_LDADD = $(UNIT_LIBS)
tests_unit_check_guest_SOURCES = tests/unit/check_guest.c 
tests_unit_check_guest_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_guest_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_guest_LDADD = $(UNIT_LIBS)
tests_unit_check_guest_access_SOURCES = tests/unit/check_guest_access.c 
tests_unit_check_guest_access_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_guest_access_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_guest_access_LDADD = $(UNIT_LIBS)
tests_unit_check_guest_exec_SOURCES = tests/unit/check_guest_exec.c 
tests_unit_check_guest_exec_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_guest_exec_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_guest_exec_LDADD = $(UNIT_LIBS)
tests_unit_check_guest_quick_SOURCES = tests/unit/check_guest_quick.c 
tests_unit_check_guest_quick_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_guest_quick_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_guest_quick_LDADD = $(UNIT_LIBS)
tests_unit_check_host_SOURCES = tests/unit/check_host.c tests/unit/host_run.c
tests_unit_check_host_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_host_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_host_LDADD = $(UNIT_LIBS)
tests_unit_check_host_guest_SOURCES = tests/unit/check_host_guest.c tests/unit/host_run.c
tests_unit_check_host_guest_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_host_guest_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_host_guest_LDADD = $(UNIT_LIBS)
tests_unit_check_host_random_SOURCES = tests/unit/check_host_random.c tests/unit/host_run.c
tests_unit_check_host_random_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_host_random_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_host_random_LDADD = $(UNIT_LIBS)
tests_unit_check_heap_SOURCES = tests/unit/check_heap.c $(UNIT_MEMCHECK_HEAP)
tests_unit_check_heap_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_heap_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_heap_LDADD = $(UNIT_LIBS)
tests_unit_check_heap_fast_SOURCES = tests/unit/check_heap_fast.c $(UNIT_MEMCHECK_HEAP)
tests_unit_check_heap_fast_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_heap_fast_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_heap_fast_LDADD = $(UNIT_LIBS)
tests_unit_check_leak_SOURCES = tests/unit/check_leak.c $(UNIT_MEMCHECK_HEAP)
tests_unit_check_leak_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_leak_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_leak_LDADD = $(UNIT_LIBS)
tests_unit_check_strings_SOURCES = tests/unit/check_strings.c $(UNIT_MEMCHECK_HEAP) memcheck/strings_text.c memcheck/strings_mem.c memcheck/strings_str.c memcheck/strings_fast.c memcheck/strings_redirects.c
tests_unit_check_strings_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_strings_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_strings_LDADD = $(UNIT_LIBS)
tests_unit_check_memcheck_known_SOURCES = tests/unit/check_memcheck_known.c memcheck/known.c
tests_unit_check_memcheck_known_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_memcheck_known_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_memcheck_known_LDADD = $(UNIT_LIBS)
tests_unit_check_memcheck_instrument_SOURCES = tests/unit/check_memcheck_instrument.c $(UNIT_MEMCHECK_INSTRUMENT)
tests_unit_check_memcheck_instrument_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_memcheck_instrument_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_memcheck_instrument_LDADD = $(UNIT_LIBS)
tests_unit_check_memcheck_rules_SOURCES = tests/unit/check_memcheck_rules.c memcheck/rules.c
tests_unit_check_memcheck_rules_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_memcheck_rules_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_memcheck_rules_LDADD = $(UNIT_LIBS)
tests_unit_check_memcheck_run_SOURCES = tests/unit/check_memcheck_run.c $(UNIT_MEMCHECK_INSTRUMENT) tests/unit/host_run.c
tests_unit_check_memcheck_run_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_memcheck_run_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_memcheck_run_LDADD = $(UNIT_LIBS)
tests_unit_check_redirect_SOURCES = tests/unit/check_redirect.c coregrind/heap/redirect.c coregrind/heap/vsyscall.c coregrind/heap/synonyms.c
tests_unit_check_redirect_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_redirect_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_redirect_LDADD = $(UNIT_LIBS)
tests_unit_check_run_printf_SOURCES = tests/unit/check_run_printf.c coregrind/run/client_printf.c
tests_unit_check_run_printf_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_run_printf_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_run_printf_LDADD = $(UNIT_LIBS)
tests_unit_check_signals_frame_SOURCES = tests/unit/check_signals_frame.c coregrind/kernel/frame.c coregrind/kernel/blocking_stub.S
tests_unit_check_signals_frame_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_signals_frame_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_signals_frame_LDADD = $(UNIT_LIBS)
tests_unit_check_syscalls_SOURCES = tests/unit/check_syscalls.c coregrind/kernel/syscall_table.c coregrind/kernel/syscall.c coregrind/kernel/sys_iov.c coregrind/kernel/sys_fd.c coregrind/kernel/sys_ioctl.c coregrind/kernel/sys_ipc.c coregrind/kernel/sys_limits.c coregrind/kernel/sys_mem.c coregrind/kernel/sys_path.c coregrind/kernel/sys_poll.c coregrind/kernel/sys_socket.c coregrind/kernel/sys_thread.c coregrind/kernel/proc.c
tests_unit_check_syscalls_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_syscalls_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_syscalls_LDADD = $(UNIT_LIBS)
tests_fuzz_fuzz_insn_SOURCES = tests/fuzz/fuzz_insn.c
tests_fuzz_fuzz_insn_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_insn_LDADD = libvex.a $(ZYDIS_LIBS)
tests_unit_check_space_segments_SOURCES = tests/unit/check_space_segments.c coregrind/space/segments.c coregrind/base/base.c coregrind/base/lock.c coregrind/base/assert.c
tests_unit_check_space_segments_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_space_segments_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_space_segments_LDADD = $(UNIT_LIBS)
tests_unit_check_space_SOURCES = tests/unit/check_space.c coregrind/space/access.c coregrind/space/code_pages.c coregrind/space/layout.c coregrind/space/map.c coregrind/space/maps.c coregrind/space/place.c coregrind/space/planes.c coregrind/space/remap.c coregrind/space/segments.c coregrind/space/shm.c coregrind/space/space.c coregrind/space/stack.c coregrind/base/base.c coregrind/base/lock.c coregrind/base/assert.c
tests_unit_check_space_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_space_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_space_LDADD = $(UNIT_LIBS)
tests_unit_check_code_SOURCES = tests/unit/check_code.c coregrind/code/code.c coregrind/code/epoch.c coregrind/code/notes.c coregrind/code/slab.c coregrind/code/table.c coregrind/code/zone.c coregrind/base/base.c coregrind/base/lock.c coregrind/base/assert.c
tests_unit_check_code_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_code_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_code_LDADD = $(UNIT_LIBS)
tests_unit_check_options_SOURCES = tests/unit/check_options.c coregrind/launch/options.c coregrind/base/base.c coregrind/base/assert.c
tests_unit_check_options_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_options_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_options_LDADD = $(UNIT_LIBS)

.PHONY: check-programs-built check-quick check-e2e check-programs check-oracle check-fuzz check-worlds check-bad-input \
	check-stress check-stress-all check-stats check-sanitize
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
check-stats: all
	sh $(srcdir)/tests/lib/stats.sh .
# The tests in other modes: a choice, or all of it (an hour).
check-stress: all
	sh $(srcdir)/tests/lib/stress.sh
check-stress-all: all
	sh $(srcdir)/tests/lib/stress.sh all
check-worlds: all
	sh $(srcdir)/tests/lib/worlds.sh
check-bad-input: all
	python3 $(srcdir)/tests/lib/bad_input.py
# The unit tests built with sanitizers, in a folder of their own, which goes afterwards unless a test failed.
check-sanitize:
	$(MAKE) $(AM_MAKEFLAGS) distdir distdir=sanitized
	sh $(srcdir)/tests/lib/sanitize.sh sanitized
	rm -rf sanitized
# SEED= and N= choose the campaign.
check-fuzz: tests/fuzz/fuzz_insn
	tests/fuzz/fuzz_insn

EXTRA_DIST += tests/lib tests/e2e tests/programs tests/try tests/worlds tests/unit/guest_insns.inc tests/unit/guest_insns_vec.inc \
	tests/unit/host_run.h tests/unit/memcheck_stubs.h
