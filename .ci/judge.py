"""Reads the table of a conformance run: judge.py NAME TABLE LOG FINISHED. Exit status 1 when a finished operation or the main job fails.

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
main_job = re.findall(r"FAILED tests/test_main_job.py::\S+", text)
print(f"{name}: {judged} finished operations, {len(bad)} failing; main job: {'failing' if main_job else 'passing'}")
for line in bad + main_job:
    print("  " + line)
if bad or main_job:
    for found in re.findall(r"^E   .*$", text, re.M)[:40]:
        print("  " + found[:300])
sys.exit(1 if bad or main_job else 0)
