# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a Memcheck-style text log into error blocks."""
import re

PREFIX = re.compile(r'^(?:==|--)(\d+)(?:==|--) ?(.*)$')
FRAME = re.compile(r'^   (?:at|by) 0x([0-9A-F]+): (.*?)(?: \(([^()]*)\))?$')
SUMMARY = re.compile(r'ERROR SUMMARY: (\d+) errors from (\d+) contexts')


class Error:
    """One message block: first line, its stack, auxiliary lines each with a stack."""

    def __init__(self, what):
        self.what = what
        self.stack = []      # (function, place)
        self.aux = []        # [line, stack]

    def frames(self):
        return self.stack

    def line_in(self, filename):
        """Source line of the innermost frame in filename, or 0."""
        for _, place in self.stack:
            if place and place.startswith(filename + ':'):
                return int(place.split(':')[1])
        return 0


START = re.compile(r'^(Invalid |Conditional jump|Use of uninit|Syscall param|Mismatched|Source and dest|Jump to|Argument '
                   r'|Unaddressable byte|Uninitialised byte|[\d,]+ (\([^)]*\) )?bytes in|Process terminating|realloc\(\) with'
                   r'|Unsafe alloc|Illegal memory pool|File descriptor)')


def parse(text):
    """The error blocks of a log, in order."""
    errors, current, stack = [], None, None
    for raw in text.splitlines():
        m = PREFIX.match(raw)
        if not m:
            continue
        line = m.group(2)
        if not line.strip():
            current = None
            continue
        frame = FRAME.match(line)
        if frame:
            if stack is not None:
                stack.append((frame.group(2), frame.group(3)))
            continue
        if START.match(line) and current is None:
            current = Error(line)
            errors.append(current)
            stack = current.stack
        elif current is not None and line.startswith(' '):
            stack = []
            current.aux.append((line.strip(), stack))
        else:
            current, stack = None, None
    return errors


def summary(text):
    """(errors, contexts) of the last ERROR SUMMARY line, or None."""
    found = SUMMARY.findall(text)
    return (int(found[-1][0]), int(found[-1][1])) if found else None
