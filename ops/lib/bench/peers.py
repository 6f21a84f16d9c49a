"""AddKey beside what is no part of the platform: the statements alone on SQLite, and a small server of another kind."""

import os
import sqlite3
import subprocess
import sys
import time
import urllib.request

from commands import DOCUMENT, add_key, drained
from report import Reading
from server import FOLDER, LOCKS, POSTGRES, free_port, sql, wrk

# One AddKey in its three transactions, as on PostgreSQL (`commands.FLOOR`).
TRANSACTIONS = [
    [
        f"INSERT INTO devices_commands (action_id, thing, shadow, command, args, context, created_at, stage, deadline) VALUES ('b' || :n, 't' || :lock, 'command', 'add_key', {DOCUMENT}, {DOCUMENT}, 0, 'accepted', 9000000000000) ON CONFLICT DO NOTHING",
        f"INSERT INTO devices_shadows (thing, shadow, body) VALUES ('t' || :lock, 'command', {DOCUMENT}) ON CONFLICT (thing, shadow) DO UPDATE SET body = EXCLUDED.body",
        f"INSERT INTO devices_messages (thing, direction, payload, at) VALUES ('t' || :lock, 'command', {DOCUMENT}, 0)",
    ],
    [
        f"INSERT INTO access_aggregates (category, id, version, shape, state, changed_at) VALUES ('floor', 'f' || :lock, 1, 1, {DOCUMENT}, 0) ON CONFLICT (category, id) DO UPDATE SET version = version + 1, state = EXCLUDED.state",
        f"INSERT INTO access_events (category, id, version, type, data, at) VALUES ('floor', 'f' || :lock, :n, 'KeyAdded', {DOCUMENT}, 0) ON CONFLICT DO NOTHING",
        f"INSERT INTO access_outbox (epoch, shard, envelope, name, category, id, subject, version, at, audience, correlation, data) VALUES (1, 1, 'e', 'Floor', 'floor', 'f', 'f', 1, 0, '[]', '', {DOCUMENT})",
        "INSERT INTO access_actions (action_id, type, lock_id, status, created_at) VALUES ('b' || :n, 'AddKey', 1, 'pending', 0) ON CONFLICT DO NOTHING",
    ],
    [
        f"INSERT INTO devices_messages (thing, direction, payload, at) VALUES ('t' || :lock, 'status', {DOCUMENT}, 0)",
        "UPDATE devices_commands SET stage = 'succeeded', finished_at = 1 WHERE action_id = 'b' || :n",
        f"INSERT INTO devices_outbox (epoch, shard, envelope, name, category, id, subject, version, at, audience, correlation, data) VALUES (1, 1, 'e', 'Floor', 'floor', 'f', 'f', 0, 0, '[]', '', {DOCUMENT})",
        f"INSERT INTO devices_shadows (thing, shadow, body) VALUES ('t' || :lock, 'command', {DOCUMENT}) ON CONFLICT (thing, shadow) DO UPDATE SET body = EXCLUDED.body",
        "UPDATE access_actions SET status = 'success', finished_at = 1 WHERE action_id = 'b' || :n",
    ],
]


def on_sqlite(build, seconds):
    """AddKey on SQLite ÷ its statements through sqlite3's C API (as Python's module calls it) on a copy of the same file."""
    server = build.sqlite
    ours = drained(server, add_key(), seconds)
    path = f"{FOLDER}/floor-{time.time_ns()}.db"
    with sqlite3.connect(server.path) as source, sqlite3.connect(path) as copy:
        source.backup(copy)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    count, begin = 0, time.monotonic()
    while time.monotonic() - begin < seconds:
        values = {"n": time.time_ns(), "lock": 1 + count % LOCKS}
        for statements in TRANSACTIONS:
            connection.execute("BEGIN IMMEDIATE")
            for statement in statements:
                connection.execute(statement, values)
            connection.execute("COMMIT")
        count += 1
    floor = count / (time.monotonic() - begin)
    connection.close()
    return {"commands_sqlite": Reading(ours, "AddKey/s on SQLite, acknowledged ÷ its three transactions one after another", floor)}


def fastapi(build, seconds):
    """AddKey ÷ the same by a FastAPI + asyncpg server with one process (peer.py), both until the last device has answered."""
    if not sql("postgres", "SELECT 1 FROM pg_database WHERE datname = 'peer'"):
        sql("postgres", "CREATE DATABASE peer")
    port = free_port()
    peer = subprocess.Popen([sys.executable, "-m", "uvicorn", "peer:app", "--port", str(port), "--log-level", "error"],
                            cwd=os.path.dirname(__file__), env={**os.environ, "PEER_DATABASE": f"{POSTGRES}/peer"})

    def unfinished():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/unfinished", timeout=5) as answer:
            return int(answer.read())

    try:
        for _ in range(100):
            try:
                unfinished()
                break
            except OSError:
                time.sleep(0.1)
        begin = time.monotonic()
        rate, failed = wrk(port, "bench", add_key(), seconds)
        if failed:
            raise SystemExit(f"the peer has refused {failed} requests")
        while unfinished():
            time.sleep(0.02)
        floor = rate * seconds / (time.monotonic() - begin)
    finally:
        peer.terminate()
        peer.wait()
    return {"fastapi": Reading(drained(build.one, add_key(), seconds), "AddKey/s, acknowledged ÷ the same by FastAPI and asyncpg", floor)}
