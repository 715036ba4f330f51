# SPDX-License-Identifier: GPL-3.0-or-later
"""Medians, ratios, the table, and how the demands are met.

Results come from one or more files.  A variant's figures are taken from the
last file that has it for the program, and its ratio to native is against the
native runs of that same file: files may come from times of different load.
"""
import json
import math
import statistics

PARTS = ['bench', 'startup', 'memory']
COLUMNS = ['none', 'memcheck', 'no-origins', 'vg-none', 'vg-memcheck']
TITLES = {'native': 'native', 'none': 'none', 'memcheck': 'memcheck', 'no-origins': 'no-orig', 'vg-none': 'vg none',
          'vg-memcheck': 'vg memchk'}


class Results:
    def __init__(self, paths):
        self.about, self.files, self.order = [], [], []
        for path in paths:
            with open(path) as f:
                data = json.load(f)
            self.about.append(data['about'])
            table = {}
            for r in data['runs']:
                if r['wrong'] is None:
                    table.setdefault((r['program'], r['variant']), []).append(r)
                if (r['part'], r['program']) not in self.order:
                    self.order.append((r['part'], r['program']))
            self.files.append(table)

    def programs(self, part):
        return [name for p, name in self.order if p == part]

    def runs(self, program, variant):
        """The runs of the last file that has any, and that file's native runs."""
        for table in reversed(self.files):
            if (program, variant) in table:
                return table[program, variant], table.get((program, 'native'), [])
        return [], []

    def value(self, program, variant, what):
        """Median of wall or cpu in seconds, of rss in MB; None if not measured."""
        return median(self.runs(program, variant)[0], what)

    def ratio(self, program, variant, what):
        """To native, in the same file; None if not measured."""
        runs, native = self.runs(program, variant)
        a, b = median(runs, what), median(native, what)
        return a / b if a is not None and b else None

    def against(self, program, variant, other, what):
        """Ratio of two variants, each taken against its own native runs."""
        if what == 'rss':
            a, b = self.value(program, variant, what), self.value(program, other, what)
        else:
            a, b = self.ratio(program, variant, what), self.ratio(program, other, what)
        return a / b if a is not None and b else None


def quantity(run, what):
    if what == 'rss':
        return run['rss'] / 1024
    return (run['wall'] if what == 'wall' else run['user'] + run['sys']) / 1e6


def median(runs, what):
    return statistics.median(quantity(r, what) for r in runs) if runs else None


def geomean(values):
    """Of those that are there; None if none is."""
    values = [v for v in values if v]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def cell(value, form='%.2f'):
    return '-' if value is None else form % value


def rows(results, part, what):
    """Lines of one table: native in units, the others as ratios (rss: in MB)."""
    programs = results.programs(part)
    unit = {'wall': 'wall s', 'cpu': 'cpu s', 'rss': 'MB'}[what]
    yield '%-14s %9s' % ('', unit) + ''.join('%10s' % TITLES[c] for c in COLUMNS) + '%10s' % 'vg/ours'
    for p in programs:
        if what == 'rss':
            cells = [cell(results.value(p, c, what), '%.1f') for c in COLUMNS]
        else:
            cells = [cell(results.ratio(p, c, what)) for c in COLUMNS]
        last = results.against(p, 'vg-memcheck', 'memcheck', what)
        yield '%-14s %9s' % (p.removeprefix(part + '-').removeprefix('start-'), cell(results.value(p, 'native', what), '%.3f' if what != 'rss' else '%.1f')) \
            + ''.join('%10s' % c for c in cells) + '%10s' % cell(last)
    means = [geomean([results.ratio(p, c, what) for p in programs]) for c in COLUMNS]
    last = geomean([results.against(p, 'vg-memcheck', 'memcheck', what) for p in programs])
    yield '%-24s' % ('geometric mean' if what != 'rss' else 'mean ratio to native') \
        + ''.join('%10s' % cell(m) for m in means) + '%10s' % cell(last)


def reports(results):
    """Programs in which a checker reported errors."""
    for part in PARTS:
        for p in results.programs(part):
            counts = {v: max(r.get('errors') or 0 for r in results.runs(p, v)[0])
                      for v in ('memcheck', 'no-origins', 'vg-memcheck') if results.runs(p, v)[0]}
            if any(counts.values()):
                yield '%-14s ' % p + ', '.join('%s %d' % c for c in counts.items())


def unsteady(results):
    """Programs whose native runs differ so much that their ratios mean little."""
    for p in results.programs('bench'):
        walls = [quantity(r, 'wall') for table in results.files for r in table.get((p, 'native'), [])]
        cpus = [quantity(r, 'cpu') for table in results.files for r in table.get((p, 'native'), [])]
        if max(walls) > 1.3 * min(walls) or max(cpus) > 1.3 * min(cpus):
            yield '%-14s wall %.2f to %.2f s, processor %.2f to %.2f s' % (p, min(walls), max(walls), min(cpus), max(cpus))


def translation(results):
    """Microseconds a guest instruction in the clean mode, by program."""
    for p in results.programs('startup'):
        runs = [r for r in results.runs(p, 'stats')[0] if r.get('instructions')]
        if runs:
            yield p, statistics.median(r['translation'] / r['instructions'] for r in runs) * 1e6, runs[0]['instructions']


