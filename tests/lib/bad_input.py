# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: one clear line and the right exit code, never a crash or a hang.
SEED and N (mutated ELF files) come from the environment."""
import os, random, stat, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NG = os.path.join(ROOT, 'nagrind')
CRASHED = (b'nagrind: internal', b'assertion failed:', b'a defect of nagrind', b'nagrind crashed', b'AddressSanitizer')
counts = {True: 0, False: 0}


def note(good, title, detail=''):
    counts[good] += 1
    if not good:
        print('FAIL %s: %s' % (title, detail))


def run(args, **kw):
    try:
        return subprocess.run(args, capture_output=True, timeout=60, stdin=subprocess.DEVNULL, **kw)
    except subprocess.TimeoutExpired:
        return None


def expect(title, args, code, text):
    p = run([NG] + args)
    good = p is not None and p.returncode == code and text.encode() in p.stderr + p.stdout
    note(good, title, p and '%d %r' % (p.returncode, (p.stderr + p.stdout)[-300:]))


def fixed_cases(d):
    write = lambda name, data, mode=0o755: (open(os.path.join(d, name), 'wb').write(data), os.chmod(os.path.join(d, name), mode))[0] and os.path.join(d, name) or os.path.join(d, name)
    expect('missing program', ['./nonexistent'], 127, 'nagrind: ./nonexistent: No such file or directory')
    expect('missing in PATH', ['no-such-program-anywhere'], 127, 'nagrind: no-such-program-anywhere: ')
    expect('directory', [d], 126, 'nagrind: ')
    expect('no permission', [write('noexec', open('/bin/true', 'rb').read(), 0o644)], 126, 'Permission denied')
    expect('text file without #!', [write('text', b'hello\n')], 126, 'nagrind: ')
    arm = bytearray(open('/bin/true', 'rb').read())
    arm[18:20] = b'\xb7\x00'
    expect('wrong architecture', [write('arm', bytes(arm))], 126, 'nagrind: ')
    expect('32-bit', [write('elf32', b'\x7fELF\x01\x01\x01' + bytes(200))], 126, 'nagrind: ')
    expect('empty file', [write('empty', b'')], 126, 'nagrind: ')
    expect('bad interpreter', [write('script', b'#!/no/such/interpreter\n')], 127, 'nagrind: ')
    expect('no program', [], 1, 'nagrind: no program specified')
    expect('unknown option', ['--frobnicate=yes', '/bin/true'], 1, 'nagrind: Unknown option: --frobnicate=yes')
    expect('bad boolean', ['--show-below-main=maybe', '/bin/true'], 1, 'Bad option')
    expect('bad number', ['--num-callers=abc', '/bin/true'], 1, 'Bad option')
    expect('number out of range', ['--num-callers=0', '/bin/true'], 1, 'Bad option')
    expect('bad choice', ['--leak-check=perhaps', '/bin/true'], 1, 'Bad option')
    expect('interpreter with a tool', ['--jit=interp', '/bin/true'], 1, 'use --tool=none')
    expect('bad leak kinds', ['--leak-check=full', '--show-leak-kinds=some', '/bin/true'], 1, 'Bad option')
    expect('option without value', ['--log-file', '/bin/true'], 1, 'nagrind: ')
    expect('unknown tool', ['--tool=bogus', '/bin/true'], 1, "nagrind: failed to start tool 'bogus'")
    expect('log file in missing directory', ['--log-file=/no/such/dir/x', '/bin/true'], 1, 'nagrind: ')
    expect('log file variable unset', ['--log-file=%q{NO_SUCH_VARIABLE}', '/bin/true'], 1, 'NO_SUCH_VARIABLE')
    suppressions(write)


def suppressions(write):
    head = b'{\n name\n Memcheck:Cond\n'
    cases = [(b'nonsense\n', "expected '{' or end-of-file"), (b'{\n}\n', "unexpected '}'"), (b'{\n name\n', 'unexpected end-of-file'),
             (b'{\n name\n MemcheckCond\n fun:x\n}\n', "malformed 'tool1,tool2,...:supp' line"),
             (b'{\n name\n Memcheck:Nonsense\n fun:x\n}\n', 'unknown tool suppression type'),
             (head + b'}\n', 'missing stack trace'), (head + b' what:x\n}\n', 'location should be "...", or should start with'),
             (head + b' ...\n}\n', 'suppression must contain at least one location line'),
             (b'{\n name\n Memcheck:Param\n}\n', 'bad or missing extra suppression info')]
    for i, (data, text) in enumerate(cases):
        expect('suppressions %d' % i, ['--suppressions=' + write('s%d' % i, data), '/bin/true'], 1, text)
    expect('missing suppressions', ['--suppressions=/no/such', '/bin/true'], 1, "can't open suppressions file")
    expect('suppressions directory', ['--suppressions=/etc', '/bin/true'], 1, 'is a directory')


def mutate(data, r):
    """A program with a few damaged bytes, mostly in its headers, or cut short."""
    d = bytearray(data)
    for _ in range(r.choice([1, 1, 2, 4, 16])):
        where = r.random()
        if where < 0.35: i = r.randrange(64)
        elif where < 0.8: i = r.randrange(64, 64 + 56 * 14)
        else: i = r.randrange(len(d))
        d[i] = r.choice([0, 1, 0x7f, 0x80, 0xff, r.randrange(256), d[i] ^ (1 << r.randrange(8))])
    if r.random() < 0.1:
        d = d[:r.randrange(len(d))]
    return bytes(d)


def mutated_elf(d):
    r = random.Random(int(os.environ.get('SEED', '1')))
    sources = [open(p, 'rb').read() for p in (os.path.join(d, 'dynamic'), os.path.join(d, 'static'), '/bin/true')]
    path = os.path.join(d, 'mutant')
    good, shown = 0, 0
    n = int(os.environ.get('N', '2000'))
    for i in range(n):
        if os.path.exists(path):
            os.unlink(path)
        open(path, 'wb').write(mutate(r.choice(sources), r))
        os.chmod(path, 0o755)
        p = run([NG, '-q', path])
        ok = p is not None and not any(c in p.stderr for c in CRASHED)
        good += ok
        if not ok and shown < 5:
            shown += 1
            keep = '/tmp/nagrind-mutant-%d' % i
            os.rename(path, keep)
            print('FAIL mutant %d (kept as %s): %s' % (i, keep, p and (p.returncode, p.stderr[-400:])))
    note(good == n, 'mutated ELF files', '%d of %d bad' % (n - good, n))


def main():
    with tempfile.TemporaryDirectory() as d:
        c = os.path.join(d, 'x.c')
        open(c, 'w').write('#include <stdio.h>\nint main(void) { puts("alive"); return 0; }\n')
        subprocess.run(['gcc', '-o', os.path.join(d, 'dynamic'), c], check=True)
        subprocess.run(['gcc', '-static', '-o', os.path.join(d, 'static'), c], check=True)
        fixed_cases(d)
        mutated_elf(d)
    print('%d passed, %d failed' % (counts[True], counts[False]))
    return counts[False] != 0


if __name__ == '__main__':
    sys.exit(main())
