"""The measures behind ops/bench. Each stands beside its floor; both are taken in this one run, on the same server and disk."""

import json
import os
import re
import signal
import statistics
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid

import paho.mqtt.client as mqtt
import psycopg

FOLDER, POSTGRES, SPKEY, SECONDS = (os.environ["BENCH_" + n] for n in ("FOLDER", "POSTGRES", "SPKEY", "SECONDS"))
SECONDS = int(SECONDS)
LOCKS = 2000
results = []


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def say(name, value, words):
    results.append((name, value, words))
    print(f"{name:12} {value:8.3f}   {words}", flush=True)


def sql(database, statement, *arguments):
    with psycopg.connect(f"{POSTGRES}/{database}", autocommit=True) as connection:
        answer = connection.execute(statement, arguments or None)
        return answer.fetchall() if answer.description else None


class Server:
    """A platform on a database of its own."""

    def __init__(self, name, modules=None, broker=False, key=None, waits=True):
        self.name, self.port = name, free_port()
        if not sql("postgres", "SELECT 1 FROM pg_database WHERE datname = %s", name):
            sql("postgres", f"CREATE DATABASE {name}")
        self.environment = {**os.environ, "SPKEY_DATABASE_URL": f"{POSTGRES}/{name}", "SPKEY_AUTO_MIGRATE": "true", "SPKEY_ADMIN_API_KEY": "bench",
                            "SPKEY_RATE_LIMIT": "0", "SPKEY_HTTP_PORT": str(self.port)}
        if broker:
            self.environment["SPKEY_MQTT_URL"] = "mqtt://" + os.environ["BENCH_MQTT"]
        self.processes = []
        if modules is None:
            self.serve([], self.port)
        else:
            self.split(modules)
        if waits:
            self.wait_ready()
        self.key = key or subprocess.run([SPKEY, "api-key", "create", "--org", "bench"], env=self.environment, check=True, capture_output=True,
                                  text=True).stdout.strip()

    def serve(self, arguments, port):
        log = open(f"{FOLDER}/{self.name}.log", "a")
        self.processes.append(subprocess.Popen([SPKEY, "serve", *arguments], env={**self.environment, "SPKEY_HTTP_PORT": str(port)},
                                               stdout=log, stderr=log))

    def split(self, modules):
        subprocess.run([SPKEY, "migrate"], env=self.environment, check=True)
        upstreams = []
        self.environment["SPKEY_DATABASE_POOL"] = "4"
        for module in modules:
            port = free_port()
            upstreams += ["--upstream", f"{module}=127.0.0.1:{port}"]
            self.serve(["--modules", module], port)
        folder = f"{FOLDER}/nginx"
        os.makedirs(folder, exist_ok=True)
        text = subprocess.run([SPKEY, "gateway-config", "--listen", f"127.0.0.1:{self.port}", *upstreams], check=True, capture_output=True, text=True)
        with open(f"{folder}/nginx.conf", "w") as handle:
            handle.write(text.stdout)
        self.processes.append(subprocess.Popen(["nginx", "-p", folder, "-c", f"{folder}/nginx.conf", "-e", "stderr", "-g", "daemon off;"],
                                               stderr=subprocess.DEVNULL))
        time.sleep(2)

    def wait_ready(self):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1)
                return
            except OSError:
                time.sleep(0.005)
        raise SystemExit(open(f"{FOLDER}/{self.name}.log").read()[-2000:])

    def call(self, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode() if body is not None else None,
                                         {"X-API-Key": self.key, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def locks(self, count, first=1):
        for number in range(first, first + count):
            self.call(f"/locks/{number}/CreateLock", {"index": number, "uuid": str(uuid.uuid4())})

    def wrk(self, script, seconds=SECONDS, connections=32):
        path = f"{FOLDER}/wrk.lua"
        with open(path, "w") as handle:
            handle.write(f'wrk.headers["X-API-Key"] = "{self.key}"\nwrk.headers["Content-Type"] = "application/json"\n' + script)
        text = subprocess.run(["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "-s", path, f"http://127.0.0.1:{self.port}"], check=True,
                              capture_output=True, text=True).stdout
        failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), int(failed[1]) if failed else 0

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()


ADD_KEY = f"""
local n, thread = 0, 0
function setup(t) t:set("id", thread); thread = thread + 1 end
function request()
    n = n + 1
    local body = string.format('{{"keyUuid":"%s-%d-%d","keyIndexNumber":%d}}', MARK, id, n, n)
    return wrk.format("POST", "/locks/" .. (1 + (n * 2 + id) % {LOCKS}) .. "/AddKey", nil, body)
end
"""


def pgbench(database, script, clients=32):
    path = f"{FOLDER}/floor.sql"
    with open(path, "w") as handle:
        handle.write(script)
    text = subprocess.run([os.environ["BENCH_PGBENCH"], "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(SECONDS), "-f", path,
                           f"{POSTGRES}/{database}"], check=True, capture_output=True, text=True).stdout
    return float(re.search(r"tps = ([\d.]+)", text)[1])


# The statements of one AddKey as the server logs them: Devices takes the command, Access stores the key, Devices hears the answer. The
# action's end, which Access writes in batches, counts as a statement without a COMMIT of its own.
DOCUMENT = "'" + json.dumps({"desired": {"message_id": "x" * 36, "command": "add_key", "args": {"key_uuid": "k" * 12}}, "version": 7}) + "'"
FLOOR = f"""
\\set lock random(1, {LOCKS})
\\set n random(1, 1000000000000)
BEGIN;
INSERT INTO devices.commands (action_id, thing, shadow, command, args, context, created_at, stage, deadline) VALUES ('b' || :n, 't' || :lock, 'command', 'add_key', {DOCUMENT}, {DOCUMENT}, 0, 'accepted', 9000000000000) ON CONFLICT DO NOTHING;
INSERT INTO devices.shadows (thing, shadow, body) VALUES ('t' || :lock, 'command', {DOCUMENT}) ON CONFLICT (thing, shadow) DO UPDATE SET body = EXCLUDED.body;
INSERT INTO devices.messages (thing, direction, payload, at) VALUES ('t' || :lock, 'command', {DOCUMENT}, 0);
COMMIT;
BEGIN;
INSERT INTO access.aggregates (category, id, version, shape, state, changed_at) VALUES ('floor', 'f' || :lock, 1, 1, {DOCUMENT}, 0) ON CONFLICT (category, id) DO UPDATE SET version = aggregates.version + 1, state = EXCLUDED.state;
INSERT INTO access.events (category, id, version, type, data, at) VALUES ('floor', 'f' || :lock, :n, 'KeyAdded', {DOCUMENT}, 0) ON CONFLICT DO NOTHING;
INSERT INTO access.outbox (epoch, shard, envelope, name, category, id, subject, version, at, audience, correlation, data) VALUES (1, 1, 'e', 'Floor', 'floor', 'f', 'f', 1, 0, '[]', '', {DOCUMENT});
INSERT INTO access.actions (action_id, type, lock_id, status, created_at) VALUES ('b' || :n, 'AddKey', 1, 'pending', 0) ON CONFLICT DO NOTHING;
COMMIT;
BEGIN;
INSERT INTO devices.messages (thing, direction, payload, at) VALUES ('t' || :lock, 'status', {DOCUMENT}, 0);
UPDATE devices.commands SET stage = 'succeeded', finished_at = 1 WHERE action_id = 'b' || :n;
INSERT INTO devices.outbox (epoch, shard, envelope, name, category, id, subject, version, at, audience, correlation, data) VALUES (1, 1, 'e', 'Floor', 'floor', 'f', 'f', 0, 0, '[]', '', {DOCUMENT});
INSERT INTO devices.shadows (thing, shadow, body) VALUES ('t' || :lock, 'command', {DOCUMENT}) ON CONFLICT (thing, shadow) DO UPDATE SET body = EXCLUDED.body;
UPDATE access.actions SET status = 'success', finished_at = 1 WHERE action_id = 'b' || :n;
COMMIT;
"""


def commands(server, mark):
    """AddKey per second until the last device has answered, the draining included."""
    return drained(server, ADD_KEY.replace("MARK", f'"{mark}"'))


def settle(server):
    """Waits until no action is pending."""
    for _ in range(600):
        if not sql(server.name, "SELECT 1 FROM access.actions WHERE status = 'pending' LIMIT 1"):
            return
        time.sleep(0.1)


def drained(server, script):
    """Requests per second until the last device has answered."""
    started = time.monotonic()
    rate, failed = server.wrk(script)
    if failed:
        print(f"  ({failed} requests were refused)")
    settle(server)
    return rate * SECONDS / (time.monotonic() - started)


def guests(server, floor):
    """Opens by guests and by PIN, over a thousand doors with a key each ÷ commands."""
    window = {"validFrom": "2020-01-01T00:00:00Z", "validUntil": "2099-01-01T00:00:00Z"}
    keys = [server.call("/temp-keys", {**window, "doors": [{"lockId": lock, "accessMethod": "both"}]}) for lock in range(1, 1001)]
    table = "local keys = {" + ",".join('"%s"' % key["uuid"] for key in keys) + "}\n"
    pins = "local pins = {" + ",".join('"%s"' % key["pin"] for key in keys) + "}\n"
    start = "local n, thread = 0, 0\nfunction setup(t) t:set('id', thread); thread = thread + 1 end\n"
    opened = drained(server, table + start + """function request()
        n = n + 1
        return wrk.format("POST", "/temp-keys/" .. keys[1 + (n * 2 + id) % 1000] .. "/doors/1/open", {}, "")
    end""")
    say("bulk_open", opened / floor, f"{opened:,.0f} opens by guests/s ÷ {floor:,.0f} AddKey/s, both until the last device has answered")
    typed = drained(server, pins + start + """function request()
        n = n + 1
        local door = 1 + (n * 2 + id) % 1000
        return wrk.format("POST", "/locks/" .. door .. "/open-with-pin", {["Content-Type"] = "application/json"}, '{"pin":"' .. pins[door] .. '"}')
    end""")
    say("pin", typed / floor, f"{typed:,.0f} opens by PIN/s ÷ {floor:,.0f} AddKey/s, both until the last device has answered")


def lists(server):
    """The list of a user with five hundred locks ÷ a constant answer of its size.

    No constant has that size, so the floor is read off the line through two that have others: the time of an answer grows with its bytes.
    """
    user = str(uuid.uuid4())
    server.call(f"/users/{user}/CreateUser", {"userId": user, "email": f"{user}@example.com", "firstName": "A", "lastName": "B"})
    for n in range(500):
        server.call(f"/users/{user}/AddAccessibleLock",
                    {"lockId": str(n), "lockName": f"Door {n} of the house", "accessLevel": "USER", "grantedBy": "bench"})

    def measured(path):
        request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers={"X-API-Key": server.key})
        try:
            size = len(urllib.request.urlopen(request).read())
        except urllib.error.HTTPError as refusal:
            size = len(refusal.read())
        return size, server.wrk(f'function request() return wrk.format("GET", "{path}") end')[0]

    (size, ours), (small, fast), (large, slow) = (measured(path) for path in (f"/users/{user}/accessible-locks", "/nowhere", "/docs"))
    floor = 1 / (1 / fast + (1 / slow - 1 / fast) * (size - small) / (large - small))
    say("list", ours / floor, f"{ours:,.0f} lists of 500 locks/s ({size:,} bytes) ÷ {floor:,.0f} (between {fast:,.0f} answers of {small} bytes/s "
        f"and {slow:,.0f} of {large:,})")


def dispatch(server):
    """Outbox rows handled per second by the fan-out subscription ÷ a bare drain of the same rows by the same cursor."""
    rows = 200_000
    server.stop()
    sql(server.name, f"""
        INSERT INTO access.outbox (epoch, shard, envelope, name, category, id, subject, version, at, audience, correlation, data)
        SELECT 1, i % 64, gen_random_uuid(), 'KeyAdded', 'lock', (i % 5000)::text, 's', i, 0, '["nobody"]', 'c', '{{"keyUuid": "k"}}'
        FROM generate_series(1, {rows}) i""")
    first = sql(server.name, "SELECT min(transaction_id) FROM access.outbox WHERE correlation = 'c'")[0][0]
    sql(server.name, "UPDATE partners.checkpoints SET transaction_id = %s, position = 0, until = 0 WHERE source = 'access'", first)
    place = "SELECT position FROM partners.checkpoints WHERE source = 'access' AND subscription = 'partners-fan-out'"
    last = sql(server.name, "SELECT max(position) FROM access.outbox WHERE correlation = 'c'")[0][0]
    # From the moment at which it begins: beside a backlog, /readyz may be late.
    again = Server(server.name, key=server.key, waits=False)
    while sql(server.name, place)[0][0] == 0:
        time.sleep(0.005)
    start, begin = sql(server.name, place)[0][0], time.monotonic()
    while sql(server.name, place)[0][0] < last:
        time.sleep(0.02)
    done = time.monotonic()
    ours = (rows - max(0, start - (last - rows))) / (done - begin)
    again.wait_ready()
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
    say("dispatch", ours / floor, f"{ours:,.0f} ÷ {floor:,.0f} outbox events per second")
    return again


def latency(server):
    """From the decision to the reaction's start, one command at a time on an idle server: an upper bound, the commit included."""
    for n in range(300):
        server.call("/locks/1/SetOwner", {"userId": f"owner-{n}"})
        time.sleep(0.005)
    time.sleep(0.5)
    spans = sorted(r[0] for r in sql(server.name, """
        SELECT d.created_at - e.at FROM partners.deliveries d JOIN access.outbox e ON e.envelope = d.envelope WHERE d.name = 'OwnerSet'"""))
    say("latency_p50", spans[len(spans) // 2], "ms from decision (before the commit) to the subscriber's start")
    say("latency_p99", spans[len(spans) * 99 // 100], "ms")


def ask(server):
    """Milliseconds, p50, of a question that Identity must ask Access (a user's own locks) less one that it answers itself (the profile)."""
    import http.client
    user = str(uuid.uuid4())
    server.call(f"/users/{user}/CreateUser", {"userId": user, "email": f"{user}@example.com", "firstName": "A", "lastName": "B"})
    keep = http.client.HTTPConnection("127.0.0.1", server.port)

    def median(path):
        spans = []
        for _ in range(300):
            begin = time.perf_counter()
            keep.request("GET", f"/users/{user}/{path}", headers={"X-API-Key": server.key})
            keep.getresponse().read()
            spans.append(time.perf_counter() - begin)
        return statistics.median(spans) * 1000

    return median("owned-locks") - median("profile")


def opens():
    """OpenLock: request to hub, over mosquitto ÷ one commit and one hop."""
    server = Server("opens", broker=True)
    heard, arrived = {}, threading.Event()
    host, port = os.environ["BENCH_MQTT"].split(":")
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)

    def on_message(_, __, message):
        heard["at"] = time.perf_counter()
        arrived.set()

    client.on_message = on_message
    client.connect(host, int(port))
    client.socket().setsockopt(6, 1, 1)
    client.loop_start()
    client.subscribe([("$aws/things/+/shadow/name/+/update/delta", 1), ("bench", 1)])
    time.sleep(0.5)
    server.locks(20)
    spans, hops, commits = [], [], []
    import http.client
    keep = http.client.HTTPConnection("127.0.0.1", server.port)
    headers = {"X-API-Key": server.key, "Content-Type": "application/json"}
    for n in range(400):
        arrived.clear()
        begin = time.perf_counter()
        keep.request("POST", f"/locks/{1 + n % 20}/OpenLock", "{}", headers)
        arrived.wait(5)
        spans.append(heard["at"] - begin)
        keep.getresponse().read()
    for n in range(400):
        arrived.clear()
        begin = time.perf_counter()
        client.publish("bench", b"x" * 200, qos=1)
        arrived.wait(5)
        hops.append(heard["at"] - begin)
    with psycopg.connect(f"{POSTGRES}/opens", autocommit=True) as connection:
        for n in range(400):
            begin = time.perf_counter()
            connection.execute("INSERT INTO devices.messages (thing, direction, payload, at) VALUES ('t', 'x', '{}', 0)")
            commits.append(time.perf_counter() - begin)
    client.loop_stop()
    shadows(server)
    server.stop()
    ours, floor = statistics.median(spans), statistics.median(hops) + statistics.median(commits)
    say("open", ours / floor, f"{ours * 1000:.2f} ms ÷ ({statistics.median(commits) * 1000:.2f} commit + {statistics.median(hops) * 1000:.2f} hop) ms, p50")


def shadows(server):
    """Updates of a shadow by its device, of random members up to the largest document ÷ the same messages through the broker alone."""
    import random
    host, port = os.environ["BENCH_MQTT"].split(":")
    client, arrived, chance, count, window = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2), threading.Semaphore(0), random.Random(7), 1500, 40
    client.max_inflight_messages_set(window)
    client.on_message = lambda *_: arrived.release()
    client.connect(host, int(port))
    client.loop_start()
    thing = str(uuid.uuid4())
    server.call("/locks/900001/CreateLock", {"index": 900001, "uuid": thing})
    client.subscribe([(f"$aws/things/{thing}/shadow/update/accepted", 1), (f"$aws/things/{thing}/shadow/update/rejected", 1), ("bench", 1)])
    time.sleep(0.5)
    updates = []
    for _ in range(count):
        # A name in ten is taken away, the others get new values.
        part = {f"member-{chance.randrange(150):03}": None if chance.random() < 0.1 else "v" * chance.randrange(40) for _ in range(120)}
        updates.append(json.dumps({"state": {"reported": part}}))

    def measured(topic):
        begin, waiting = time.monotonic(), 0
        for update in updates:
            client.publish(topic, update, qos=1)
            waiting += 1
            if waiting == window:
                arrived.acquire()
                waiting -= 1
        for _ in range(waiting):
            arrived.acquire()
        return count / (time.monotonic() - begin)

    ours, floor = measured(f"$aws/things/{thing}/shadow/update"), measured("bench")
    client.loop_stop()
    kilobytes = sum(map(len, updates)) / count / 1024
    say("shadow", ours / floor, f"{ours:,.0f} updates/s of {kilobytes:.1f} KB ({1e6 / ours / kilobytes:,.0f} µs per KB, one device) ÷ {floor:,.0f} through the broker alone")


def main():
    server = Server("one")
    time.sleep(3)
    with open(f"/proc/{server.processes[0].pid}/status") as handle:
        say("rss", int(re.search(r"VmRSS:\s+(\d+)", handle.read())[1]) / 1024, "MB idle, one process with all modules")
    server.locks(LOCKS)
    commands(server, "warm")
    ours = commands(server, "a")
    floor = pgbench("one", FLOOR)
    say("commands", ours / floor, f"{ours:,.0f} AddKey/s (acknowledgements counted in both) ÷ {floor:,.0f} of pgbench, 32 clients")

    details = f'local n = 0\nfunction request() n = n + 1; return wrk.format("GET", "/locks/" .. (1 + n % {LOCKS}) .. "/basic-info") end'
    ours, _ = server.wrk(details)
    constant, _ = server.wrk('function request() return wrk.format("GET", "/constant/of/about/the/same/size") end')
    say("queries", ours / constant, f"{ours:,.0f} GET basic-info/s ÷ {constant:,.0f} constant answers (the 404 body)")

    lists(server)
    guests(server, commands(server, "beside"))

    staff = {"X-Admin-API-Key": "bench", "Authorization": "Bearer " + subprocess.run(
        [SPKEY, "token", "--email", "b@smartphonekey.com"], env=server.environment, capture_output=True, text=True).stdout.strip(),
        "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(
        f"http://127.0.0.1:{server.port}/tenants/bench/webhooks", json.dumps({"url": "http://127.0.0.1:9/none", "events": ["OwnerSet"]}).encode(), staff))
    latency(server)
    server = dispatch(server)

    on = commands(server, "on")
    sql("one", "UPDATE partners.checkpoints SET until = 9000000000000, holder = 'bench', token = token + 1")
    time.sleep(1)
    off = commands(server, "off")
    say("writers", on / off, f"{on:,.0f} ÷ {off:,.0f} AddKey/s with the fan-out on and off")
    sql("one", "UPDATE partners.checkpoints SET until = 0")

    server.processes[0].send_signal(signal.SIGKILL)
    server.processes[0].wait()
    begin = time.monotonic()
    server.processes = []
    server.serve([], server.port)
    server.wait_ready()
    say("ready", time.monotonic() - begin, "s from the start after kill -9 to /readyz 200")
    one, inside = commands(server, "one"), ask(server)
    server.stop()

    opens()
    five = Server("five", modules=["access", "identity", "devices", "video", "partners"])
    five.locks(LOCKS)
    commands(five, "warm")
    spread = commands(five, "five")
    say("split", spread / one, f"{spread:,.0f} AddKey/s with five processes behind nginx ÷ {one:,.0f} with one; an ask costs "
        f"{ask(five):.2f} ms through PostgreSQL and {inside:.2f} ms inside a process, p50")
    five.stop()
    print()
    for name, value, _ in results:
        print(f"ratio {name} {value:.3f}")


main()
