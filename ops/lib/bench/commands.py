"""AddKey and the opens of guests until the last device has answered ÷ pgbench with the statements of one AddKey."""

import json
import os
import re
import subprocess
import time
import uuid

from report import Reading
from server import FOLDER, LOCKS, POSTGRES, cpu_seconds, postgres_pids

HEAD = "local n, thread = 0, 0\nfunction setup(t) t:set('id', thread); thread = thread + 1 end\n"


def add_key(pause=0):
    """The load of AddKey, each key with an id of its own. `pause`: milliseconds between the requests of a connection."""
    delay = f"function delay() return {pause} end\n" if pause else ""
    return HEAD + delay + f"""
function request()
    n = n + 1
    local body = string.format('{{"keyUuid":"{uuid.uuid4().hex[:8]}-%d-%d","keyIndexNumber":%d}}', id, n, n)
    return wrk.format("POST", "/locks/" .. (1 + (n * 2 + id) % {LOCKS}) .. "/AddKey", nil, body)
end
"""


def drained(server, script, seconds):
    """Requests per second until the last device has answered, the draining included."""
    started = time.monotonic()
    rate, failed = server.wrk(script, seconds)
    if failed:
        print(f"  ({failed} requests were refused)", flush=True)
    server.settle()
    return rate * seconds / (time.monotonic() - started)


def pgbench(database, script, seconds, clients=32):
    path = f"{FOLDER}/floor.sql"
    with open(path, "w") as handle:
        handle.write(script)
    text = subprocess.run([os.environ["BENCH_PGBENCH"], "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds), "-f", path,
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


def commands(build, seconds):
    server = build.one
    before = cpu_seconds(server.pids()), cpu_seconds(postgres_pids())
    started = time.monotonic()
    ours = drained(server, add_key(), seconds)
    count = ours * (time.monotonic() - started)
    after = cpu_seconds(server.pids()), cpu_seconds(postgres_pids())
    own, database = (1e6 * (b - a) / count for a, b in zip(before, after))
    floor = pgbench(server.name, FLOOR, seconds)
    return {"commands": Reading(ours, "AddKey/s, acknowledged ÷ pgbench, 32 clients", floor),
            "cpu_command": Reading(own + database, f"µs of processor per AddKey: server {own:.0f}, PostgreSQL {database:.0f}")}


def guests(build, seconds):
    """Opens by link and by PIN, over a thousand doors with a key each ÷ AddKey."""
    server = build.one
    if not build.guest_keys:
        window = {"validFrom": "2020-01-01T00:00:00Z", "validUntil": "2099-01-01T00:00:00Z"}
        build.guest_keys = [server.call("/temp-keys", {**window, "doors": [{"lockId": lock, "accessMethod": "both"}]}) for lock in range(1, 1001)]
    table = "local keys = {" + ",".join('"%s"' % key["uuid"] for key in build.guest_keys) + "}\n"
    pins = "local pins = {" + ",".join('"%s"' % key["pin"] for key in build.guest_keys) + "}\n"
    floor = drained(server, add_key(), seconds)
    opened = drained(server, table + HEAD + """function request()
        n = n + 1
        return wrk.format("POST", "/temp-keys/" .. keys[1 + (n * 2 + id) % 1000] .. "/doors/1/open", {}, "")
    end""", seconds)
    typed = drained(server, pins + HEAD + """function request()
        n = n + 1
        local door = 1 + (n * 2 + id) % 1000
        return wrk.format("POST", "/locks/" .. door .. "/open-with-pin", {["Content-Type"] = "application/json"}, '{"pin":"' .. pins[door] .. '"}')
    end""", seconds)
    return {"bulk_open": Reading(opened, "opens by guests/s ÷ AddKey/s", floor), "pin": Reading(typed, "opens by PIN/s ÷ AddKey/s", floor)}


def split(build, seconds):
    """AddKey of five processes behind nginx ÷ of one process."""
    spread, one = drained(build.five, add_key(), seconds), drained(build.one, add_key(), seconds)
    return {"split": Reading(spread, "AddKey/s with five processes behind nginx ÷ with one", one)}
