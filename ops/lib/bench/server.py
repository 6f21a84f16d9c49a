"""Servers under measurement, each on a database of its own."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request
import uuid

import psycopg

FOLDER, POSTGRES, BROKER = (os.environ["BENCH_" + name] for name in ("FOLDER", "POSTGRES", "MQTT"))
LOCKS = 2000
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def sql(database, statement, *arguments):
    with psycopg.connect(f"{POSTGRES}/{database}", autocommit=True) as connection:
        answer = connection.execute(statement, arguments or None)
        return answer.fetchall() if answer.description else None


def count_statements(does):
    """Whether PostgreSQL counts statements: only while they are measured, for it costs something."""
    sql("postgres", f"ALTER SYSTEM SET pg_stat_statements.track = '{'top' if does else 'none'}'")
    sql("postgres", "SELECT pg_reload_conf()")
    time.sleep(0.5)


def cpu_seconds(pids):
    """Processor time that processes have taken, their ended children included."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as handle:
                total += sum(map(int, handle.read().rpartition(")")[2].split()[11:15]))
        except FileNotFoundError:  # ended: its parent counts what it has taken
            pass
    return total / TICKS


def postgres_pids():
    with open(f"{FOLDER}/postgres/data/postmaster.pid") as handle:
        master = handle.readline().strip()
    return [master, *subprocess.run(["pgrep", "-P", master], capture_output=True, text=True).stdout.split()]


def wrk(port, key, script, seconds, connections=32):
    """Requests per second, and how many were refused."""
    path = f"{FOLDER}/{uuid.uuid4()}.lua"
    with open(path, "w") as handle:
        handle.write(f'wrk.headers["X-API-Key"] = "{key}"\nwrk.headers["Content-Type"] = "application/json"\n' + script)
    text = subprocess.run(["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "-s", path, f"http://127.0.0.1:{port}"], check=True,
                          capture_output=True, text=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), int(failed[1]) if failed else 0


class Server:
    """A platform. `modules`: one process for each of them behind nginx; otherwise one process with all. `path`: of a file, for SQLite."""

    def __init__(self, binary, name, modules=None, broker=False, path=None):
        self.binary, self.name, self.port, self.processes, self.nginx = binary, name, free_port(), [], None
        self.path = path
        if path is None and not sql("postgres", "SELECT 1 FROM pg_database WHERE datname = %s", name):
            sql("postgres", f"CREATE DATABASE {name}")
        self.environment = {**os.environ, "SPKEY_DATABASE_URL": f"sqlite:{path}" if path else f"{POSTGRES}/{name}", "SPKEY_AUTO_MIGRATE": "true",
                            "SPKEY_ADMIN_API_KEY": "bench", "SPKEY_RATE_LIMIT": "0"}
        if broker:
            self.environment["SPKEY_MQTT_URL"] = "mqtt://" + BROKER
        if modules is None:
            self.serve([], self.port)
        else:
            self.split(modules)
        self.wait_ready()
        self.key = self.spkey("api-key", "create", "--org", "bench", "--replace")

    def spkey(self, *arguments):
        done = subprocess.run([self.binary, *arguments], env={**self.environment, "SPKEY_HTTP_PORT": str(self.port)},
                              capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout.strip()

    def serve(self, arguments, port):
        log = open(f"{FOLDER}/{self.name}.log", "a")
        self.processes.append(subprocess.Popen([self.binary, "serve", *arguments], env={**self.environment, "SPKEY_HTTP_PORT": str(port)},
                                               stdout=log, stderr=log))

    def split(self, modules):
        self.spkey("migrate")
        self.environment["SPKEY_DATABASE_POOL"] = "4"
        upstreams = []
        for module in modules:
            port = free_port()
            upstreams += ["--upstream", f"{module}=127.0.0.1:{port}"]
            self.serve(["--modules", module], port)
        folder = f"{FOLDER}/nginx-{self.name}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/nginx.conf", "w") as handle:
            handle.write(self.spkey("gateway-config", "--listen", f"127.0.0.1:{self.port}", *upstreams))
        self.nginx = subprocess.Popen(["nginx", "-p", folder, "-c", f"{folder}/nginx.conf", "-e", "stderr", "-g", "daemon off;"],
                                      stderr=subprocess.DEVNULL)

    def wait_ready(self):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1)
                return
            except OSError:
                time.sleep(0.005)
        raise SystemExit(open(f"{FOLDER}/{self.name}.log").read()[-2000:])

    def call(self, path, body=None, headers=None):
        data = json.dumps(body).encode() if body is not None else None
        headers = {"X-API-Key": self.key, "Content-Type": "application/json"} if headers is None else headers
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers), timeout=20) as answer:
            return json.load(answer)

    def staff_headers(self):
        return {"X-Admin-API-Key": "bench", "Authorization": "Bearer " + self.spkey("token", "--email", "b@smartphonekey.com"),
                "Content-Type": "application/json"}

    def user(self):
        user = str(uuid.uuid4())
        self.call(f"/users/{user}/CreateUser", {"userId": user, "email": f"{user}@example.com", "firstName": "A", "lastName": "B"})
        return user

    def locks(self, count, first=1):
        for number in range(first, first + count):
            self.call(f"/locks/{number}/CreateLock", {"index": number, "uuid": str(uuid.uuid4())})

    def wrk(self, script, seconds, connections=32):
        """Requests per second, and how many were refused."""
        return wrk(self.port, self.key, script, seconds, connections)

    def pids(self):
        return [process.pid for process in self.processes]

    def settle(self):
        """Waits until no action is pending."""
        for _ in range(600):
            if not self.pending():
                return
            time.sleep(0.05)

    def pending(self):
        query = "SELECT 1 FROM access{}actions WHERE status = 'pending' LIMIT 1"
        if self.path is None:
            return sql(self.name, query.format("."))
        with sqlite3.connect(self.path) as connection:
            return connection.execute(query.format("_")).fetchall()

    def kill(self):
        for process in self.processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.processes = []

    def stop(self):
        running = self.processes + ([self.nginx] if self.nginx else [])
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
        self.processes, self.nginx = [], None
