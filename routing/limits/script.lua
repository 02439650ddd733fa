-- What counting.py does, on a hash of Redis. KEYS[1] is the table of one key; ARGV[1]
-- is what to do, ARGV[2] when the table ends (s), the rest a list of words.
local key, what, ttl = KEYS[1], ARGV[1], tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local SOON = 2

local function whole(number)
  return string.format('%.0f', number)
end

local function let_go(lease)
  redis.call('HDEL', key, 'l:' .. lease, 'r:real:' .. lease, 'r:play:' .. lease)
end

local function hold(lease, purse, money, until_ms)
  redis.call('HSET', key, 'l:' .. lease, whole(until_ms))
  if money ~= '0' then
    redis.call('HSET', key, 'r:' .. purse .. ':' .. lease, money)
  end
end

if what == 'renew' then -- lease_s, then lease, purse, money of each
  for at = 4, #ARGV, 3 do
    hold(ARGV[at], ARGV[at + 1], ARGV[at + 2], now + ARGV[3] * 1000)
  end
  if redis.call('TTL', key) < ttl then
    redis.call('EXPIRE', key, ttl)
  end
  return 0
end

if what == 'settle' then -- lease, tokens, slot, nusd, purse, periods
  if ARGV[3] ~= '' then
    let_go(ARGV[3])
  end
  local tokens, told = tonumber(ARGV[4]), 'w:tokens:' .. ARGV[5]
  if tokens > 0 then
    redis.call('HINCRBY', key, 'w:tokens:' .. clock[1], ARGV[4])
  elseif tokens < 0 then
    local before = redis.call('HGET', key, told)
    if before then
      redis.call('HSET', key, told, whole(math.max(0, tonumber(before) + tokens)))
    end
  end
  for at = 8, #ARGV do
    redis.call('HINCRBY', key, 's:' .. ARGV[7] .. ':' .. ARGV[at], ARGV[6])
  end
  redis.call('EXPIRE', key, ttl)
  return 0
end

-- admit: lease, lease_s, concurrent, money, purse, number of budgets, then of each
-- period, keep_from, limit, floor; then of each window name, limit, amount, width, slot.
local lease, lease_s, concurrent = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local money, purse, budgets = tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
local first_window = 9 + budgets * 4
local rows = redis.call('HGETALL', key)
local running, reserved = 0, 0
local spent, slots, ended = {}, {}, {}

for at = 1, #rows, 2 do
  local name, value = rows[at], tonumber(rows[at + 1])
  local kind = string.sub(name, 1, 2)
  if kind == 'l:' then
    if value <= now then
      ended[string.sub(name, 3)] = true
      let_go(string.sub(name, 3))
    else
      running = running + 1
    end
  elseif kind == 'w:' then
    local of, slot = string.match(name, '^w:([^:]+):(%d+)$')
    local width, size = 60000, 1000
    if of == 'session' then
      width, size = 300000, 5000
    end
    if (slot + 1) * size + width <= now then
      redis.call('HDEL', key, name)
    else
      slots[of] = slots[of] or {}
      table.insert(slots[of], {tonumber(slot), value})
    end
  elseif kind == 's:' then
    spent[name] = value
  end
end
for at = 1, #rows, 2 do
  local of, whose = string.match(rows[at], '^r:([^:]+):(.+)$')
  if of == purse and not ended[whose] then
    reserved = reserved + tonumber(rows[at + 1])
  end
end

local used, refused, wait = {}, '', 0
local function look(name, taken, short)
  table.insert(used, name)
  table.insert(used, whole(taken))
  if short and refused == '' then
    refused, wait = name, short
  end
end

for at = 9, first_window - 1, 4 do
  local period, keep_from = ARGV[at], ARGV[at + 1]
  local limit, floor = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local name = 's:' .. purse .. ':' .. period
  local gone = math.max(spent[name] or 0, floor)
  if gone ~= spent[name] then
    redis.call('HSET', key, name, whole(gone))
  end
  for other, _ in pairs(spent) do
    local its = string.match(other, '^s:[^:]+:(.+)$')
    if string.sub(its, 1, 2) == string.sub(period, 1, 2) and its < keep_from then
      redis.call('HDEL', key, other)
    end
  end
  local short = nil
  if gone >= limit or gone + money > limit then
    short = 0
  elseif gone + reserved + money > limit then
    short = SOON
  end
  look(period, gone, short)
end

for at = first_window, #ARGV, 5 do
  local name, limit, amount = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local width, size = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local oldest = math.floor(now / (size * 1000)) - math.floor(width / size)
  local inside, total = {}, 0
  for _, pair in ipairs(slots[name] or {}) do
    if pair[1] >= oldest then
      table.insert(inside, pair)
      total = total + pair[2]
    end
  end
  local short = nil
  if total + amount > limit then
    table.sort(inside, function(a, b) return a[1] < b[1] end)
    local left = total
    short = width
    for _, pair in ipairs(inside) do
      left = left - pair[2]
      if left + amount <= limit then
        local free_at = (pair[1] + 1) * size * 1000 + width * 1000
        short = math.max(1, math.ceil((free_at - now) / 1000))
        break
      end
    end
  end
  look(name, total, short)
end

if concurrent >= 0 then
  look('concurrent', running, running >= concurrent and SOON or nil)
end

if refused ~= '' then
  redis.call('EXPIRE', key, ttl)
  return {refused, wait, tonumber(clock[1]), unpack(used)}
end
for at = first_window, #ARGV, 5 do
  local slot = math.floor(now / (ARGV[at + 4] * 1000))
  redis.call('HINCRBY', key, 'w:' .. ARGV[at] .. ':' .. whole(slot), ARGV[at + 2])
end
if lease ~= '' then
  hold(lease, purse, ARGV[6], now + lease_s * 1000)
end
redis.call('EXPIRE', key, ttl)
return {'', 0, tonumber(clock[1]), unpack(used)}
