#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench: real programs natively, under nagrind and under valgrind, in turn.

    bench.py                      measure, print the table, write results.json and the chart
    bench.py --redraw FILE...     table and chart from results measured before

Environment:
    SCALE       a number that multiplies the inputs, or "tiny" (0.02)            [1]
    N           rounds                                                           [5]
    N_VALGRIND  rounds in which valgrind takes part                              [N]
    N_STARTUP   rounds of the start-up programs                                  [15, 1 if tiny]
    N_MEMORY    rounds of the programs that show peak memory                     [1]
    PROGRAMS    names of suite.py; those of its other parts are start-NAME, memory-NAME  [all]
    VARIANTS    of native, none, memcheck, no-origins, vg-none, vg-memcheck; native always runs [all]
    TIMEOUT     seconds a run may take                                           [600]
    NAGRIND     the nagrind to measure                                           [the one built]
    OUT         folder for inputs and results                                    [tests/out/bench]
    CHART       where the chart goes, "" for nowhere                             [OUT/bench.svg]
    METRIC      what the chart shows: wall or cpu                                [wall]
    QUIET       if set, only failures and their number are printed

Every variant must give the native run's standard output and exit code, and
nagrind must report no errors but in the programs that suite.py names; where
that does not hold it is printed, and the exit code is 1.
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # the source folder may not be ours

import chart
import report
import suite

ROOT = os.path.abspath(os.path.join(suite.HERE, '../..'))
VARIANTS = ['native', 'none', 'memcheck', 'no-origins', 'vg-none', 'vg-memcheck']
PARTS = [('bench', suite.PROGRAMS, ''), ('startup', suite.STARTUP, 'start-'), ('memory', suite.MEMORY, 'memory-')]


class Settings:
    def __init__(self, env):
        tiny = env.get('SCALE') == 'tiny'
        self.scale = 0.02 if tiny else float(env.get('SCALE') or 1)
        self.rounds = int(env.get('N') or 5)
        self.rounds_valgrind = int(env.get('N_VALGRIND') or self.rounds)
        self.rounds_startup = int(env.get('N_STARTUP') or (1 if tiny else 15))
        self.rounds_memory = int(env.get('N_MEMORY') or 1)
        self.metric = env.get('METRIC') or 'wall'
        self.quiet = bool(env.get('QUIET'))
        self.names = (env.get('PROGRAMS') or '').split()
        chosen = (env.get('VARIANTS') or ' '.join(VARIANTS)).split()
        unknown = set(chosen) - set(VARIANTS)
        if unknown:
            sys.exit('bench: no such variant: ' + ' '.join(unknown))
        self.variants = [v for v in VARIANTS if v in chosen or v == 'native']
        self.timeout = int(env.get('TIMEOUT') or 600)
        self.out = os.path.abspath(env.get('OUT') or 'tests/out/bench')
        self.nagrind = os.path.abspath(env.get('NAGRIND') or 'nagrind')
        self.chart = env.get('CHART', os.path.join(self.out, 'bench.svg'))
        self.results = os.path.join(self.out, 'results.json')
        os.makedirs(self.out, exist_ok=True)

    def chooses(self, name):
        return not self.names or name in self.names

    def prefix(self, variant, log):
        """What stands before the command; the checkers' messages go to log."""
        log = '--log-file=' + log
        return {'native': [],
                'none': [self.nagrind, '--tool=none', log],
                'memcheck': [self.nagrind, '--track-origins=yes', log],
                'stats': [self.nagrind, '--track-origins=yes', '--stats=yes', log],
                'no-origins': [self.nagrind, '--track-origins=no', log],
                'vg-none': [suite.find('valgrind'), '--tool=none', log],
                'vg-memcheck': [suite.find('valgrind'), log]}[variant]


def run(settings, command, variant):
    """Runs once in an empty folder: a dict of what launch.c says, the output's hash, the errors reported."""
    cwd = os.path.join(settings.out, 'run')
    shutil.rmtree(cwd, ignore_errors=True)
    os.makedirs(cwd)
    at = {f: os.path.join(settings.out, 'last.' + f) for f in ('result', 'stdout', 'stderr', 'log')}
    for path in at.values():
        if os.path.exists(path):
            os.unlink(path)
    env = {'PATH': suite.DEBIAN, 'HOME': cwd, 'LC_ALL': 'C', 'PYTHONHASHSEED': '0', 'PERL_HASH_SEED': '0',
           'PYTHONDONTWRITEBYTECODE': '1'}
    subprocess.run([os.path.join(settings.out, 'bin/launch'), str(settings.timeout), at['result'], '/dev/null',
                    at['stdout'], at['stderr']] + settings.prefix(variant, at['log']) + command, cwd=cwd, env=env, check=True)
    with open(at['result']) as f:
        result = json.load(f)
    with open(at['stdout'], 'rb') as f:
        result['stdout'] = hashlib.file_digest(f, 'sha256').hexdigest() if hasattr(hashlib, 'file_digest') \
            else hashlib.sha256(f.read()).hexdigest()
    if variant != 'native':
        read_log(result, at['log'])
    return result


def number(text):
    return float(text.replace(',', ''))


