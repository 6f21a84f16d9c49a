# Installs the Debian packages it is given, where they are missing. Sourced by the scripts of this folder.
install_packages() {
    local missing=()
    for package in "$@"; do dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package"); done
    [ ${#missing[@]} -eq 0 ] && return 0
    local run=()
    [ "$(id -u)" -eq 0 ] || run=(sudo)
    echo "Installing ${missing[*]} …"
    "${run[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${run[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

build_packages=(libpq-dev libsqlite3-dev libmosquitto-dev libcurl4-openssl-dev libphonenumber-dev tzdata pkg-config)

# A TCP port on the loopback that nobody listens on now.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Waits until a command succeeds: wait_for SECONDS COMMAND…
wait_for() {
    local end=$((SECONDS + $1)); shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { echo "timed out waiting for: $*" >&2; return 1; }
        sleep 0.1
    done
}
