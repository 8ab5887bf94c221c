-- Reads observations of a series' log, and returns only what a fold needs of them: a stream's reply has every field of
-- every entry, with its name, which takes its reader longer than the work that the values are for.
--
-- KEYS: log.
-- ARGV: number of the first, number of the last or '+', how many at most.
-- Returns: JSON, a list of pairs of number and value; values are the texts on record, to the last digit.

local found = {}
for i, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[2], 'COUNT', ARGV[3])) do
  for k = 1, #entry[2], 2 do
    if entry[2][k] == 'value' then
      found[i] = '[' .. string.match(entry[1], '^%d+') .. ',' .. entry[2][k + 1] .. ']'
      break
    end
  end
end
return '[' .. table.concat(found, ',') .. ']'
