# SPDX-License-Identifier: GPL-3.0-or-later
"""make check-oracle: every e2e program under nagrind and under Debian's valgrind;
prints each difference in kind, size, place and stack.  A program whose source
says `// differs: REASON` is allowed its differences, which are still printed;
one that says `// not under: valgrind: REASON` is left out."""
import copy, os, re, sys, tempfile
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


OURS = ('--hot', '--stress', '--jit', '--fast-hooks')  # valgrind would refuse to start


def errors_under(tool, test, exe):
    """How a program ended under a checker, and its errors."""
    if tool == 'valgrind':
        test = copy.copy(test)
        test.options = [o for o in test.options if not o.startswith(OURS)]
    with tempfile.TemporaryDirectory() as cwd:
        code, stdout, _, text = e2e.checked(test, exe, [tool], cwd)
    return (code, stdout), {key(l, e, test.name) for l, e in e2e.reported(test, text)}


def ended_natively(test, exe):
    with tempfile.TemporaryDirectory() as cwd:
        code, stdout, _ = e2e.run([exe] + test.args, test, cwd)
    return test.exit if test.exit is not None else code, stdout


def differences(test, exe):
    """valgrind, which runs only one thread at a time, now and then hangs or crashes in a program of many: a run that
    did not end as the program does is no oracle for the errors and is repeated, aloud.  nagrind's never is."""
    nagrind = errors_under(os.path.join(e2e.ROOT, 'nagrind'), test, exe)[1]
    for _ in range(3):
        end, valgrind = errors_under('valgrind', test, exe)
        if valgrind == nagrind or not test.native or end == ended_natively(test, exe):
            break
        print('note %s: under valgrind it ended so: %s, %r' % (test.name, end[0], end[1][-200:]))
    return [('only valgrind:', k) for k in valgrind - nagrind] + [('only nagrind: ', k) for k in nagrind - valgrind]


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
                diff = differences(test, e2e.build(test, flags, out))
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
