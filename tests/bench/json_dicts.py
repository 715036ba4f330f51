# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds records, writes and reads them as JSON, groups them in dicts.  Argument: records."""
import json
import random
import sys

rng = random.Random(7)
names = ['name%d' % i for i in range(500)]
records = [{'id': i, 'name': rng.choice(names), 'score': rng.random(), 'tags': [rng.choice(names) for _ in range(4)],
            'inner': {'a': rng.randrange(1000), 'b': None, 'c': i % 2 == 0}} for i in range(int(sys.argv[1]))]
text = json.dumps(records, sort_keys=True)
again = json.loads(text)
pretty = json.dumps(again[:len(again) // 10], indent=1)     # the encoder written in Python

groups = {}
for r in again:
    g = groups.setdefault(r['name'], {'count': 0, 'sum': 0.0, 'tags': {}})
    g['count'] += 1
    g['sum'] += r['score']
    for t in r['tags']:
        g['tags'][t] = g['tags'].get(t, 0) + 1
print(len(text), len(pretty), again == records)
for name in sorted(groups, key=lambda n: (-groups[n]['count'], n))[:20]:
    g = groups[name]
    print(name, g['count'], '%.9f' % g['sum'], max(sorted(g['tags'].items()), key=lambda t: t[1]))
