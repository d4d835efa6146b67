-- Both keys of a node's ports live for a day after their last use, and go together.
local function keep_ports()
  redis.call('EXPIRE', KEYS[1], 86400)
  redis.call('EXPIRE', KEYS[2], 86400)
end
