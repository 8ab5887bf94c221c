-- Notes that a model's prediction of an observation came to the ledger; the first time counts.
--
-- KEYS: the ledger's notes on the observation; the series' log; the model's journal.
-- ARGV: model; note; seconds that notes are kept; numbers of the observation and of the lesson.
-- Returns: 1 if it had not come before; how many models' have come; when observation and lesson were appended, or ''.

local notes, model, note, memory = KEYS[1], ARGV[1], ARGV[2], ARGV[3]

local function appended(stream, number)
  local entry = redis.call('XRANGE', stream, number, number)[1]
  for i = 1, entry and #entry[2] or 0, 2 do
    if entry[2][i] == 'at' then return entry[2][i + 1] end
  end
  return ''
end

local new = redis.call('HSETNX', notes, model, note)
redis.call('EXPIRE', notes, memory)
return {new, redis.call('HLEN', notes), appended(KEYS[2], ARGV[4]), appended(KEYS[3], ARGV[5])}
