# SPDX-License-Identifier: GPL-3.0-or-later
"""Real programs: each tests/programs/*.sh runs natively and under nagrind, in a
fresh directory each; standard output, standard error, exit code and the files
left must be the same, and nagrind must report no error.

In a script, $RUN precedes each command that is to run under nagrind; $SRC is
the directory of the scripts.  `# known: OBJECT: REASON` says that the program OBJECT really uses undefined values, and
that valgrind reports the same: errors whose innermost frame is in it are let pass.
"""
import os, re, subprocess, sys, tempfile, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import memcheck_log

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def tree(path):
    """Names and contents below path."""
    found = {}
    for d, dirs, files in os.walk(path):
        dirs.sort()
        for f in files:
            p = os.path.join(d, f)
            if os.path.islink(p):
                found[os.path.relpath(p, path)] = os.readlink(p)
            elif os.path.isfile(p):
                found[os.path.relpath(p, path)] = open(p, 'rb').read()
    return found


def run(script, prefix):
    """One run: (exit code, stdout, stderr, files), seconds."""
    with tempfile.TemporaryDirectory(prefix='ng') as d:
        work = os.path.join(d, 'w')
        os.mkdir(work)
        env = dict(os.environ, RUN=prefix, SRC=os.path.dirname(script), LC_ALL='C', HOME=work, TMPDIR=work, TZ='UTC',
                   PATH='/usr/bin:/bin:/usr/local/bin:' + os.path.expanduser('~/.cargo/bin'),
                   RUSTUP_HOME=os.environ.get('RUSTUP_HOME', os.path.expanduser('~/.rustup')),
                   CARGO_HOME=os.environ.get('CARGO_HOME', os.path.expanduser('~/.cargo')))
        env.pop('PYTHONPATH', None)
        start = time.time()
        try:
            p = subprocess.run(['bash', script], cwd=work, env=env, capture_output=True, timeout=900, stdin=subprocess.DEVNULL)
            code, out, err = p.returncode, p.stdout, p.stderr
        except subprocess.TimeoutExpired as e:
            code, out, err = 'timeout', e.stdout or b'', e.stderr or b''
        seconds = time.time() - start
        clean = lambda b: b.replace(d.encode(), b'@')
        files = {k: (clean(v) if isinstance(v, bytes) else v) for k, v in tree(work).items()}
        return (code, clean(out), clean(err), files), seconds


def checked(script, checker):
    with tempfile.TemporaryDirectory(prefix='nglog') as logs:
        result, seconds = run(script, checker + ' --log-file=%s/%%p.%%n' % logs)
        text = ''.join(open(os.path.join(logs, f), errors='replace').read() for f in sorted(os.listdir(logs)))
    return result, seconds, text


def differences(native, ours):
    for name, a, b in zip(('exit code', 'stdout', 'stderr'), native, ours):
        if a != b:
            yield '%s: %r, natively %r' % (name, b[-400:] if isinstance(b, bytes) else b, a[-400:] if isinstance(a, bytes) else a)
    for f in sorted(set(native[3]) | set(ours[3])):
        if native[3].get(f) != ours[3].get(f):
            yield 'file %s differs' % f


def main():
    args = sys.argv[1:]
    options = ' '.join(a for a in args if a.startswith('--') and a != '--oracle')
    names = [a for a in args if not a.startswith('--')]
    base = os.path.join(ROOT, 'tests/programs')
    scripts = [os.path.abspath(n) for n in names] or sorted(os.path.join(base, f) for f in os.listdir(base) if f.endswith('.sh'))
    passed = failed = 0
    for script in scripts:
        name, source = os.path.basename(script), open(script).read()
        known = re.findall(r'^# known: (\S+):', source, re.M)
        native, tn = run(script, '')
        ours, t, text = checked(script, os.path.join(ROOT, 'nagrind') + ' -q ' + options)
        errors = [e for e in memcheck_log.parse(text)
                  if not any(e.stack and (e.stack[0][1] or '').endswith('/' + k) for k in known)]
        bad = list(differences(native, ours))
        if errors:
            bad.append('%d errors reported: %s' % (len(errors), [(e.what, e.stack[:4]) for e in errors[:3]]))
        if re.search(r'nagrind: ', text):
            bad.append('log: ' + '; '.join(l for l in text.splitlines() if 'nagrind: ' in l)[:400])
        if '--oracle' in args:
            oracle = memcheck_log.parse(checked(script, 'valgrind -q')[2])
            tops = {(e.what, e.stack[0] if e.stack else None) for e in oracle}
            ours_only = [e for e in memcheck_log.parse(text) if (e.what, e.stack[0] if e.stack else None) not in tops]
            if ours_only:
                bad.append('%d errors that valgrind does not report' % len(ours_only))
        passed, failed = passed + (not bad), failed + bool(bad)
        print('%s %-14s %.2f s, natively %.2f s' % ('FAIL' if bad else 'ok  ', name, t, tn))
        for b in bad:
            print('     ' + b)
        sys.stdout.flush()
    print('%d passed, %d failed' % (passed, failed))
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
