# SPDX-License-Identifier: GPL-3.0-or-later
"""Medians, ratios, the table, and how the demands are met.

Results come from one or more files.  A variant's figures are taken from the
last file that has it for the program, and its ratio to native is against the
native runs of that same file: files may come from times of different load.
"""
import json
import math
import statistics

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
        yield '%-14s %9s' % (p, cell(results.value(p, 'native', what), '%.3f' if what != 'rss' else '%.1f')) \
            + ''.join('%10s' % c for c in cells) + '%10s' % cell(last)
    means = [geomean([results.ratio(p, c, what) for p in programs]) for c in COLUMNS]
    last = geomean([results.against(p, 'vg-memcheck', 'memcheck', what) for p in programs])
    yield '%-24s' % ('geometric mean' if what != 'rss' else 'mean ratio to native') \
        + ''.join('%10s' % cell(m) for m in means) + '%10s' % cell(last)


def reports(results):
    """Programs in which a checker reported errors."""
    for part in ('bench', 'startup'):
        for p in results.programs(part):
            counts = {}
            for v in ('memcheck', 'no-origins', 'vg-memcheck'):
                found = {r['errors'] for r in results.runs(p, v)[0]}
                if found:
                    counts[v] = max(e if e is not None else -1 for e in found)
            if any(counts.values()):
                yield '%-14s ' % p + ', '.join('%s %s' % (v, 'no summary' if n < 0 else n) for v, n in counts.items())


def demands(results):
    """(what, demanded, measured, met) for each demand of the issue that this bench measures."""
    bench = results.programs('bench')

    def over(variant, what='wall'):
        return [results.ratio(p, variant, what) for p in bench]

    def most(variant):
        found = [(r, p) for r, p in zip(over(variant), bench) if r]
        return max(found) if found else (None, '')

    def upto(what, limit, value, note='', least=False):
        if value is None:
            return what, '-', None
        return what, '%s %g: %.2f%s' % ('>=' if least else '<=', limit, value, note), value >= limit if least else value <= limit

    worst, worst_none = most('memcheck'), most('none')
    yield upto('memcheck with origins / native', 2.5, geomean(over('memcheck')))
    yield upto('  the slowest program', 5, worst[0], ' ' + worst[1])
    yield upto('valgrind memcheck / memcheck with origins', 8,
               geomean([results.against(p, 'vg-memcheck', 'memcheck', 'wall') for p in bench]), least=True)
    yield upto('--tool=none / native', 1.3, geomean(over('none')))
    yield upto('  the slowest program', 2, worst_none[0], ' ' + worst_none[1])
    yield upto('origins / no origins', 1.05, geomean([results.against(p, 'memcheck', 'no-origins', 'wall') for p in bench]))
    yield upto('peak memory / valgrind memcheck', 1.3,
               geomean([results.against(p, 'memcheck', 'vg-memcheck', 'rss') for p in bench]))
    for name in ('true', 'python'):
        p = 'start-' + name
        yield upto('start-up of %s: valgrind / memcheck' % name, 10, results.against(p, 'vg-memcheck', 'memcheck', 'wall'), least=True)
    runs, native = results.runs('start-true', 'memcheck')
    extra = (median(runs, 'wall') - median(native, 'wall')) * 1000 if runs and native else None
    yield upto('start-up of true: ms over native', 50, extra)


def rounds(results):
    """How many runs each column's medians are of."""
    for part in ('bench', 'startup'):
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
    for part, what in (('bench', 'wall'), ('bench', 'cpu'), ('bench', 'rss'), ('startup', 'wall'), ('startup', 'rss')):
        if results.programs(part):
            out += ['', ('start-up, ' if part == 'startup' else '') + titles[what]] + list(rows(results, part, what))
    found = list(reports(results))
    if found:
        out += ['', 'errors reported'] + found
    out += ['', 'demands']
    for what, measured, met in demands(results):
        out.append('%-4s %-44s %s' % ({True: 'met', False: 'NOT', None: '?'}[met], what, measured))
    return '\n'.join(out)
