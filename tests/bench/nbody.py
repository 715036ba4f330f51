# SPDX-License-Identifier: GPL-3.0-or-later
"""Five bodies under gravity: floats, lists, loops of the interpreter.  Argument: steps."""
import sys

# x y z, vx vy vz, mass
BODIES = [
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 39.5],
    [4.8, -1.2, -0.1, 0.6, 2.8, -0.02, 0.037],
    [8.3, 4.1, -0.4, -1.0, 1.8, 0.008, 0.011],
    [12.9, -15.1, -0.2, 1.1, 0.9, -0.01, 0.0017],
    [15.4, -25.9, 0.2, 1.0, 0.6, -0.03, 0.002],
]


def advance(bodies, dt):
    for i, a in enumerate(bodies):
        for b in bodies[i + 1:]:
            dx, dy, dz = a[0] - b[0], a[1] - b[1], a[2] - b[2]
            pull = dt / ((dx * dx + dy * dy + dz * dz) ** 1.5)
            for k, d in ((3, dx), (4, dy), (5, dz)):
                a[k] -= d * b[6] * pull
                b[k] += d * a[6] * pull
    for body in bodies:
        for k in range(3):
            body[k] += dt * body[k + 3]


def energy(bodies):
    total = 0.0
    for i, a in enumerate(bodies):
        total += 0.5 * a[6] * (a[3] ** 2 + a[4] ** 2 + a[5] ** 2)
        for b in bodies[i + 1:]:
            total -= a[6] * b[6] / ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2) ** 0.5
    return total


print('%.12f' % energy(BODIES))
for _ in range(int(sys.argv[1])):
    advance(BODIES, 0.001)
print('%.12f' % energy(BODIES))
