-- Replaces a snapshot, and trims the journal behind it.
--
-- The totals of two lessons are kept beside the journal: those where it begins, and those where it will begin next.
-- Once the next beginning is far enough behind a snapshot, the journal is cut there. So of what a snapshot no longer
-- needs, between `keep` and twice as many lessons stay.
--
-- KEYS: snapshot, journal, and the beginnings, a hash: `base` and `next`, totals as JSON; of each `_n` and `_token`; and
--       number and token of the newest snapshot.
-- ARGV: snapshot; number and token of its newest lesson; totals up to that; how many lessons to keep, 0 for all.
-- Returns: 1, or 0 if the snapshot is older than the one that there is, or of a journal that is gone.

local snapshot, journal, kept = KEYS[1], KEYS[2], KEYS[3]
local n, token, totals, keep = tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])

local function stands(number, name)
  local entry = number and redis.call('XRANGE', journal, number, number)[1]
  for i = 1, entry and #entry[2] or 0, 2 do
    if entry[2][i] == 'token' then return entry[2][i + 1] == name end
  end
  return false
end

if not stands(n, token) then return 0 end
local newest = redis.call('HMGET', kept, 'newest_n', 'newest_token', 'next_n', 'next_token', 'next')
if newest[1] and tonumber(newest[1]) > n and stands(newest[1], newest[2]) then return 0 end
redis.call('SET', snapshot, ARGV[1])
redis.call('HSET', kept, 'newest_n', n, 'newest_token', token)
if keep == 0 then return 1 end
if not stands(newest[3], newest[4]) then
  redis.call('HSET', kept, 'next', totals, 'next_n', n, 'next_token', token)
elseif n - tonumber(newest[3]) >= keep then
  redis.call('XTRIM', journal, 'MINID', newest[3])
  redis.call('HSET', kept, 'base', newest[5], 'next', totals, 'next_n', n, 'next_token', token)
end
return 1
