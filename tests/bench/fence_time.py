#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Times fence agents side by side, in turns, so that the machine's mood hits both alike.

    fence_time.py CASE RUNS PARALLEL PREPARE OURS... -- PEER...

Runs PREPARE (a shell line, not timed) and then a command, RUNS times each, PARALLEL at once. Prints one
line: median wall time, CPU time of all processes, and the largest resident set, ours and the peer's.
An exit status other than 0 (2 for a status of off) ends it.
"""
import os
import resource
import statistics
import subprocess
import sys
import time


def run(command, parallel):
    null = subprocess.DEVNULL
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    children = [subprocess.Popen(command, stdin=null, stdout=null, stderr=null) for _ in range(parallel)]
    rss = 0
    for child in children:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        rss = max(rss, usage.ru_maxrss)
        if child.returncode not in (0, 2):
            sys.exit(f"{' '.join(command)}: exit status {child.returncode}")
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, rss / 1024


def main():
    case, runs, parallel, prepare = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    split = sys.argv.index("--")
    commands = [sys.argv[5:split], sys.argv[split + 1:]]
    seen = [[], []]
    for _ in range(runs):
        for i, command in enumerate(commands):
            if command:
                subprocess.run(["sh", "-c", prepare], check=True)
                seen[i].append(run(command, parallel))
    cells = []
    for rows in seen:
        if rows:
            wall, cpu = (statistics.median(r[k] for r in rows) for k in (0, 1))
            cells += [wall, cpu, max(r[2] for r in rows)]
    line = f"{case:<34} {cells[0] * 1000:8.1f} {cells[1] * 1000:7.1f} {cells[2]:6.1f}"
    if len(cells) > 3:
        line += f" {cells[3] * 1000:9.1f} {cells[4] * 1000:8.1f} {cells[5]:6.1f}"
        line += f" {cells[3] / cells[0]:6.1f}x {cells[4] / max(cells[1], 1e-4):6.1f}x {cells[5] / cells[2]:5.1f}x"
    print(line, flush=True)


main()
