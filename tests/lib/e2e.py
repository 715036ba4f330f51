# SPDX-License-Identifier: GPL-3.0-or-later
"""End-to-end tests: each program under tests/e2e states its own expectation.

In the source:
    // build: clang -O2 -pthread      compiler and flags (default: gcc -g -O0; -g is always added)
    // build: gcc -O2                 may be repeated: every line is one variant
    // args: a b                      arguments
    // options: --leak-check=full     options of the checker
    // needs: NAME.c                  more sources; `shared NAME.c` makes a shared library of it
    // stdin: TEXT
    // native: no                     do not compare output and exit code with a native run
    // exit: 3                        exit code under the checker (if it differs from native)
    // expect: TEXT                   an error whose first line contains TEXT, reported on this source line
    // aux: PATTERN                   (same line as, or lines after, an expect) fnmatch of an auxiliary line of that error
    // aux: PATTERN @ FUNCTION        and its stack begins in that function
    // log: PATTERN                   fnmatch of a line anywhere in the log
    // no-log: PATTERN                no line like that
    // differs: REASON                why valgrind reports something else here (oracle only)
    // not under: WORD: REASON        left out if WORD occurs in the options of the command line; valgrind: by the oracle
With --tool=none among the options of the command line only values count: output and exit code are those of a native
run, whatever is expected of the reports.  --seconds=N: how long a program may take (120).
Every error that is reported and not expected is a failure, and so is every expected one that is missing.
Errors of the same line are expected once, however often they are counted.
"""
import fnmatch, os, re, shlex, subprocess, sys, tempfile
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import memcheck_log

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DIRECTIVE = re.compile(r'//\s*(build|args|options|needs|stdin|native|exit|expect|aux|log|no-log|differs|not under):\s*(.*?)\s*$')


class Test:
    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)
        self.builds, self.args, self.options, self.needs = [], [], [], []
        self.stdin, self.native, self.exit, self.differs = '', True, None, None
        self.expects, self.logs, self.no_logs, self.not_under = [], [], [], []
        for number, line in enumerate(open(path), 1):
            m = DIRECTIVE.search(line)
            if m:
                self.directive(m.group(1), m.group(2), number)
        self.builds = self.builds or ['g++ -O0' if path.endswith('.cpp') else 'gcc -O0']

    def directive(self, key, value, line):
        if key == 'build': self.builds.append(value)
        elif key == 'args': self.args += shlex.split(value)
        elif key == 'options': self.options += shlex.split(value)
        elif key == 'needs': self.needs.append(value)
        elif key == 'stdin': self.stdin += value + '\n'
        elif key == 'native': self.native = value != 'no'
        elif key == 'exit': self.exit = int(value)
        elif key == 'expect': self.expects.append([line, value, []])
        elif key == 'aux': self.expects[-1][2].append(value)
        elif key == 'log': self.logs.append(value)
        elif key == 'no-log': self.no_logs.append(value)
        elif key == 'differs': self.differs = value
        elif key == 'not under': self.not_under.append(value.partition(':')[0])


def build(test, flags, out):
    """Compiles one variant: path of the executable."""
    exe = os.path.join(out, re.sub(r'\W+', '_', test.name + flags))
    here = os.path.dirname(test.path)
    words = shlex.split(flags)
    sources, libs = [test.path], []
    for need in test.needs:
        kind, _, name = need.rpartition(' ')
        src = os.path.join(here, name)
        if kind == 'shared':
            lib = os.path.join(out, 'lib' + re.sub(r'\W+', '_', test.name + name) + '.so')
            subprocess.run(words[:1] + ['-g', '-shared', '-fPIC', '-O0', '-o', lib, src], check=True)
            libs += [lib, '-Wl,-rpath,' + out]
        else:
            sources.append(src)
    subprocess.run([words[0], '-g', '-w', '-I' + os.path.join(ROOT, 'include')] + words[1:] + ['-o', exe] + sources + libs
                   + ['-lm', '-ldl'], check=True)
    return exe


SECONDS = 120


def run(command, test, cwd):
    env = dict(os.environ, LC_ALL='C')
    try:
        p = subprocess.run(command, input=test.stdin.encode(), capture_output=True, timeout=SECONDS, cwd=cwd, env=env)
        return p.returncode, p.stdout, p.stderr
    except subprocess.TimeoutExpired:
        return 'timeout', b'', b''


def only_values(tool):
    return '--tool=none' in tool


