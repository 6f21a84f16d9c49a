"""The measures behind ops/bench. Each stands beside its floor; both are taken in this one run, on the same server and disk.

Every measure runs in interleaved rounds: with several builds (--against), each round takes all of them in turn.
"""

import argparse
import os
import re
import time

import allocations
import commands
import events
import opens
import peers
import queries
from report import Reading, line
from server import FOLDER, LOCKS, Server, count_statements

MODULES = ["access", "identity", "devices", "video", "partners"]


class Build:
    """A build of the platform and the servers that run it, each started when it is first needed."""

    def __init__(self, label, binary):
        self.label, self.binary, self.servers = label, binary, {}
        self.guest_keys, self.rich_user, self.is_heard, self.lock = [], None, False, 900_000

    def server(self, name, locks, **options):
        if name not in self.servers:
            server = self.servers[name] = Server(self.binary, f"{name}_{self.label}", **options)
            server.locks(locks)
            if locks == LOCKS:
                commands.drained(server, commands.add_key(), 3)
        return self.servers[name]

    @property
    def one(self):
        return self.server("one", LOCKS)

    @property
    def opens(self):
        return self.server("opens", 400, broker=True)

    @property
    def sqlite(self):
        return self.server("sqlite", LOCKS, path=f"{FOLDER}/{self.label}.db")

    @property
    def five(self):
        return self.server("five", LOCKS, modules=MODULES)

    def next_lock(self):
        self.lock += 1
        return self.lock

    def stop(self, *names):
        for name in names:
            if name in self.servers:
                self.servers.pop(name).stop()


def rss(build, seconds):
    server = Server(build.binary, f"idle_{build.label}_{time.time_ns()}")
    time.sleep(3)
    with open(f"/proc/{server.pids()[0]}/status") as handle:
        idle = int(re.search(r"VmRSS:\s+(\d+)", handle.read())[1]) / 1024
    server.kill()
    begin = time.monotonic()
    server.serve([], server.port)
    server.wait_ready()
    ready = time.monotonic() - begin
    server.stop()
    return {"rss": Reading(idle, "MB idle, one process with all modules"),
            "ready": Reading(ready, "s from the start after kill -9 to /readyz 200")}


# Which servers a measure needs no longer is stopped before the next group begins, so that few things run beside what is measured.
GROUPS = [
    (("one",), {"rss": rss, "commands": commands.commands, "queries": queries.queries, "list": queries.lists, "guests": commands.guests,
                "latency": events.latency, "latency_load": events.latency_load, "writers": events.writers, "dispatch": events.dispatch, "fastapi": peers.fastapi}),
    (("sqlite",), {"commands_sqlite": peers.on_sqlite}),
    (("opens",), {"open": opens.opens, "half_load": opens.half_load, "shadow": opens.shadows}),
    (("one", "five"), {"split": commands.split, "ask": opens.ask}),
]


def main():
    names = [name for _, group in GROUPS for name in group]
    parser = argparse.ArgumentParser(prog="ops/bench", description=__doc__.splitlines()[0])
    parser.add_argument("seconds", nargs="?", type=int, default=4, help="of each load (4)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help=f"names, separated by commas, of: {', '.join(names)}")
    parser.add_argument("--allocations", action="store_true", help="count allocations, retains and releases instead; needs root and perf")
    parser.add_argument("--against", help="another spkey binary, measured in turns with this tree's")
    options = parser.parse_args()
    wanted = options.only.split(",") if options.only else names
    if unknown := set(wanted) - set(names):
        parser.error(f"no measure is named {', '.join(sorted(unknown))}")
    builds = [Build("ours", os.environ["BENCH_SPKEY"])]
    if options.against:
        builds.insert(0, Build("other", os.path.abspath(options.against)))
    count_statements(False)
    ratios = []
    groups = [(("one",), {"allocations": allocations.allocations})] if options.allocations else GROUPS
    wanted = ["allocations"] if options.allocations else wanted
    for servers, group in groups:
        for name, measure in group.items():
            if name not in wanted:
                continue
            readings = {build.label: {} for build in builds}
            for _ in range(options.rounds):
                for build in builds:
                    for key, reading in measure(build, options.seconds).items():
                        readings[build.label].setdefault(key, []).append(reading)
            for key in readings["ours"]:
                for build in builds:
                    label = f"{build.label:6}" if len(builds) > 1 else ""
                    print(label + line(key, readings[build.label][key]), flush=True)
            ratios += [(key, sorted(r.ratio for r in found)[len(found) // 2]) for key, found in readings["ours"].items()]
        for build in builds:
            build.stop(*servers)
    print()
    for name, value in ratios:
        print(f"ratio {name} {value:.3f}")


main()
