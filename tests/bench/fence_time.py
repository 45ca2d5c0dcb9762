#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Times fence agents side by side, in turns, so that the machine's mood hits both alike.

    fence_time.py CASE RUNS PARALLEL PREPARE EVIDENCE OURS... -- PEER...

Runs PREPARE (a shell line, not timed) and then a command, RUNS times each, PARALLEL at once. Prints one line:
median wall time, CPU time of all processes, and the largest resident set, ours and the peer's, and which aims
are met: a tenth of the peer's CPU time, half of its memory, and no more wall time than the device takes and
20 ms. What the device took is what our agent waited for it, from the evidence it writes to the file EVIDENCE;
'' = the device has no part in it, '-' = not told (many at once wait for one device and for each other). A row
ends early after 15 s. That the packaged agent failed is said in its row; ours must not.
"""
import json
import os
import statistics
import subprocess
import sys
import time

WALL_MS, CPU, MEMORY = 20, 10, 2  # the aims
PATIENCE_S = 15
WAITS = {"http", "login", "get", "set", "identity"}  # steps of the evidence that talk to the device


RUN = os.path.join(os.environ.get("PICKET_BUILD", ".build/gcc"), "tools/bench/run_cost")


def run(command, parallel):
    out = subprocess.run([RUN, str(parallel), *command], stdout=subprocess.PIPE, text=True, check=True).stdout
    wall, cpu, rss, failed = out.split()
    return float(wall), float(cpu), int(rss) / 1024, int(failed)


def waited(path):
    """Of a Redfish call the requests are the waiting; what is read from their answers comes on top."""
    with open(path, encoding="utf-8") as f:
        steps = [json.loads(line) for line in f]
    steps = [s for s in steps if s["step"] in WAITS]
    http = [s for s in steps if s["step"] == "http"]
    return sum(s.get("ms", 0) for s in http or steps)


def main():
    case, runs, parallel, prepare, evidence = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:6]
    split = sys.argv.index("--")
    ours, peer = sys.argv[6:split], sys.argv[split + 1:]
    told = evidence not in ("", "-")
    if told:
        ours += ["--evidence=" + evidence]
    seen, beyond, start = [[], []], [], time.monotonic()
    for _ in range(runs):
        if beyond and time.monotonic() - start > PATIENCE_S:
            break
        for i, command in enumerate((ours, peer)):
            if not command:
                continue
            subprocess.run(["sh", "-c", prepare], check=True)
            if told:
                open(evidence, "w", encoding="utf-8").close()
            seen[i].append(run(command, parallel))
            if i == 0 and seen[0][-1][3]:
                sys.exit(f"{case}: {seen[0][-1][3]} of ours failed: {' '.join(command)}")
            if i == 0:
                beyond.append(seen[i][-1][0] - (waited(evidence) if told else 0))
    cells = [[statistics.median(r[0] for r in rows), statistics.median(r[1] for r in rows), max(r[2] for r in rows)]
             for rows in seen if rows]
    line = f"{case:<33}"
    extra = f"{statistics.median(beyond):7.1f}" if evidence != "-" else f"{'':>7}"
    for i, (wall, cpu, rss) in enumerate(cells):
        line += f" {wall:8.1f}" + (extra if i == 0 else "") + f" {cpu:8.1f} {rss:5.1f}"
    missed = []
    if evidence != "-" and statistics.median(beyond) > WALL_MS:
        missed.append("wall")
    if peer:
        ratio = [theirs / max(own, 1e-4) for own, theirs in zip(*cells)]
        line += "".join(f" {r:6.1f}x" for r in ratio)
        missed += ["cpu"] if ratio[1] < CPU else []
        missed += ["memory"] if ratio[2] < MEMORY else []
    failed = sum(r[3] for r in seen[1])
    if failed:
        line += f"  ({failed} of {len(seen[1]) * parallel} packaged ones failed)"
    print(line, " missed: " + ", ".join(missed) if missed else " met", flush=True)


main()
