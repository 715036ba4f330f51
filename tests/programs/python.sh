$RUN /usr/bin/python3 -c 'pass'
cat > t.py <<'XX'
import json, re, hashlib, decimal, sqlite3, threading, subprocess, ctypes, os, sys, collections, struct, zlib
d = {"k%d" % i: [i, i / 3, None, True, "x" * (i % 7)] for i in range(2000)}
s = json.dumps(d, sort_keys=True)
assert json.loads(s) == d
print(len(s), hashlib.sha256(s.encode()).hexdigest(), hashlib.md5(s.encode()).hexdigest(), zlib.crc32(s.encode()))
print(len(re.findall(r'"k(\d*7)": \[(\d+), ([\d.e-]+)', s)), re.sub(r'(\w+)@(\w+)', r'\2 at \1', 'me@home'))
decimal.getcontext().prec = 60
print(decimal.Decimal(2).sqrt(), decimal.Decimal(1) / 7)
c = sqlite3.connect(':memory:')
c.execute('create table t(a integer primary key, b text)')
c.executemany('insert into t values(?, ?)', [(i, str(i * i)) for i in range(3000)])
print(c.execute('select count(*), sum(length(b)), max(b) from t where a % 3 = 1').fetchone())
total, lock = [0], threading.Lock()
def work(n):
    for i in range(2000):
        with lock: total[0] += n
ts = [threading.Thread(target=work, args=(i,)) for i in range(6)]
[t.start() for t in ts]; [t.join() for t in ts]
print(total)
print(subprocess.run(['/bin/sh', '-c', 'echo hi; exit 3'], capture_output=True))
try: subprocess.run(['/nonexistent/x'])
except FileNotFoundError as e: print(e)
libc = ctypes.CDLL('libc.so.6')
print(libc.abs(-5), libc.strlen(b'hello'))
CMP = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
arr = (ctypes.c_int * 6)(5, 3, 9, 1, 7, 2)
libc.qsort(arr, 6, 4, CMP(lambda a, b: a[0] - b[0])); print(list(arr))
print(struct.pack('<IdH', 7, 2.5, 9).hex(), 3 ** 200, sorted(collections.Counter('mississippi').items()), float('1e300') * 10, 10 ** 30 // 7 ** 9)
def gen():
    try:
        for i in range(3): yield i
    finally: print('closed')
print(list(gen())); print(os.read(os.open('/etc/hostname', os.O_RDONLY), 0)); sys.exit(4)
XX
$RUN /usr/bin/python3 t.py
echo "exit $?"
