"""What Redis runs for each writing command: the command, and the plugin's account beside it.

Three keys beside the plugin's own ones keep the account. `sizes` maps each key to the bytes it is
counted as, `deadlines` sorts the expiring ones by when they do, and `total` is the sum. All are
changed together with the keys, at one stroke, so they are right whatever process dies when.

The account is kept by what a command adds and takes away, never by reading a whole value again;
what a command costs Redis stays what it would cost without. Expired keys are taken off the
account by the way, a few with each command, and all of them before anything is refused.
"""

from __future__ import annotations

#: ARGV: prefix, most keys, most bytes, most bytes of one key, most bytes of an answer, what a key
#: costs, what an element costs; then for each command: its room (see `commands.Room`), its
#: family, how many keys, the distance between them, how many arguments, its name, its arguments.
SCRIPT = """
local sizes, deadlines, total = KEYS[1], KEYS[2], KEYS[3]
local prefix = ARGV[1]
local most_keys, most_bytes = tonumber(ARGV[2]), tonumber(ARGV[3])
local most_value, left = tonumber(ARGV[4]), tonumber(ARGV[5])
local key_bytes, element_bytes = tonumber(ARGV[6]), tonumber(ARGV[7])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local call = redis.call

local function own(key) return string.sub(key, #prefix + 1) end
local function base(key) return key_bytes + 2 * #own(key) end

local known = {}
local function size_of(key)
  if not known[key] then known[key] = tonumber(call('HGET', sizes, own(key)) or 0) end
  return known[key]
end

local function charge(key, size)
  local before = size_of(key)
  if size == before then return end
  call('INCRBY', total, size - before)
  call('HSET', sizes, own(key), size)
  known[key] = size
end

local function forget(key)
  local size = size_of(key)
  if size > 0 then
    call('HDEL', sizes, own(key))
    call('ZREM', deadlines, own(key))
    call('INCRBY', total, -size)
    known[key] = 0
  end
end

local function note_deadline(key)
  local rest = call('PTTL', key)
  if rest >= 0 then
    call('ZADD', deadlines, now + rest, own(key))
  else
    call('ZREM', deadlines, own(key))
  end
end

local function sweep(most)
  local due = call('ZRANGEBYSCORE', deadlines, '-inf', now, 'LIMIT', 0, most)
  for _, name in ipairs(due) do
    if call('EXISTS', prefix .. name) == 0 then
      forget(prefix .. name)
    else
      note_deadline(prefix .. name)
    end
  end
  return #due
end

local function lengths(list)
  local sum = 0
  for _, each in ipairs(list) do sum = sum + #each + element_bytes end
  return sum
end

-- The bytes of those elements of a key that are named among the arguments.
local function named(family, key, arguments)
  local sum, seen = 0, {}
  for place = 2, #arguments do
    local name = arguments[place]
    if not seen[name] then
      seen[name] = true
      if family == 'hash' then
        local length = call('HSTRLEN', key, name)
        if length > 0 or call('HEXISTS', key, name) == 1 then
          sum = sum + #name + length + element_bytes
        end
      elseif family == 'set' then
        if call('SISMEMBER', key, name) == 1 then sum = sum + #name + element_bytes end
      elseif call('ZSCORE', key, name) then
        sum = sum + #name + element_bytes
      end
    end
  end
  return sum
end

-- The bytes that trimming a list takes away.
local function trimmed(key, first, last)
  first, last = tonumber(first), tonumber(last)
  local length = call('LLEN', key)
  if not first or not last or length == 0 then return 0 end
  if first < 0 then first = math.max(0, length + first) end
  if last < 0 then last = length + last end
  if first > last or first >= length then return 0 end
  local sum = 0
  if first > 0 then sum = lengths(call('LRANGE', key, 0, first - 1)) end
  if last < length - 1 then sum = sum + lengths(call('LRANGE', key, last + 1, -1)) end
  return sum
end

-- The bytes that a command adds to a key at most.
local function growth(room, family, key, arguments, before)
  local sum = 0
  for place = 2, #arguments do sum = sum + #arguments[place] end
  local count = #arguments - 1
  if room == 'string' then return base(key) + sum - size_of(key) end
  if room == 'extends' then return math.max(sum, 20) end
  if room == 'push' then return sum + count * element_bytes end
  if family ~= 'set' then count = math.ceil(count / 2) end
  return sum + count * element_bytes - before
end

local function refusal(keys, grown)
  local added = 0
  for _, key in ipairs(keys) do
    if grown[key] > 0 or size_of(key) == 0 then
      if math.max(size_of(key), base(key)) + grown[key] > most_value
          and size_of(key) + grown[key] > most_value then return 'PLXVALUE' end
    end
    if size_of(key) == 0 then added = added + 1 end
  end
  local sum = 0
  for _, key in ipairs(keys) do sum = sum + math.max(0, grown[key]) end
  for _ = 1, 2 do
    local is_over_keys = added > 0 and call('HLEN', sizes) + added > most_keys
    local is_over = sum > 0 and tonumber(call('GET', total) or 0) + sum > most_bytes
    if not is_over_keys and not is_over then return nil end
    if sweep(100000) == 0 then return is_over_keys and 'PLXKEYS' or 'PLXBYTES' end
  end
  return 'PLXBYTES'
end

local function perform(room, family, keys, name, arguments)
  if name == 'DELEQ' then
    local value = redis.pcall('GET', keys[1])
    if type(value) == 'table' then return value end
    if value ~= arguments[2] then return 0 end
    return call('DEL', keys[1])
  end
  return redis.pcall(name, unpack(arguments))
end

-- A number that Lua cannot hold is answered as it is stored.
local function exactly(name, arguments, reply)
  if type(reply) == 'table' then return reply end
  if name == 'INCRBY' or name == 'DECRBY' then return call('GET', arguments[1]) end
  if name == 'HINCRBY' then return call('HGET', arguments[1], arguments[2]) end
  return reply
end

local function write(room, family, keys, name, arguments)
  local key = keys[1]
  local grows = room == 'string' or room == 'extends' or room == 'elements' or room == 'push'
  local were, grown = {}, {}
  for _, each in ipairs(keys) do
    were[each] = call('TYPE', each).ok
    if were[each] == 'none' then forget(each) end
  end
  local counts = were[key] == family and (room == 'elements' or room == 'fewer')
  local before = counts and named(family, key, arguments) or 0
  if grows then
    for place, each in ipairs(keys) do
      local words = #keys > 1 and {each, arguments[place * 2]} or arguments
      grown[each] = growth(room, family, each, words, before)
      if were[each] == 'none' and room ~= 'string' then grown[each] = grown[each] + base(each) end
    end
    local reason = refusal(keys, grown)
    if reason then return {err = reason} end
  end
  local gone = 0
  if were[key] == 'list' and room == 'ltrim' then
    gone = trimmed(key, arguments[2], arguments[3])
  end
  if were[key] == 'zset' and room == 'zremrange' then
    local members = redis.pcall('ZRANGEBYSCORE', key, arguments[2], arguments[3])
    if not members.err then gone = lengths(members) end
  end
  local reply = perform(room, family, keys, name, arguments)
  if type(reply) == 'table' and reply.err then return reply end
  if room == 'pop' then
    if type(reply) == 'table' then gone = lengths(reply)
    elseif reply then gone = #reply + element_bytes end
  end
  if room == 'lrem' then gone = reply * (#arguments[3] + element_bytes) end
  for _, each in ipairs(keys) do
    local is = call('TYPE', each).ok
    if is == 'none' then
      forget(each)
    elseif room == 'key' then
      note_deadline(each)
    elseif is == 'string' then
      charge(each, base(each) + call('STRLEN', each))
      note_deadline(each)
    elseif is == family then
      local size = were[each] == 'none' and base(each) or size_of(each)
      if room == 'push' then
        size = size + growth(room, family, each, arguments, 0)
      elseif room == 'elements' or room == 'fewer' then
        size = size + named(family, each, arguments) - before
      end
      charge(each, size - gone)
    end
  end
  return exactly(name, arguments, reply)
end

local function too_much(name, arguments)
  if name ~= 'MGET' and name ~= 'HMGET' then return false end
  local sum = 0
  for place = (name == 'MGET' and 1 or 2), #arguments do
    local length
    if name == 'MGET' then length = redis.pcall('STRLEN', arguments[place])
    else length = redis.pcall('HSTRLEN', arguments[1], arguments[place]) end
    if type(length) == 'number' then sum = sum + length end
  end
  return sum > left
end

local function spend(reply)
  if type(reply) == 'string' then left = left - #reply end
  if type(reply) == 'table' and not reply.err then
    for _, each in ipairs(reply) do left = left - 8; spend(each) end
  end
end

local function run(room, family, keys, name, arguments)
  if room == 'none' or room == 'many' then
    if too_much(name, arguments) then return {err = 'PLXANSWER'} end
    return redis.pcall(name, unpack(arguments))
  end
  sweep(8)
  return write(room, family, keys, name, arguments)
end

local replies, place = {}, 8
while place <= #ARGV do
  local room, family = ARGV[place], ARGV[place + 1]
  local count, step = tonumber(ARGV[place + 2]), tonumber(ARGV[place + 3])
  local length, name = tonumber(ARGV[place + 4]), ARGV[place + 5]
  local keys, arguments, seen = {}, {}, {}
  for each = 1, length do arguments[each] = ARGV[place + 5 + each] end
  for each = 0, count - 1 do
    local key = arguments[1 + each * step]
    if not seen[key] then
      seen[key] = true
      keys[#keys + 1] = key
    end
  end
  local reply = {err = 'PLXANSWER'}
  if left >= 0 then reply = run(room, family, keys, name, arguments) end
  spend(reply)
  replies[#replies + 1] = reply
  place = place + 6 + length
end
return replies
"""
