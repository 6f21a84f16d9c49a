# Throw-away PostgreSQL and mosquitto on loopback ports. Sourced; needs packages.sh.

# PostgreSQL does not run as root: then it runs as the user postgres.
as_postgres() { if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

# start_postgres FOLDER PORT
start_postgres() {
    local bin; bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
    mkdir -p "$1"; chmod 711 "$(dirname "$1")"
    [ "$(id -u)" -ne 0 ] || chown postgres "$1"
    as_postgres "$bin/initdb" -A trust -U postgres -D "$1/data" >/dev/null
    as_postgres "$bin/pg_ctl" -w -D "$1/data" -l "$1/log" -o "-p $2 -k $1 -c listen_addresses=127.0.0.1 -c max_connections=500 ${3:-}" start >/dev/null
}

stop_postgres() {
    local bin; bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
    [ -d "$1/data" ] && as_postgres "$bin/pg_ctl" -w -m immediate -D "$1/data" stop >/dev/null 2>&1
    true
}

# start_mosquitto FOLDER PORT: the process id is in $mosquitto_pid.
start_mosquitto() {
    mkdir -p "$1"
    printf 'listener %s 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 20000\nuser root\n' "$2" > "$1/mosquitto.conf"
    mosquitto -c "$1/mosquitto.conf" > "$1/mosquitto.log" 2>&1 &
    mosquitto_pid=$!
    wait_for 10 bash -c "</dev/tcp/127.0.0.1/$2"
}
