"""From the request to the hub: opens and shadows over mosquitto."""

import json
import random
import socket
import statistics
import subprocess
import threading
import time
import uuid

import paho.mqtt.client as mqtt
import psycopg

from commands import add_key
from report import Reading
from server import BROKER, LOCKS, POSTGRES, count_statements, sql


class Wire:
    """A connection that sends head and body in one packet, as clients written for speed do."""

    def __init__(self, server):
        self.server = server
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, path, body=b"{}"):
        self.socket.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {self.server.key}\r\nContent-Type: application/json\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def get(self, path):
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {self.server.key}\r\n\r\n".encode())
        return self.receive()

    def receive(self):
        """The status of the answer, read to its end."""
        text = b""
        while b"\r\n\r\n" not in text:
            text += self.more()
        head, _, body = text.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += self.more()
        return int(head.split()[1])

    def more(self):
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part


class Hub:
    """Hears the commands of all things."""

    def __init__(self):
        host, port = BROKER.split(":")
        self.heard, self.arrived = 0.0, threading.Event()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self.client.on_message = self.take
        self.client.connect(host, int(port))
        self.client.socket().setsockopt(6, 1, 1)
        self.client.loop_start()
        self.client.subscribe([("$aws/things/+/shadow/name/+/update/delta", 1), ("bench", 1)])
        time.sleep(0.5)

    def take(self, _, __, message):
        self.heard = time.perf_counter()
        self.arrived.set()

    def span(self, act):
        """Seconds from an act until the hub hears of it."""
        self.arrived.clear()
        begin = time.perf_counter()
        act()
        if not self.arrived.wait(5):
            raise SystemExit("the hub has heard nothing")
        return self.heard - begin

    def stop(self):
        self.client.loop_stop()


def p50_ms(spans):
    return statistics.median(spans) * 1000


def opens(build, seconds):
    """OpenLock from request to hub ÷ one commit and one hop."""
    server, hub = build.opens, Hub()
    wire, spans, answers = Wire(server), [], []
    for n in range(400):
        begin = time.perf_counter()
        spans.append(hub.span(lambda: wire.send(f"/locks/{1 + n % 20}/OpenLock")))
        if wire.receive() != 200:
            raise SystemExit("an open was refused")
        answers.append(time.perf_counter() - begin)
    hops = [hub.span(lambda: hub.client.publish("bench", b"x" * 200, qos=1)) for _ in range(400)]
    commits = []
    with psycopg.connect(f"{POSTGRES}/{server.name}", autocommit=True) as connection:
        for n in range(400):
            begin = time.perf_counter()
            connection.execute("INSERT INTO devices.messages (thing, direction, payload, at) VALUES ('t', 'x', '{}', 0)")
            commits.append(time.perf_counter() - begin)
    hub.stop()
    commit, hop = p50_ms(commits), p50_ms(hops)
    words = f"ms, p50, to the hub ÷ ({commit:.2f} commit + {hop:.2f} hop); answered after {p50_ms(answers):.2f} ms"
    return {"open": Reading(p50_ms(spans), words, commit + hop), "statements_open": statements(build)}


def statements(build):
    """Statements that one open causes, its reactions included: those of opens in a row less those of silence."""
    server, wire, count = build.opens, Wire(build.opens), 100

    def calls(act):
        sql(server.name, "SELECT pg_stat_statements_reset()")
        act()
        return sql(server.name, "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query NOT LIKE '%%pg_stat%%'")[0][0]

    def run():
        for n in range(count):
            wire.send(f"/locks/{1 + n % 20}/OpenLock")
            wire.receive()
            time.sleep(0.02)

    sql(server.name, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    count_statements(True)
    begin = time.monotonic()
    busy = calls(run)
    took = time.monotonic() - begin
    silent = calls(lambda: time.sleep(took))
    count_statements(False)
    return Reading(float(busy - silent) / count, "statements per open, reactions included, polls of an idle server taken off")


def half_load(build, seconds):
    """Opens to the hub beside AddKey at about half of the full rate, all answered by hubs."""
    server = build.opens
    hubs = subprocess.Popen([server.binary, "simulate", "--hubs", "1"], env=server.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        load = add_key().replace(f"% {LOCKS}", "% 400")
        full = server.wrk(load, 2)[0]
        # 32 connections, each of which pauses between its requests.
        pause = int(32 * 1000 / (full / 2))
        thread = threading.Thread(target=server.wrk, args=(add_key(pause).replace(f"% {LOCKS}", "% 400"), seconds + 1))
        thread.start()
        time.sleep(0.5)
        wire, spans, end = Wire(server), [], time.monotonic() + seconds
        while time.monotonic() < end:
            # Only the open's own message counts, whatever the load has published between.
            spans.append(answered(server, wire))
            time.sleep(0.01)
        thread.join()
        server.settle()
    finally:
        hubs.terminate()
        hubs.wait()
    spans.sort()
    words = f"ms, p99, request to answer (p50 {p50_ms(spans):.1f}), beside {full / 2:.0f} AddKey/s, half of the full rate"
    return {"open_half_load": Reading(spans[len(spans) * 99 // 100] * 1000, words)}


def answered(server, wire):
    begin = time.perf_counter()
    wire.send(f"/locks/{random.randint(1, 400)}/OpenLock")
    wire.receive()
    return time.perf_counter() - begin


def ask(build, seconds):
    """Milliseconds, p50, of a question that Identity must ask Access (a user's own locks) less one that it answers itself (the profile)."""

    def median(server):
        user, wire = server.user(), Wire(server)

        def spans(path):
            for _ in range(300):
                begin = time.perf_counter()
                wire.get(f"/users/{user}/{path}")
                yield time.perf_counter() - begin

        return p50_ms(spans("owned-locks")) - p50_ms(spans("profile"))

    return {"ask": Reading(median(build.five), f"ms through PostgreSQL; {median(build.one):.2f} inside a process, p50")}


def shadows(build, seconds):
    """Updates of a shadow by its device, of random members up to the largest document ÷ the same messages through the broker alone."""
    host, port = BROKER.split(":")
    client, arrived, chance, count, window = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2), threading.Semaphore(0), random.Random(7), 800, 40
    client.max_inflight_messages_set(window)
    client.on_message = lambda *_: arrived.release()
    client.connect(host, int(port))
    client.loop_start()
    thing, number = str(uuid.uuid4()), build.next_lock()
    build.opens.call(f"/locks/{number}/CreateLock", {"index": number, "uuid": thing})
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
    return {"shadow": Reading(ours, f"updates/s of {kilobytes:.1f} KB ({1e6 / ours / kilobytes:,.0f} µs per KB, one device) ÷ through the broker alone", floor)}
