-- SPDX-License-Identifier: GPL-3.0-or-later
-- The largest singular value of an infinite matrix: floats in tables.  Argument: its cut.
local n = tonumber(arg[1])

local function cell(i, j)
  local d = i + j
  return 1.0 / (d * (d + 1) // 2 + i + 1)
end

local function times(v, transposed)
  local out = {}
  for i = 0, n - 1 do
    local sum = 0.0
    for j = 0, n - 1 do
      sum = sum + (transposed and cell(j, i) or cell(i, j)) * v[j + 1]
    end
    out[i + 1] = sum
  end
  return out
end

local u, v = {}, nil
for i = 1, n do u[i] = 1.0 end
for _ = 1, 4 do
  v = times(times(u), true)
  u = times(times(v), true)
end
local uv, vv = 0.0, 0.0
for i = 1, n do
  uv = uv + u[i] * v[i]
  vv = vv + v[i] * v[i]
end
print(string.format("%.9f", math.sqrt(uv / vv)))
