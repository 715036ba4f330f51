# SPDX-License-Identifier: GPL-3.0-or-later
# The bench: tests/bench/bench.py says which variables it listens to.
.PHONY: bench check-bench
bench: all
	CHART="$${CHART-$(srcdir)/docs/bench.svg}" python3 $(srcdir)/tests/bench/bench.py
# Only that everything runs and prints what it prints natively.
check-bench: all
	QUIET=1 SCALE=tiny N=1 VARIANTS="none memcheck no-origins" OUT=tests/out/bench-tiny CHART= python3 $(srcdir)/tests/bench/bench.py

EXTRA_DIST += tests/bench/bench.py tests/bench/suite.py tests/bench/inputs.py tests/bench/report.py tests/bench/chart.py \
	tests/bench/launch.c tests/bench/blocks.c tests/bench/calls.c tests/bench/chase.c tests/bench/heap.c tests/bench/malloc_pairs.c tests/bench/memory_use.c tests/bench/rep.c tests/bench/string_calls.c tests/bench/vectors.c \
	tests/bench/maps.cc tests/bench/virtual.cc tests/bench/nbody.py tests/bench/json_dicts.py tests/bench/regex.py \
	tests/bench/hashes.pl tests/bench/regex.pl tests/bench/binary_trees.lua tests/bench/spectral_norm.lua tests/bench/words.awk
