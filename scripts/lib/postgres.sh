# shellcheck shell=bash
# A private PostgreSQL: on loopback, with a password of its own, everything in $work/postgres.

# as_database_user COMMAND...: PostgreSQL refuses to run as root; root becomes user postgres.
as_database_user() {
  if ((EUID == 0)); then
    runuser -u postgres -- "$@"
  else
    "$@"
  fi
}

start_postgres() {
  local folder=$work/postgres
  local -a become=()
  pg_bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -n 1)
  [[ -x $pg_bin/initdb ]] || fail "no PostgreSQL server under /usr/lib/postgresql"
  read -r pg_port < <(free_ports 1)
  pg_password=$(od -An -N 16 -t x1 /dev/urandom | tr -d ' \n')

  mkdir -m 700 "$folder"
  printf '%s\n' "$pg_password" >"$folder/password"
  if ((EUID == 0)); then
    chown -R postgres: "$folder"
    # Unlike runuser, setpriv becomes the server: the pid that is stopped is the server's own.
    become=(setpriv --reuid=postgres --regid=postgres --init-groups --)
    as_database_user test -x "$folder" ||
      fail "user postgres cannot reach $folder; set TMPDIR to a folder that everybody may enter"
  fi
  (cd / && as_database_user "$pg_bin/initdb" -D "$folder/data" -U postgres -E UTF8 --locale=C \
    -A scram-sha-256 --pwfile="$folder/password" --no-sync) >"$logs/initdb.log" 2>&1 ||
    fail "initdb failed; see $logs/initdb.log"
  # SIGINT is PostgreSQL's fast shutdown.
  process_signals[postgres]=INT
  start postgres ${become[@]+"${become[@]}"} "$pg_bin/postgres" -D "$folder/data" \
    -c listen_addresses=127.0.0.1 -c port="$pg_port" -c unix_socket_directories= \
    -c max_connections=40 -c shared_preload_libraries=pg_stat_statements -c fsync=off
  wait_for 20 sql postgres "SELECT 1" || {
    last_words postgres
    fail "the private PostgreSQL did not start; see $logs/postgres.log"
  }
}

# sql DATABASE STATEMENTS: as the superuser; one row a line, fields parted by |.
sql() {
  PGPASSWORD=$pg_password PGCONNECT_TIMEOUT=5 PGAPPNAME=demo "$pg_bin/psql" -X -q -A -t -w \
    -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$pg_port" -U postgres -d "$1" -c "$2"
}

# create_shop: the database, one role for each application, and one for the agents that is no superuser.
create_shop() {
  sql postgres "CREATE DATABASE shop" >/dev/null
  sql shop "
    CREATE EXTENSION pg_stat_statements;
    CREATE ROLE storefront LOGIN PASSWORD '$pg_password';
    CREATE ROLE checkout LOGIN PASSWORD '$pg_password';
    CREATE ROLE reports LOGIN PASSWORD '$pg_password';
    CREATE ROLE aiops LOGIN CREATEROLE PASSWORD '$pg_password' IN ROLE pg_monitor, pg_signal_backend;
    -- Since PostgreSQL 16 a role's limits are set by who holds it with the admin option.
    GRANT storefront, checkout, reports TO aiops WITH ADMIN OPTION;
    CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, stock int NOT NULL);
    INSERT INTO items SELECT i, 'item ' || i, 1000000 FROM generate_series(1, 200) i;
    CREATE TABLE orders (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item int NOT NULL REFERENCES items,
      at timestamptz NOT NULL DEFAULT now());
    GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO storefront, checkout;
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO reports;" >/dev/null
}

# start_application NAME SCRIPT [ARGUMENT...]: a client of the shop under the role of its name.
start_application() {
  local name=$1 script=$2
  shift 2
  start "$name" env PGHOST=127.0.0.1 PGPORT="$pg_port" PGDATABASE=shop PGUSER="$name" \
    PGPASSWORD="$pg_password" PGAPPNAME="$name" PGCONNECT_TIMEOUT=5 \
    python3 -u "$lib/apps/$script" "$@"
}

# The source as the agents' configuration names it.
postgres_source() {
  cat <<YAML
  - name: shop-db
    type: postgres
    url: postgresql://aiops:$pg_password@127.0.0.1:$pg_port/shop
    interval: 2s
    retry: 5s
    autonomy: auto
YAML
}

# sessions_of APPLICATION: the pids of its server processes, in order, on one line.
sessions_of() {
  sql shop "SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity
    WHERE application_name = '$1' AND backend_type = 'client backend'"
}
