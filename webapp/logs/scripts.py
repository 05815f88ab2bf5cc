"""The Lua scripts of the hot tail. Each is atomic, and harmless when it is run twice.

State of one log: a hash {last, archived, last_ns, total, done, ended} and a stream whose entry ids are
`<number of its last line>-0`, so that a line's number is a position in the stream. `total` and `done` count bytes
appended and archived; their difference is what Redis holds. The set of logs due for archiving is ordered by when.
"""

import hashlib

from webapp.logs.store import Script


def _script(text: str) -> Script:
    return Script(text=text, digest=hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


_NOW = """
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
"""

# KEYS hash stream due; ARGV first last last_ns text bound chunk delay_ms keep_seconds log seed_archived seed_ns
# Answers {word, last, archived}: kept; cut (overlaps: send what follows last); full; ended; unknown (give the seed).
APPEND = _script(
    _NOW
    + """
local known = redis.call('HMGET', KEYS[1], 'last', 'archived', 'total', 'done', 'ended')
if not known[1] then
  if ARGV[10] == '' then return {'unknown', 0, 0} end
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'last', ARGV[10], 'archived', ARGV[10], 'last_ns', ARGV[11], 'total', 0, 'done', 0)
  redis.call('EXPIRE', KEYS[1], ARGV[8])
  known = {ARGV[10], ARGV[10], '0', '0', false}
end
local last, archived = tonumber(known[1]), tonumber(known[2])
local first, final = tonumber(ARGV[1]), tonumber(ARGV[2])
if known[5] then return {'ended', last, archived} end
if final <= last or first > last + 1 then return {'kept', last, archived} end
if first <= last then return {'cut', last, archived} end
local held, size = known[3] - known[4], #ARGV[4]
if held > 0 and held + size > tonumber(ARGV[5]) then return {'full', last, archived} end
local total = redis.call('HINCRBY', KEYS[1], 'total', size)
redis.call('XADD', KEYS[2], ARGV[2] .. '-0', 'first', ARGV[1], 'ns', ARGV[3], 'total', total, 'text', ARGV[4])
redis.call('HSET', KEYS[1], 'last', ARGV[2], 'last_ns', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[8])
redis.call('EXPIRE', KEYS[2], ARGV[8])
local due = now_ms()
if held + size < tonumber(ARGV[6]) then due = due + ARGV[7] end
redis.call('ZADD', KEYS[3], 'LT', due, ARGV[9])
return {'kept', final, archived}
"""
)

# KEYS hash stream due; ARGV archived archived_ns done delay_ms log
ARCHIVED = _script(
    _NOW
    + """
local known = redis.call('HMGET', KEYS[1], 'last', 'archived', 'total', 'done')
if not known[1] then
  redis.call('ZREM', KEYS[3], ARGV[5])
  return 0
end
local last, archived = tonumber(known[1]), tonumber(ARGV[1])
if archived > tonumber(known[2]) then redis.call('HSET', KEYS[1], 'archived', ARGV[1]) end
if archived >= last then
  if archived > last then redis.call('HSET', KEYS[1], 'last', ARGV[1], 'last_ns', ARGV[2]) end
  redis.call('HSET', KEYS[1], 'done', known[3])
  redis.call('ZREM', KEYS[3], ARGV[5])
else
  local done = math.min(math.max(tonumber(ARGV[3]), tonumber(known[4])), tonumber(known[3]))
  redis.call('HSET', KEYS[1], 'done', string.format('%.0f', done))
  redis.call('ZADD', KEYS[3], now_ms() + ARGV[4], ARGV[5])
end
return redis.call('XTRIM', KEYS[2], 'MINID', '=', ARGV[1] .. '-1')
"""
)

# KEYS hash stream due; ARGV last last_ns end keep_seconds log
END = _script(
    """
if redis.call('HGET', KEYS[1], 'ended') then return 0 end
redis.call('HSET', KEYS[1], 'last', ARGV[1], 'archived', ARGV[1], 'last_ns', ARGV[2], 'ended', '1')
redis.call('HSETNX', KEYS[1], 'total', 0)
redis.call('HSETNX', KEYS[1], 'done', 0)
redis.pcall('XADD', KEYS[2], ARGV[1] .. '-1', 'end', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
redis.call('ZREM', KEYS[3], ARGV[5])
return 1
"""
)