def checked(test, exe, tool, cwd):
    """Runs under a checker: exit code, stdout, stderr, log text."""
    log = os.path.join(cwd, 'log.%d' % os.getpid())
    for old in os.listdir(cwd):
        if old.startswith('log.'):
            os.unlink(os.path.join(cwd, old))
    options = [] if only_values(tool) else test.options
    code, out, err = run(tool + ['--log-file=' + log + '.%p'] + options + [exe] + test.args, test, cwd)
    text = ''.join(open(os.path.join(cwd, f), errors='replace').read() for f in sorted(os.listdir(cwd)) if f.startswith('log.'))
    return code, out, err, text


def reported(test, text):
    """The log's errors as (line, error), without the end message of a fatal signal."""
    return [(e.line_in(test.name), e) for e in memcheck_log.parse(text) if not e.what.startswith('Process terminating')]


def compare(test, text):
    """Expectations against a log: list of complaints."""
    complaints, errors = [], reported(test, text)
    used = set()
    for line, what, aux in test.expects:
        hits = [i for i, (l, e) in enumerate(errors) if l == line and what in e.what]
        fresh = [i for i in hits if i not in used] or hits
        if not fresh:
            complaints.append('line %d: missing: %s' % (line, what))
            continue
        used.update(h for h in hits if errors[h][1].what == errors[fresh[0]][1].what)
        lines = [a + ' @ ' + stack[0][0] if stack and ' @ ' in ''.join(aux) else a for a, stack in errors[fresh[0]][1].aux]
        for pattern in aux:
            if not any(fnmatch.fnmatchcase(a, pattern) for a in lines):
                complaints.append('line %d: no auxiliary line like: %s (have %s)' % (line, pattern, lines))
    for i, (line, e) in enumerate(errors):
        if i not in used:
            complaints.append('line %d: unexpected: %s %s' % (line, e.what, e.stack[:3]))
    log_lines = [re.sub(r'^(==|--)\d+(==|--) ', '', l).strip() for l in text.splitlines()]
    complaints += ['no log line like: ' + p for p in test.logs if not any(fnmatch.fnmatchcase(l, p) for l in log_lines)]
    complaints += ['log has a line like: ' + p for p in test.no_logs if any(fnmatch.fnmatchcase(l, p) for l in log_lines)]
    return complaints


def check_variant(test, flags, tool, out):
    try:
        exe = build(test, flags, out)
    except subprocess.CalledProcessError:
        return ['does not build']
    with tempfile.TemporaryDirectory() as cwd:
        code, stdout, stderr, text = checked(test, exe, tool, cwd)
        complaints = [] if only_values(tool) else compare(test, text)
        own_exit = test.exit is not None and not only_values(tool)
        if own_exit:
            if code != test.exit:
                complaints.append('exit code %s, expected %d' % (code, test.exit))
        if test.native:
            ncode, nout, nerr = run([exe] + test.args, test, cwd)
            if not own_exit and code != ncode:
                complaints.append('exit code %s, natively %s' % (code, ncode))
            if stdout != nout:
                complaints.append('stdout differs: %r, natively %r' % (stdout[-300:], nout[-300:]))
            if stderr != nerr:
                complaints.append('stderr differs: %r, natively %r' % (stderr[-300:], nerr[-300:]))
        elif code == 'timeout':
            complaints.append('timeout')
    return complaints


def main():
    args = sys.argv[1:]
    tool = [os.path.join(ROOT, 'nagrind')]
    if args and args[0] == '--valgrind':
        tool, args = ['valgrind'], args[1:]
    for a in args:
        if a.startswith('--seconds='):
            global SECONDS
            SECONDS = int(a.partition('=')[2])
    tool += [a for a in args if a.startswith('--') and not a.startswith('--seconds=')]
    names = [a for a in args if not a.startswith('--')]
    paths = names or sorted(os.path.join(ROOT, 'tests/e2e', f) for f in os.listdir(os.path.join(ROOT, 'tests/e2e'))
                            if f.endswith(('.c', '.cpp')) and not f.startswith('lib_'))
    passed = failed = 0
    with tempfile.TemporaryDirectory() as out:
        for path in paths:
            test = Test(os.path.abspath(path))
            if any(w in a for w in test.not_under for a in tool[1:]) or (only_values(tool) and not test.native):
                continue
            for flags in test.builds:
                complaints = check_variant(test, flags, tool, out)
                passed, failed = passed + (not complaints), failed + bool(complaints)
                if complaints:
                    print('FAIL %s (%s)' % (test.name, flags))
                    for c in complaints:
                        print('     ' + c)
                sys.stdout.flush()
    print('%d passed, %d failed' % (passed, failed))
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
