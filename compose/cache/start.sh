#!/bin/sh
# DragonflyDB with its password from a file: neither in a process list nor in the environment. A Redis does as well.
set -eu
if command -v dragonfly >/dev/null; then
  exec dragonfly --logtostderr --dir=/tmp --flagfile=/run/secrets/dragonfly
fi
cd /tmp
exec redis-server /run/secrets/redis --bind 0.0.0.0 --port 6379
