# SPDX-License-Identifier: GPL-3.0-or-later
"""make check-oracle: every e2e program under nagrind and under Debian's valgrind;
prints each difference in kind, size, place and stack.  A program whose source
says `// differs: REASON` is allowed its differences, which are still printed;
one that says `// not under: valgrind: REASON` is left out."""
import os, re, sys, tempfile
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import e2e


def normal(text):
    return re.sub(r'0x[0-9A-Fa-f]+', '0x..', re.sub(r'loss record [\d,]+ of [\d,]+', 'loss record', text))


def frames(stack, name):
    """Function names and places of the frames in the program's own sources."""
    return tuple((re.sub(r'\(below main\).*', '(below main)', f), p) for f, p in stack if p and p.startswith(name.split('.')[0]))


def key(line, error, name):
    aux = tuple((normal(a), frames(s, name)) for a, s in error.aux if not a.startswith('Uninitialised value was created'))
    return line, normal(error.what), frames(error.stack, name), aux


def differences(test, exe, out):
    sets = []
    for tool in (['valgrind'], [os.path.join(e2e.ROOT, 'nagrind')]):
        with tempfile.TemporaryDirectory() as cwd:
            text = e2e.checked(test, exe, tool, cwd)[3]
        sets.append({key(l, e, test.name) for l, e in e2e.reported(test, text)})
    return [('only valgrind:', k) for k in sets[0] - sets[1]] + [('only nagrind: ', k) for k in sets[1] - sets[0]]


def main():
    names = sys.argv[1:]
    base = os.path.join(e2e.ROOT, 'tests/e2e')
    paths = names or sorted(os.path.join(base, f) for f in os.listdir(base) if f.endswith(('.c', '.cpp')) and not f.startswith('lib_'))
    passed = failed = 0
    with tempfile.TemporaryDirectory() as out:
        for path in paths:
            test = e2e.Test(os.path.abspath(path))
            if 'valgrind' in test.not_under:
                continue
            for flags in test.builds:
                diff = differences(test, e2e.build(test, flags, out), out)
                bad = diff and not test.differs
                passed, failed = passed + (not bad), failed + bool(bad)
                if diff:
                    print('%s %s (%s)%s' % ('FAIL' if bad else 'diff', test.name, flags, ': ' + test.differs if test.differs else ''))
                    for who, k in sorted(diff, key=str):
                        print('     %s %s' % (who, k))
                    sys.stdout.flush()
    print('%d passed, %d failed' % (passed, failed))
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
