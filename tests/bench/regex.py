# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions over a text.  Argument: the text."""
import re
import sys

text = open(sys.argv[1]).read()
PATTERNS = [
    r'\b[a-z]+ing\b',
    r'(\w)(\w)\2\1',
    r'\d+\.\d+',
    r'(?:ab|ba|ca|da)[^ ]{2,5}(?= )',
    r'(?m)^.*?([aeiou]{3}).*$',
    r'[^\W\d_]+(?:, [^\W\d_]+){2,}',
]
for p in PATTERNS:
    found = [m.group(0) for m in re.finditer(p, text)]
    print(p, len(found), sum(map(len, found)), found[:1])
swapped = re.sub(r'(\w+) (\w+)', lambda m: m.group(2) + ' ' + m.group(1), text)
print(len(swapped), len(re.split(r'[ ,.\n]+', swapped)))