def read_log(result, path):
    """Number of errors in a log, if it says so; what was translated in the clean mode, if it does."""
    if not os.path.exists(path):
        return
    with open(path, errors='replace') as f:
        text = f.read()
    found = re.findall(r'ERROR SUMMARY: ([\d,]+) errors', text)
    if found:
        result['errors'] = int(number(found[-1]))
    found = re.search(r'mode 0: .* ([\d,]+) guest instructions translated in ([\d.,]+) ms', text)
    if found:
        result['instructions'], result['translation'] = number(found[1]), number(found[2]) / 1000


def complaint(result, native):
    """What is wrong with a run's outcome, or None."""
    if result['timeout']:
        return 'timeout'
    if result['signal'] != native['signal']:
        return 'ended by signal %d' % result['signal']
    if result['exit'] != native['exit']:
        return 'exit code %d, natively %d' % (result['exit'], native['exit'])
    return 'output differs' if result['stdout'] != native['stdout'] else None


class Bench:
    def __init__(self, settings):
        self.settings, self.runs, self.failures, self.dead, self.first = settings, [], [], set(), {}
        self.about = {'date': time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime()), 'machine': machine(), 'scale': settings.scale,
                      'nagrind': version([settings.nagrind, '--version']), 'revision': revision(),
                      'valgrind': version(['valgrind', '--version'])}

    def say(self, text):
        if not self.settings.quiet:
            print(text, flush=True)

    def fail(self, text):
        self.failures.append(text)
        print('FAIL ' + text, flush=True)

    def prepare(self, rows, prefix):
        programs = []
        for row in rows:
            name = prefix + row[0]
            if self.settings.chooses(name):
                program = suite.Program(row, self.settings.out, self.settings.scale)
                program.name = name
                if program.command:
                    programs.append(program)
                else:
                    self.fail('%s is not installed; ./setup would do it' % row[1].split()[0])
        return programs

    def variants(self, part, turn):
        """Those that take part in this round."""
        late = part == 'bench' and turn >= self.settings.rounds_valgrind
        chosen = [v for v in self.settings.variants if not (late and v.startswith('vg-'))]
        return chosen + ['stats'] if part == 'startup' and 'memcheck' in chosen else chosen

    def round(self, part, turn, programs):
        for program in programs:
            shown = []
            for variant in self.variants(part, turn):
                if (program.name, variant) not in self.dead:
                    result = self.one(part, turn, program, variant)
                    shown.append('%s %.2f' % (variant, result['wall'] / 1e6))
            self.save()
            if part != 'startup':
                self.say('round %d: %-13s %s' % (turn + 1, program.name, ', '.join(shown)))

    def one(self, part, turn, program, variant):
        """One run, kept and judged; a variant that fails is not run again."""
        result = run(self.settings, program.command, variant)
        wrong = complaint(result, self.first.setdefault(program.name, result))
        result.update(program=program.name, variant=variant, part=part, round=turn, wrong=wrong)
        self.runs.append(result)
        ours = not variant.startswith('vg-')
        if ours and result.get('errors') and not wrong and program.name not in suite.REPORTED:
            wrong = '%d errors reported' % result['errors']
        if wrong:
            self.fail('%s under %s: %s' % (program.name, variant, wrong))
            self.dead.add((program.name, variant))
        return result

    def save(self):
        """Writes what there is so far: a bench that is interrupted was not for nothing."""
        with open(self.settings.results + '.new', 'w') as f:
            json.dump({'about': self.about, 'runs': self.runs}, f, indent=0)
        os.rename(self.settings.results + '.new', self.settings.results)


def version(command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:
        return 'none'


def revision():
    return version(['git', '-C', ROOT, 'rev-parse', '--short', 'HEAD'])


def machine():
    with open('/proc/cpuinfo') as f:
        models = re.findall(r'model name\s*: (.*)', f.read())
    return '%d x %s' % (len(models), models[0] if models else 'unknown')


def measure(settings):
    suite.compile_own(settings.out)
    bench = Bench(settings)
    if any(v.startswith('vg-') for v in settings.variants) and not suite.find('valgrind'):
        bench.fail('valgrind is not installed')
        settings.variants = [v for v in settings.variants if not v.startswith('vg-')]
    rounds = {'bench': settings.rounds, 'startup': settings.rounds_startup, 'memory': settings.rounds_memory}
    for part, rows, prefix in PARTS:
        programs = bench.prepare(rows, prefix)
        for turn in range(rounds[part]):
            bench.round(part, turn, programs)
    print('%d runs, %d failures' % (len(bench.runs), len(bench.failures)))
    return bench.failures


def main():
    settings, failures = Settings(os.environ), []
    if sys.argv[1:2] == ['--redraw'] and sys.argv[2:]:
        files = sys.argv[2:]
    elif len(sys.argv) == 1:
        failures = measure(settings)
        files = [settings.results]
    else:
        sys.exit(__doc__)
    if not settings.quiet:
        results = report.Results(files)
        print('\n' + report.text(results))
        if settings.chart and results.programs('bench'):
            with open(settings.chart, 'w') as f:
                f.write(chart.draw(results, settings.metric))
        for failure in failures:
            print('FAIL ' + failure)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
