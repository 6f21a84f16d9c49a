"""How fast events reach those who react to them."""

import threading
import time

import psycopg

from commands import add_key, drained
from report import Reading
from server import POSTGRES, sql


def reactions(server, count, pause):
    """Milliseconds from decision to reaction of single commands, sorted: an upper bound, the commit included."""
    begin = int(time.time() * 1000)
    for n in range(count):
        server.call("/locks/1/SetOwner", {"userId": f"owner-{begin}-{n}"})
        time.sleep(pause)
    time.sleep(0.5)
    return sorted(row[0] for row in sql(server.name, f"""
        SELECT d.created_at - e.at FROM partners.deliveries d JOIN access.outbox e ON e.envelope = d.envelope
        WHERE d.name = 'OwnerSet' AND e.at >= {begin}"""))


def listen(build):
    if build.is_heard:
        return
    server = build.one
    server.call("/tenants/bench/webhooks", {"url": "http://127.0.0.1:9/none", "events": ["OwnerSet"]}, server.staff_headers())
    build.is_heard = True


def latency(build, seconds):
    listen(build)
    spans = reactions(build.one, 300, 0.005)
    words = "ms from decision (before the commit) to the subscriber's start"
    return {"latency_p50": Reading(spans[len(spans) // 2], words), "latency_p99": Reading(spans[len(spans) * 99 // 100], words)}


def latency_load(build, seconds):
    """The same beside AddKey at about half of what the server can do."""
    listen(build)
    load = threading.Thread(target=build.one.wrk, args=(add_key(pause=60), seconds))
    load.start()
    spans = reactions(build.one, 50 * seconds, 0.005)
    load.join()
    return {"latency_load_p99": Reading(spans[len(spans) * 99 // 100], "ms, beside AddKey at about half of the full rate")}


def dispatch(build, seconds):
    """Outbox rows handled per second by the fan-out subscription ÷ a bare drain of the same rows by the same cursor."""
    rows, server = 200_000, build.one
    server.stop()
    sql(server.name, f"""
        INSERT INTO access.outbox (epoch, shard, envelope, name, category, id, subject, version, at, audience, correlation, data)
        SELECT 1, i % 64, gen_random_uuid(), 'KeyAdded', 'lock', (i % 5000)::text, 's', i, 0, '["nobody"]', 'c', '{{"keyUuid": "k"}}'
        FROM generate_series(1, {rows}) i""")
    last, first = sql(server.name, """
        SELECT position, transaction_id FROM access.outbox WHERE correlation = 'c' ORDER BY position DESC LIMIT 1""")[0]
    sql(server.name, "UPDATE partners.checkpoints SET transaction_id = %s, position = 0, until = 0 WHERE source = 'access'", first)
    place = "SELECT position FROM partners.checkpoints WHERE source = 'access' AND subscription = 'partners-fan-out'"
    server.serve([], server.port)
    # From the moment at which it begins: beside a backlog, /readyz may be late.
    while sql(server.name, place)[0][0] == 0:
        time.sleep(0.005)
    start, begin = sql(server.name, place)[0][0], time.monotonic()
    while sql(server.name, place)[0][0] < last:
        time.sleep(0.02)
    ours = (rows - max(0, start - (last - rows))) / (time.monotonic() - begin)
    server.wait_ready()
    begin = time.monotonic()
    with psycopg.connect(f"{POSTGRES}/{server.name}", options="-c plan_cache_mode=force_generic_plan") as connection:
        connection.prepare_threshold = 0
        cursor, read = (1, first, 0), 0
        while read < rows:
            batch = connection.execute(
                """SELECT epoch, transaction_id, position, envelope, name, category, id, subject, version, at, audience, correlation, causation, data
                   FROM access.outbox WHERE (epoch, transaction_id, position) > (%s, %s, %s)
                   AND (epoch < 1 OR transaction_id < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT))
                   ORDER BY epoch, transaction_id, position LIMIT 400""", cursor).fetchall()
            if not batch:
                break
            cursor, read = batch[-1][:3], read + len(batch)
            connection.execute("UPDATE partners.checkpoints SET epoch = 1 WHERE subscription = 'partners-fan-out' AND source = 'video'")
            connection.commit()
    floor = read / (time.monotonic() - begin)
    # The other subscriptions to the same rows are not to be in the way of what is measured next.
    behind = " UNION ALL ".join(f"SELECT 1 FROM {module}.checkpoints WHERE source = 'access' AND part = 0 AND position < {last - 1000} AND position > 0"
                                for module in ("access", "partners"))
    for _ in range(300):
        if not sql(server.name, behind):
            break
        time.sleep(0.2)
    sql(server.name, "DELETE FROM access.outbox WHERE correlation = 'c'")
    return {"dispatch": Reading(ours, "outbox events/s ÷ a bare drain", floor)}


def writers(build, seconds):
    on = drained(build.one, add_key(), seconds)
    sql(build.one.name, "UPDATE partners.checkpoints SET until = 9000000000000, holder = 'bench', token = token + 1")
    time.sleep(1)
    off = drained(build.one, add_key(), seconds)
    sql(build.one.name, "UPDATE partners.checkpoints SET until = 0")
    return {"writers": Reading(on, "AddKey/s with the fan-out on ÷ off", off)}
