-- SPDX-License-Identifier: GPL-3.0-or-later
-- Builds and walks binary trees: allocation and the collector.  Argument: trees.
local function build(depth)
  if depth == 0 then return {} end
  return { build(depth - 1), build(depth - 1) }
end

local function count(tree)
  if not tree[1] then return 1 end
  return 1 + count(tree[1]) + count(tree[2])
end

local trees = tonumber(arg[1])
local kept = build(14)
local sum = 0
for i = 1, trees do
  sum = sum + count(build(i % 7 + 4))
end
print(trees, sum, count(kept))
