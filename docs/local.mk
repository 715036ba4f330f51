EXTRA_DIST += docs/architecture.md docs/bench.svg docs/hacking.md docs/heap.md docs/memcheck.md docs/performance.md docs/report.md docs/symbols.md
