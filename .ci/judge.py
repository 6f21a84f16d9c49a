"""Reads the table of a conformance run: judge.py NAME TABLE LOG FINISHED. Exit status 1 when a finished operation fails.

An operation counts as finished with a number of scenarios that may fail: those that set out from an operation which is still to come.
"""

import json
import re
import sys

name, table, log, finished = sys.argv[1:5]
with open(table, encoding="utf-8") as handle:
    operations = {o["operation"]: o for o in json.load(handle)["operations"]}
with open(log, encoding="utf-8") as handle:
    text = handle.read()
bad, judged = [], 0
with open(finished, encoding="utf-8") as handle:
    for line in handle:
        if not line.strip() or line.startswith("#"):
            continue
        key, _, allowed = line.rstrip("\n").partition("\t")
        scenarios = operations[key]["scenarios"]
        judged += 1
        if scenarios.get("failed", 0) > int(allowed or 0) or not scenarios.get("passed"):
            bad.append(f"{key}: {scenarios}")
print(f"{name}: {judged} finished operations of other modules, {len(bad)} failing")
for line in bad:
    print("  " + line)
if bad:
    for found in re.findall(r"^E   .*$", text, re.M)[:40]:
        print("  " + found[:300])
sys.exit(1 if bad else 0)
