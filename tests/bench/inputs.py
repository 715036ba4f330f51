# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of the bench: made once, with fixed seeds, into the build tree.

A generator is a function that takes the file's path and a size; make() calls
the one of the given name, unless the file is there already.
"""
import os
import random
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LETTERS = 'etaoinshrdlucmfwypvbgk'


def vocabulary(rng):
    """Words of a made-up language, the frequent ones short."""
    weights = [1 / (i + 1) for i in range(len(LETTERS))]
    words = []
    for i in range(6000):
        n = rng.randint(2, 4) if i < 200 else rng.randint(3, 11)
        word = ''.join(rng.choices(LETTERS, weights, k=n))
        words.append(word + 'ing' if i % 17 == 3 else word)
    return words


def text(path, size):
    """size bytes of prose: words after Zipf, numbers, commas, lines of about 80 characters."""
    rng = random.Random(1)
    words = vocabulary(rng)
    cumulative, total = [], 0.0
    for i in range(len(words)):
        total += 1 / (i + 3)
        cumulative.append(total)
    written = 0
    with open(path, 'w') as f:
        while written < size:
            line = rng.choices(words, cum_weights=cumulative, k=13)
            if rng.random() < 0.3:
                line[rng.randrange(13)] = '%.2f' % (rng.random() * 1000)
            if rng.random() < 0.5:
                line[rng.randrange(12)] += ','
            line = (' '.join(line).capitalize() + '.\n')[:size - written]
            f.write(line)
            written += len(line)


def noise(path, size):
    rng = random.Random(2)
    with open(path, 'wb') as f:
        for at in range(0, size, 1 << 20):
            f.write(rng.randbytes(min(1 << 20, size - at)))


def lines(path, count):
    """count lines of a number and two words, in random order."""
    rng = random.Random(3)
    words = vocabulary(rng)
    with open(path, 'w') as f:
        for i in range(count):
            f.write('%d %s %s\n' % (rng.randrange(10 ** 9), rng.choice(words), rng.choice(words)))


def sql(path, inserts):
    """Tables with that many rows in all, joins, an index made late."""
    rng = random.Random(4)
    people = max(inserts // 10, 1)
    with open(path, 'w') as f:
        f.write('PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY; BEGIN;\n'
                'CREATE TABLE person(id INTEGER PRIMARY KEY, name TEXT, town INTEGER);\n'
                'CREATE TABLE sale(id INTEGER PRIMARY KEY, person INTEGER, amount REAL, what TEXT);\n')
        for i in range(people):
            f.write("INSERT INTO person VALUES(%d,'person %d',%d);\n" % (i, rng.randrange(people), rng.randrange(100)))
        for i in range(inserts - people):
            f.write("INSERT INTO sale VALUES(%d,%d,%.2f,'thing %d');\n"
                    % (i, rng.randrange(people), rng.random() * 100, rng.randrange(5000)))
        f.write('COMMIT;\n'
                'CREATE INDEX sale_person ON sale(person);\n'
                'SELECT town, count(*), round(sum(amount), 2) FROM person JOIN sale ON sale.person = person.id '
                'GROUP BY town ORDER BY 3 DESC LIMIT 10;\n'
                'SELECT what, count(DISTINCT person), max(amount) FROM sale GROUP BY what ORDER BY 2 DESC, what LIMIT 10;\n'
                'SELECT count(*) FROM person a JOIN person b ON a.name = b.name AND a.id < b.id '
                'WHERE a.town = b.town OR a.id % 3 = 0;\n'
                "UPDATE sale SET amount = amount + 1 WHERE what LIKE '%7';\n"
                'DELETE FROM person WHERE id NOT IN (SELECT person FROM sale);\n'
                'SELECT count(*), round(sum(amount), 2), (SELECT count(*) FROM person) FROM sale;\n')


def c_file(path, functions):
    """A preprocessed C file of that many functions."""
    source = path + '.c'
    with open(source, 'w') as f:
        subprocess.run([sys.executable, os.path.join(HERE, '../lib/big_c.py'), str(functions)], stdout=f, check=True)
    subprocess.run(['gcc', '-E', '-P', source, '-o', path], check=True)


GENERATORS = {'text': text, 'noise': noise, 'lines': lines, 'sql': sql, 'c_file': c_file}


def make(kind, size, where):
    """Path of the input of this kind and size, made now if need be."""
    path = os.path.join(where, '%s-%d' % (kind, size))
    if kind == 'c_file':
        path += '.i'
    if not os.path.exists(path):
        os.makedirs(where, exist_ok=True)
        GENERATORS[kind](path + '.new', size)
        os.rename(path + '.new', path)
    return path
