"""Allocations, and retains and releases of objects, for each command and each query: counted by the kernel's uprobes, which slow the server down."""

import os
import re
import subprocess
import time

from commands import add_key, drained
from report import Reading
from server import LOCKS

LIBRARIES = {"libc.so.6": ["malloc", "calloc", "realloc"], "libswiftCore.so": ["swift_retain", "swift_release"]}


def probes(pid):
    """Sets the probes on the libraries that a process uses; returns their names."""
    with open(f"/proc/{pid}/maps") as handle:
        paths = {os.path.basename(line.split()[-1]): line.split()[-1] for line in handle if "/" in line}
    names = []
    subprocess.run(["perf", "probe", "-q", "-d", "spkeybench:*"], capture_output=True)
    for library, functions in LIBRARIES.items():
        for function in functions:
            subprocess.run(["perf", "probe", "-q", "-x", paths[library], "--add", f"spkeybench:{function}={function}"], check=True)
            names.append(f"spkeybench:{function}")
    return names


def counted(pid, names, act):
    """How often the probes were met while `act` ran, by name, and what it returned."""
    watch = subprocess.Popen(["perf", "stat", "-x,", "-e", ",".join(names), "-p", str(pid)], stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    result = act()
    watch.send_signal(2)
    text = watch.communicate()[1]
    return {name: int(found[1]) if (found := re.search(rf"^(\d+),[^,]*,{name}", text, re.M)) else 0 for name in names}, result


def allocations(build, seconds):
    server = build.one
    pid = server.pids()[0]
    names = probes(pid)

    def of(act, label):
        counts, number = counted(pid, names, act)
        made = sum(count for name, count in counts.items() if "swift_" not in name) / number
        references = sum(count for name, count in counts.items() if "swift_" in name) / number
        return {f"malloc_{label}": Reading(made, f"allocations per {label}"), f"retain_{label}": Reading(references, f"retains and releases per {label}")}

    def commands():
        begin = time.monotonic()
        rate = drained(server, add_key(), seconds)
        return rate * (time.monotonic() - begin)

    def queries():
        script = f'local n = 0\nfunction request() n = n + 1; return wrk.format("GET", "/locks/" .. (1 + n % {LOCKS}) .. "/basic-info") end'
        return server.wrk(script, seconds)[0] * seconds

    server.wrk('function request() return wrk.format("GET", "/locks/1/basic-info") end', 1)
    try:
        return of(commands, "command") | of(queries, "query")
    finally:
        subprocess.run(["perf", "probe", "-q", "-d", "spkeybench:*"], capture_output=True)
