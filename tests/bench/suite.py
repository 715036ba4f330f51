# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bench runs: one row a program.

The command is split at spaces.  In it, {src} is tests/bench, {bin} the place of
our own compiled programs; any other name in braces is given in the row: a
number, which SCALE multiplies, or an input as (kind, size) of inputs.py, whose
size SCALE multiplies.  The first word is looked up in Debian's places first (a
python3 of another kind may come earlier in PATH).
"""
import os
import shlex
import shutil
import subprocess

import inputs

HERE = os.path.dirname(os.path.abspath(__file__))
DEBIAN = '/usr/bin:/bin'

PROGRAMS = [
    ('bzip2', 'bzip2 -9 -c {text}', {'text': ('text', 8_000_000)}),
    ('xz', 'xz -6 -c -T1 {text}', {'text': ('text', 1_500_000)}),
    ('gzip', 'gzip -9 -n -c {text}', {'text': ('text', 6_000_000)}),
    ('zstd', 'zstd -12 -q -c {text}', {'text': ('text', 6_000_000)}),
    ('cc1', '@cc1 -quiet -fpreprocessed -O2 {c} -o -', {'c': ('c_file', 160)}),
    ('python-nbody', 'python3 {src}/nbody.py {n}', {'n': 80_000}),
    ('python-json', 'python3 {src}/json_dicts.py {n}', {'n': 40_000}),
    ('python-regex', 'python3 {src}/regex.py {text}', {'text': ('text', 2_000_000)}),
    ('perl-hashes', 'perl {src}/hashes.pl {text}', {'text': ('text', 3_000_000)}),
    ('perl-regex', 'perl {src}/regex.pl {text}', {'text': ('text', 2_000_000)}),
    ('lua-trees', 'lua5.4 {src}/binary_trees.lua {n}', {'n': 7000}),
    ('lua-spectral', 'lua5.4 {src}/spectral_norm.lua {n}', {'n': 700}),
    ('sqlite3', 'sqlite3 -batch bench.db .read\\ {sql}', {'sql': ('sql', 200_000)}),
    ('sort', 'sort {lines}', {'lines': ('lines', 1_000_000)}),
    ('gawk', 'gawk -f {src}/words.awk {text}', {'text': ('text', 6_000_000)}),
    ('openssl', 'openssl dgst -sha256 {noise}', {'noise': ('noise', 200_000_000)}),
    ('c++-maps', '{bin}/maps {n}', {'n': 1_200_000}),
    ('c++-virtual', '{bin}/virtual {n}', {'n': 8000}),
    ('c-calls', '{bin}/calls {n}', {'n': 800}),
    ('c-vectors', '{bin}/vectors {n}', {'n': 600}),
    ('c-chase', '{bin}/chase {mb} {n}', {'mb': 256, 'n': 3000}),
    ('c-blocks', '{bin}/blocks {n}', {'n': 250}),
]

# Programs that do next to nothing: what is measured is getting there.
STARTUP = [
    ('true', 'true', {}),
    ('bash', 'bash -c :', {}),
    ('python', 'python3 -c pass', {}),
    ('git', 'git --version', {}),
    ('gcc', 'gcc --version', {}),
]

# Heaps whose bookkeeping shows in the peak memory.
MEMORY = [
    ('1GB-untouched', '{bin}/heap untouched {n}', {'n': 1024}),
    ('1GB-written', '{bin}/heap written {n}', {'n': 1024}),
    ('10M-blocks', '{bin}/heap many {n}', {'n': 10_000_000}),
]

# Programs of which errors are reported with good reason; of any other it is a failure.
REPORTED = {
    'cc1': 'its sparse sets are read before they are written, by design',
}

OWN = {'maps': 'g++ -std=c++17 maps.cc', 'virtual': 'g++ -std=c++17 virtual.cc', 'calls': 'gcc calls.c',
       'vectors': 'gcc -ffp-contract=off vectors.c', 'chase': 'gcc chase.c', 'blocks': 'gcc blocks.c',
       'heap': 'gcc heap.c', 'launch': 'gcc launch.c'}


class Program:
    """A program ready to run: name, command; command is None if it is not installed."""
    def __init__(self, row, build, scale):
        self.name, words, given = row
        values = {'src': HERE, 'bin': os.path.join(build, 'bin')}
        for key, value in given.items():
            if isinstance(value, tuple):
                kind, size = value
                values[key] = inputs.make(kind, max(int(size * scale), 1), os.path.join(build, 'inputs'))
            else:
                values[key] = max(int(value * scale), 1)
        command = [w.format(**values) for w in shlex.split(words)]
        exe = find(command[0])
        self.command = exe and [exe] + command[1:]


def find(word):
    if word == '@cc1':
        path = subprocess.run(['gcc', '-print-prog-name=cc1'], capture_output=True, text=True).stdout.strip()
        return path if os.path.isabs(path) else None
    return word if '/' in word else shutil.which(word, path=DEBIAN) or shutil.which(word)


def compile_own(build):
    """Compiles our own programs, those that are older than their source."""
    where = os.path.join(build, 'bin')
    os.makedirs(where, exist_ok=True)
    for name, words in OWN.items():
        words, source = words.rsplit(' ', 1)
        source, out = os.path.join(HERE, source), os.path.join(where, name)
        if not os.path.exists(out) or os.path.getmtime(out) < os.path.getmtime(source):
            subprocess.run(words.split() + ['-O2', '-g', '-o', out, source], check=True)
