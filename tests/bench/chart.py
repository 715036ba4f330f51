# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench as an SVG: for each program a bar a variant, wall or processor time against native, logarithmic.

Readable on white and on black: no background, colours of middle lightness,
text and lines by the reader's colour scheme.
"""
import math
from html import escape

import report

BARS = [('none', 'nagrind --tool=none', '#4f9bd9'), ('no-origins', 'nagrind memcheck, no origins', '#3fae76'),
        ('memcheck', 'nagrind memcheck, with origins', '#1f8a5b'), ('vg-none', 'valgrind --tool=none', '#d9a441'),
        ('vg-memcheck', 'valgrind memcheck, no origins', '#d1603d')]
BAR, GAP, LEFT, WIDTH, RIGHT, TOP = 9, 9, 120, 620, 60, 66
STYLE = '''<style>
text { font: 11px system-ui, sans-serif; fill: #777 }
.title { font-size: 14px; font-weight: 600 } .small { font-size: 9px } .mean { font-weight: 600 }
line { stroke: #888; stroke-opacity: .35 } .one { stroke-opacity: 1 }
@media (prefers-color-scheme: light) { text { fill: #333 } }
@media (prefers-color-scheme: dark) { text { fill: #ccc } }
</style>'''


def label(value):
    return '%.2f' % value if value < 10 else '%.1f' % value


class Chart:
    def __init__(self, least, most):
        self.low, self.span, self.out = math.log(least), math.log(most / least), []

    def x(self, value):
        return LEFT + WIDTH * (math.log(value) - self.low) / self.span

    def put(self, form, *args):
        self.out.append(form % args)

    def group(self, y, name, values, mean):
        """One program's bars; returns the next y."""
        height = BAR * len(values)
        self.put('<text x="%d" y="%.1f" text-anchor="end"%s>%s</text>', LEFT - 8, y + height / 2 + 4,
                 ' class="mean"' if mean else '', escape(name))
        start = self.x(math.exp(self.low))
        for value, colour in values:
            if value:
                self.put('<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>', start, y, max(self.x(value) - start, 1),
                         BAR - 1, colour)
                self.put('<text x="%.1f" y="%.1f" class="small">%s</text>', self.x(value) + 3, y + BAR - 0.5, label(value))
            y += BAR
        return y + GAP


def draw(results, what='wall'):
    programs = results.programs('bench')
    bars = [b for b in BARS if any(results.ratio(p, b[0], what) for p in programs)]
    groups = [('geometric mean', [(report.geomean([results.ratio(p, v, what) for p in programs]), c) for v, _, c in bars])]
    groups += [(p, [(results.ratio(p, v, what), c) for v, _, c in bars]) for p in programs]
    values = [v for _, group in groups for v, _ in group if v]
    chart = Chart(min(0.7, *values) if values else 0.7, max([2.0] + values) * 1.05)
    height = TOP + len(groups) * (BAR * len(bars) + GAP) + 20  # and a last line below
    chart.put('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">', LEFT + WIDTH + RIGHT, height + 14,
              LEFT + WIDTH + RIGHT, height + 14)
    chart.put('%s', STYLE)
    chart.put('<text x="10" y="18" class="title">%s against native (logarithmic; shorter is better)</text>',
              {'wall': 'Wall time', 'cpu': 'Processor time'}[what])
    for i, (_, title, colour) in enumerate(bars):
        x, y = 10 + i % 3 * 230, 26 + i // 3 * 15
        chart.put('<rect x="%d" y="%d" width="10" height="10" fill="%s"/><text x="%d" y="%d">%s</text>', x, y, colour, x + 15,
                  y + 9, escape(title))
    for tick in (1, 2, 5, 10, 20, 50, 100, 200):
        if chart.low < math.log(tick) < chart.low + chart.span:
            chart.put('<line x1="%.1f" x2="%.1f" y1="%d" y2="%d"%s/>', chart.x(tick), chart.x(tick), TOP - 2, height - 18,
                      ' class="one"' if tick == 1 else '')
            chart.put('<text x="%.1f" y="%d" text-anchor="middle">%d</text>', chart.x(tick), height - 5, tick)
    y = TOP
    for i, (name, group) in enumerate(groups):
        y = chart.group(y, name, group, i == 0)
    dates = '; '.join(sorted({'%(date)s, nagrind %(revision)s, %(valgrind)s, %(machine)s' % a for a in results.about}))
    chart.put('<text x="10" y="%d" class="small">%s</text>', height + 8, escape(dates))
    chart.put('</svg>\n')
    return '\n'.join(chart.out)
