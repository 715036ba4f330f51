cat > t.lua <<'XX'
local function tree(d) if d == 0 then return {} end return { tree(d - 1), tree(d - 1) } end
local function count(t) if t[1] then return 1 + count(t[1]) + count(t[2]) end return 1 end
print(count(tree(12)))
local s = 0; for i = 1, 100000 do s = s + math.sin(i) * i % 7 end print(string.format("%.6f", s))
local t = {} for w in ("the quick brown fox jumps over the lazy dog"):gmatch("%a+") do t[#t+1] = w:upper() end table.sort(t) print(table.concat(t, ","))
print(pcall(error, { code = 1 })); local co = coroutine.wrap(function(a) for i = 1, 3 do a = coroutine.yield(a * 2) end return "end" end) print(co(1), co(2), co(3), co(4))
print(string.rep("ab", 5), #string.pack("i4d", 1, 2.5), ("x"):byte(), 7 // 2, 2^53, 1e15, 10 / 3)
os.exit(3)
XX
$RUN lua5.4 t.lua | sed 's/0x[0-9a-f]*/0x/'
