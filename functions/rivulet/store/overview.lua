-- What the exporter shows of one series, in one answer.
--
-- KEYS: the series' log, and ingest's cursor of it.
-- ARGV: how many of the newest values to return; names of fields, comma-separated; then each model's prefix of keys.
-- Returns, as JSON: the tick's time; number and time of the newest observation; values, newest first; for each model
--   that knows the series its place in ARGV, lessons, bytes and time of the snapshot, and the fields of its metrics;
--   and the oldest entry's number and value, where values were asked for.

local values, models, first = {}, {}, {}
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', math.max(1, tonumber(ARGV[1])))

local function field(entry, name)
  for i = 1, #entry, 2 do if entry[i] == name then return entry[i + 1] end end
end

local fields = {}
for name in string.gmatch(ARGV[2], '[^,]+') do table.insert(fields, name) end

if tonumber(ARGV[1]) > 0 then
  for i, entry in ipairs(newest) do values[i] = field(entry[2], 'value') end
  for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)) do
    first = {string.match(entry[1], '^%d+'), field(entry[2], 'value')}
  end
end
for place = 3, #ARGV do
  local found = redis.call('HMGET', ARGV[place] .. 'metrics', unpack(fields))
  if found[1] then
    local snapshot = ARGV[place] .. 'snapshot'
    -- Behind the seal stands a line of JSON; the state after it is not touched.
    local made = string.match(redis.call('GETRANGE', snapshot, 32, 700), '"at_ms": (%d+)') or '0'
    table.insert(models, {place - 3, redis.call('XLEN', ARGV[place] .. 'journal'), redis.call('STRLEN', snapshot), made, found})
  end
end
local last = newest[1]
return cjson.encode({
  redis.call('HGET', KEYS[2], 'tick') or '0',
  last and string.match(last[1], '^%d+') or '0',
  last and field(last[2], 'at') or '0',
  values,
  models,
  first,
})
