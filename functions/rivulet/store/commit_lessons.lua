-- Appends lessons if the journal still ends with the lesson that they build on. The token says which one that is:
-- after a series was removed and begun anew, the same number is another lesson.
--
-- KEYS: journal, metrics, and either, for a call with an Idempotency-Key, its memory, or a state that is kept as text.
-- ARGV: number and token of the lesson built on; seconds (0 for a state) and text of what is kept; how many arguments
--       the metrics are, and these, names and values in turn; then token and body of each lesson.
-- Returns: 1 if they were appended, else 0.

local journal, metrics, kept = KEYS[1], KEYS[2], KEYS[3]
local base, token, seconds, text = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]
local measured = tonumber(ARGV[5])
if seconds > 0 then
  if redis.call('EXISTS', kept) == 1 then return 0 end
end
local newest = redis.call('XREVRANGE', journal, '+', '-', 'COUNT', 1)[1]
local last, last_token = 0, ''
if newest then
  last = tonumber(string.match(newest[1], '^%d+'))
  for i = 1, #newest[2], 2 do if newest[2][i] == 'token' then last_token = newest[2][i + 1] end end
end
if last ~= base or last_token ~= token then return 0 end
local clock = redis.call('TIME')
local now = string.format('%d', clock[1] * 1000 + math.floor(clock[2] / 1000))
for i = 6 + measured, #ARGV, 2 do
  last = last + 1
  redis.call('XADD', journal, string.format('%d-0', last), 'token', ARGV[i], 'lesson', ARGV[i + 1], 'at', now)
end
if measured > 0 then redis.call('HSET', metrics, 'updated_ms', now, unpack(ARGV, 6, 5 + measured)) end
if seconds > 0 then
  redis.call('SET', kept, text, 'EX', seconds)
elseif kept then
  redis.call('SET', kept, text)
end
return 1
