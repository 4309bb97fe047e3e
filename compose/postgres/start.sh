#!/bin/sh
# The image's own start, with a password for the superuser that nobody knows: it is taken away again as soon as the
# cluster is made (see the .sql files), so that the superuser comes in through the container's own socket only.
set -eu
POSTGRES_PASSWORD=$(od -An -N 24 -t x1 /dev/urandom | tr -d ' \n')
export POSTGRES_PASSWORD
exec docker-entrypoint.sh postgres "$@"
