-- Numbers an observation, appends it and whatever waited for it, and reads the lags before it: one step.
--
-- KEYS: log, values, ids, order, early, late of one series.
-- ARGV: identity; the producer's sequence or ''; value; meta; number of lags; patience in ms; bounds of early and late;
--       how many observations the log keeps, 0 for all.
-- Returns: status, number, the value on record, the values before it, newest first.

local log, values, ids, order, early, late = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local identity, sequence, value, meta = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local n_lags, patience, most_early, most_late = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]
local most_kept, at_once = tonumber(ARGV[9]), 100

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local newest = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)
local last = newest[1] and tonumber(string.match(newest[1][1], '^%d+')) or 0
local before = redis.call('LRANGE', values, 0, n_lags - 1)
local first_appended

local function id(number) return string.format('%d-0', number) end

local function append(seq, value, meta, number, gap)
  local entry = {'value', value, 'meta', meta, 'at', string.format('%d', now)}
  if number then
    table.insert(entry, 'sequence'); table.insert(entry, string.format('%d', number))
  else
    table.insert(entry, 'identity'); table.insert(entry, identity)
  end
  if gap > 0 then table.insert(entry, 'gap'); table.insert(entry, string.format('%d', gap)) end
  redis.call('XADD', log, id(seq), unpack(entry))
  redis.call('LPUSH', values, value)
  redis.call('LTRIM', values, 0, n_lags - 1)
  last = seq
  first_appended = first_appended or seq
end

-- Forgets the oldest observations, a hundred at a time, and what they were known by.
local function forget()
  if most_kept == 0 or redis.call('XLEN', log) < most_kept + at_once then return end
  for _, entry in ipairs(redis.call('XRANGE', log, '-', '+', 'COUNT', at_once)) do
    for i = 1, #entry[2], 2 do
      if entry[2][i] == 'sequence' then redis.call('HDEL', ids, '#' .. entry[2][i + 1]) end
      if entry[2][i] == 'identity' then redis.call('HDEL', ids, '@' .. entry[2][i + 1]) end
    end
  end
  redis.call('XTRIM', log, 'MAXLEN', most_kept)
end

local function is_forgotten(number)
  local oldest = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
  for i = 1, oldest and #oldest[2] or 0, 2 do
    if oldest[2][i] == 'sequence' then return number < tonumber(oldest[2][i + 1]) end
  end
  return false
end

local function answer(status, seq)
  local lags = {}
  if seq == first_appended and (#before == n_lags or #before == seq - 1) then
    lags = before
  else
    for _, entry in ipairs(redis.call('XREVRANGE', log, '(' .. id(seq), '-', 'COUNT', n_lags)) do
      for i = 1, #entry[2], 2 do
        if entry[2][i] == 'value' then table.insert(lags, entry[2][i + 1]) end
      end
    end
  end
  local own = redis.call('XRANGE', log, id(seq), id(seq))[1][2]
  for i = 1, #own, 2 do if own[i] == 'value' then value = own[i + 1] end end
  return {status, seq, value, lags}
end

if not sequence then
  local known = redis.call('HGET', ids, '@' .. identity)
  if known then return answer('known', tonumber(known)) end
  append(last + 1, value, meta, nil, 0)
  redis.call('HSET', ids, '@' .. identity, string.format('%d', last))
  forget()
  return answer('new', last)
end

local done = tonumber(redis.call('HGET', order, 'sequence') or '0')

local function append_numbered(number, value, meta, gap)
  append(math.max(last + 1, number), value, meta, number, gap)
  redis.call('HSET', ids, '#' .. string.format('%d', number), string.format('%d', last))
  done = number
end

local function take_early(number, gap)
  local name = string.format('%d', number)
  local parked = redis.call('HGET', early, name)
  if not parked then return false end
  redis.call('HDEL', early, name)
  local cut = string.find(parked, '\n', 1, true)
  append_numbered(number, string.sub(parked, 1, cut - 1), string.sub(parked, cut + 1), gap)
  return true
end

local name = string.format('%d', sequence)
if sequence <= done then
  local known = redis.call('HGET', ids, '#' .. name)
  if known and known ~= 'late' then return answer('known', tonumber(known)) end
  if not known and not is_forgotten(sequence) then
    redis.call('XADD', late, 'MAXLEN', '~', most_late, '*', 'sequence', name, 'value', value, 'meta', meta)
    redis.call('HSET', ids, '#' .. name, 'late')
  end
  return {'late', 0, value, {}}
end

if sequence == done + 1 then
  redis.call('HDEL', early, name)
  append_numbered(sequence, value, meta, 0)
else
  if redis.call('HLEN', early) < most_early then
    redis.call('HSETNX', early, name, value .. '\n' .. meta)
  end
  local since = tonumber(redis.call('HGET', order, 'waiting') or '0')
  if since == 0 then
    since = now
    redis.call('HSET', order, 'waiting', string.format('%d', now))
  end
  if now - since < patience then return {'early', done + 1, value, {}} end
  local smallest = sequence
  for _, waiting in ipairs(redis.call('HKEYS', early)) do smallest = math.min(smallest, tonumber(waiting)) end
  if not take_early(smallest, smallest - done - 1) then append_numbered(smallest, value, meta, smallest - done - 1) end
end
while take_early(done + 1, 0) do end
forget()

redis.call('HSET', order, 'sequence', string.format('%d', done))
if redis.call('HLEN', early) > 0 then
  redis.call('HSET', order, 'waiting', string.format('%d', now))
else
  redis.call('HDEL', order, 'waiting')
end
if sequence > done then return {'early', done + 1, value, {}} end
return answer('new', tonumber(redis.call('HGET', ids, '#' .. name)))