class Demand:
    """A line of the issue's table: what is measured, by wall time and by processor time, and the limit."""
    def __init__(self, what, limit, wall, cpu=None, note='', least=False):
        self.what, self.limit, self.wall, self.cpu, self.note, self.least = what, limit, wall, cpu, note, least

    def met(self):
        if self.wall is None:
            return '?'
        return 'met' if (self.wall >= self.limit if self.least else self.wall <= self.limit) else 'NOT'

    def line(self):
        return '%-4s %-44s %s %-5g %8s %8s  %s' % (self.met(), self.what, '>=' if self.least else '<=', self.limit,
                                                   cell(self.wall), '' if self.cpu is None else cell(self.cpu), self.note)


def mean_demand(results, what, limit, of, least=False):
    """A geometric mean over the bench; of(program, quantity) gives the ratios."""
    wall, cpu = (geomean([of(p, q) for p in results.programs('bench')]) for q in ('wall', 'cpu'))
    return Demand(what, limit, wall, cpu, least=least)


def worst_demand(results, limit, variant):
    worst = {}
    for q in ('wall', 'cpu'):
        ratios = [(results.ratio(p, variant, q), p) for p in results.programs('bench')]
        worst[q] = max((r for r in ratios if r[0]), default=(None, ''))
    over = [p for p in results.programs('bench') if (results.ratio(p, variant, 'wall') or 0) > limit]
    return Demand('  the slowest program', limit, worst['wall'][0], worst['cpu'][0],
                  '%s; %d programs are above' % (worst['wall'][1], len(over)) if worst['wall'][0] else '')


def startup_demands(results):
    for name in ('true', 'python'):
        p = 'start-' + name
        yield Demand('start-up of %s: valgrind / memcheck' % name, 10, results.against(p, 'vg-memcheck', 'memcheck', 'wall'),
                     least=True)
    runs, native = results.runs('start-true', 'memcheck')
    extra = (median(runs, 'wall') - median(native, 'wall')) * 1000 if runs and native else None
    yield Demand('start-up of true: ms over native', 50, extra)
    costs = [(cost, p) for p, cost, _ in translation(results)]
    yield Demand('clean translation, us a guest instruction', 0.8, max(costs)[0] if costs else None,
                 note=', '.join('%s %.2f' % (p, cost) for cost, p in costs))


def demands(results):
    """One Demand for each line of the issue that this bench measures."""
    def to_native(variant):
        return lambda p, q: results.ratio(p, variant, q)

    yield mean_demand(results, 'memcheck with origins / native', 2.5, to_native('memcheck'))
    yield worst_demand(results, 5, 'memcheck')
    yield mean_demand(results, 'valgrind memcheck / memcheck with origins', 8,
                      lambda p, q: results.against(p, 'vg-memcheck', 'memcheck', q), least=True)
    yield mean_demand(results, '--tool=none / native', 1.3, to_native('none'))
    yield worst_demand(results, 2, 'none')
    yield mean_demand(results, 'memcheck with origins / without', 1.05,
                      lambda p, q: results.against(p, 'memcheck', 'no-origins', q))
    yield Demand('peak memory / valgrind memcheck', 1.3,
                 geomean([results.against(p, 'memcheck', 'vg-memcheck', 'rss') for p in results.programs('bench')]))
    yield from startup_demands(results)
    for p in results.programs('memory'):
        yield Demand('peak memory of %s' % p[len('memory-'):] + ' / valgrind', 1.3, results.against(p, 'memcheck', 'vg-memcheck', 'rss'))


def rounds(results):
    """How many runs each column's medians are of."""
    for part in PARTS:
        counts = {}
        for v in ['native'] + COLUMNS:
            n = sorted({len(results.runs(p, v)[0]) for p in results.programs(part)} - {0})
            if n:
                counts[v] = '%d' % n[0] if len(n) == 1 else '%d-%d' % (n[0], n[-1])
        if counts:
            yield '%s: medians of ' % part + ', '.join('%s %s' % (v, n) for v, n in counts.items())


def text(results):
    out = ['%(date)s, nagrind %(revision)s, %(valgrind)s, %(machine)s, scale %(scale)g' % a for a in results.about]
    out += rounds(results)
    titles = {'wall': 'wall time: native in seconds, the others against native', 'cpu': 'processor time (user and system)',
              'rss': 'peak memory in MB'}
    for part, what in (('bench', 'wall'), ('bench', 'cpu'), ('bench', 'rss'), ('startup', 'wall'), ('startup', 'rss'),
                       ('memory', 'rss'), ('memory', 'cpu')):
        if results.programs(part):
            out += ['', part + ', ' + titles[what]] + list(rows(results, part, what))
    for title, found in (('errors reported', list(reports(results))), ('unsteady native runs', list(unsteady(results)))):
        if found:
            out += ['', title] + found
    out += ['', '%-4s %-44s %-8s %8s %8s' % ('', 'demands', 'limit', 'wall', 'cpu')]
    return '\n'.join(out + [d.line() for d in demands(results)])
