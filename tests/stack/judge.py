# SPDX-License-Identifier: GPL-2.0-or-later
"""The judge: reads what clients wrote down, and says what the data base did that it must not.

A history is a list of operations, each a dictionary:
  client    who asked
  t0, t1    when it was asked and answered (CLOCK_BOOTTIME, seconds)
  work      register, set, bank, redis or token
  op        write, read, add, transfer, issue, revoke, check
  key       which register or token; absent: there is one
  value     what was written or read; a list for a read of a set or a bank
  result    ok    it was acknowledged
            no    it was refused: it did not happen
            maybe no answer came: it may have happened, then or later
  final     true: read after all was mended, when nobody wrote any more

Pure functions: a history in, problems out. Each problem is {kind, at, text, op}; no problem is no proof, but
a problem is one: everything that is called a problem here breaks a promise that was made to a client.
"""
FAR = float("inf")


def problem(kind, op, text, at=None):
    return {"kind": kind, "at": op["t1"] if at is None else at, "text": text, "op": op}


def named(op):
    return f"{op['client']} at {op['t0']:.3f}"


# ---- registers: every write has a value of its own ------------------------------------------------
def zones(writes, reads):
    """Gibbons and Korach 1997: for each value, from the first answer to the last question about it."""
    out = []
    for value, write in writes.items():
        about = [write] + reads.get(value, [])
        first_answer = min(FAR if o["result"] == "maybe" and o is write else o["t1"] for o in about)
        last_question = max(o["t0"] for o in about)
        if first_answer < FAR:  # else: never answered, never read; it may have happened at any time or never
            out.append((min(first_answer, last_question), max(first_answer, last_question),
                        first_answer < last_question, value))
    return sorted(out, key=lambda z: z[:2])


def register_key(key, ops):
    """A register is linearizable exactly if no problem is found (all values written differ)."""
    writes, reads, out = {}, {}, []
    for o in ops:
        if o["op"] == "write" and o["result"] != "no":
            writes[o["value"]] = o
    refused = {o["value"] for o in ops if o["op"] == "write" and o["result"] == "no"}
    for o in ops:
        if o["op"] != "read" or o["result"] != "ok":
            continue
        v = o["value"]
        if v is None:
            older = [w for w in writes.values() if w["result"] == "ok" and w["t1"] < o["t0"]]
            if older:
                out.append(problem("stale", o, f"{named(o)} read no {key}; {older[-1]['value']} was acknowledged before"))
        elif v in refused and v not in writes:
            out.append(problem("phantom", o, f"{named(o)} read {key} = {v}, whose write was refused"))
        elif v not in writes:
            out.append(problem("phantom", o, f"{named(o)} read {key} = {v}, which nobody wrote"))
        elif o["t1"] < writes[v]["t0"]:
            out.append(problem("phantom", o, f"{named(o)} read {key} = {v} before it was written"))
        else:
            reads.setdefault(v, []).append(o)
    found = zones(writes, reads)
    forward = [z for z in found if z[2]]
    for a, b in zip(forward, forward[1:]):
        if b[0] < a[1]:
            late = max([writes[b[3]], writes[a[3]]] + reads.get(a[3], []) + reads.get(b[3], []), key=lambda o: o["t0"])
            out.append(problem("stale", late, f"{key}: {a[3]} and {b[3]} were both current from {b[0]:.3f} to "
                               f"{min(a[1], b[1]):.3f}"))
    for z in found:
        if not z[2]:
            around = next((f for f in forward if f[0] < z[0] and z[1] < f[1]), None)
            if around:
                seen = reads.get(z[3])
                out.append(problem("stale" if seen else "lost", seen[0] if seen else writes[z[3]],
                                   f"{key} = {z[3]} was {'read' if seen else 'acknowledged'}, and {around[3]} was "
                                   "current before and after it"))
    return out


def register(ops):
    keys = {}
    for o in ops:
        keys.setdefault(o.get("key", "register"), []).append(o)
    return [p for key, of_key in sorted(keys.items()) for p in register_key(key, of_key)]


# ---- a set that only grows ------------------------------------------------------------------------
def set_(ops):
    adds = {o["value"]: o for o in ops if o["op"] == "add"}
    out, missed = [], set()
    for r in sorted((o for o in ops if o["op"] == "read" and o["result"] == "ok"), key=lambda o: o["t0"]):
        have = set(r["value"])
        for v in have:
            if v not in adds:
                out.append(problem("phantom", r, f"{named(r)} read {v}, which nobody added"))
            elif adds[v]["result"] == "no":
                out.append(problem("phantom", r, f"{named(r)} read {v}, which was refused"))
        for v, a in adds.items():
            if a["result"] != "ok" or a["t1"] >= r["t0"] or v in have or v in missed:
                continue
            if r.get("final"):
                missed.add(v)
                out.append(problem("lost", a, f"{v} was acknowledged to {a['client']} at {a['t1']:.3f} and is gone"))
            elif v not in missed:
                missed_now = problem("stale", r, f"{named(r)} did not see {v}, acknowledged at {a['t1']:.3f}")
                if not any(p["kind"] == "stale" and p["op"] is r for p in out):
                    out.append(missed_now)
    return out


# ---- a bank: money moves, the sum stays -----------------------------------------------------------
def bank(ops, total=None):
    out = []
    reads = [o for o in ops if o["op"] == "read" and o["result"] == "ok"]
    total = sum(reads[0]["value"]) if reads and total is None else total
    for r in reads:
        if sum(r["value"]) != total:
            out.append(problem("torn", r, f"{named(r)} saw {sum(r['value'])} in the bank, not {total}"))
    # Each acknowledged transfer leaves a row in the ledger; the final read brings them all.
    for r in reads:
        if r.get("final") and "ledger" in r:
            have = set(r["ledger"])
            for o in ops:
                if o["op"] == "transfer" and o["result"] == "ok" and o["value"] not in have:
                    out.append(problem("lost", o, f"transfer {o['value']} was acknowledged to {o['client']} and is gone"))
                if o["op"] == "transfer" and o["result"] == "no" and o["value"] in have:
                    out.append(problem("phantom", o, f"transfer {o['value']} was refused and happened"))
    return out


# ---- tokens: issued ones hold, revoked ones do not --------------------------------------------------
def token(ops):
    out, revoked = [], {}
    issued = {o["key"]: o for o in ops if o["op"] == "issue" and o["result"] == "ok"}
    for o in ops:
        if o["op"] == "revoke" and o["result"] != "no":
            revoked[o["key"]] = o
    for o in ops:
        if o["op"] != "check" or o["result"] != "ok":
            continue
        r = revoked.get(o["key"])
        if o["value"] and r and r["result"] == "ok" and r["t1"] < o["t0"]:
            out.append(problem("stale", o, f"{named(o)}: a token is good that was revoked at {r['t1']:.3f}"))
        if not o["value"] and o["key"] in issued and issued[o["key"]]["t1"] < o["t0"] and (not r or r["t0"] > o["t1"]):
            out.append(problem("lost", issued[o["key"]], f"{named(o)}: a token is not good that was issued at "
                               f"{issued[o['key']]['t1']:.3f}"))
    return out


CHECKS = {"register": register, "set": set_, "redis": set_, "bank": bank, "token": token}


def judge(history):
    """All problems of all workloads, in the order of time."""
    works = {}
    for o in history:
        works.setdefault(o["work"], []).append(o)
    out = []
    for work, ops in works.items():
        for p in CHECKS[work](sorted(ops, key=lambda o: o["t0"])):
            out.append({**p, "work": work})
    return sorted(out, key=lambda p: p["at"])


def overlaps(spans):
    """spans: [(from, to or None, who)]. Pairs by different owners that overlap: (from, to, who, who)."""
    spans = sorted((a, FAR if b is None else b, w) for a, b, w in spans)
    out = []
    for i, x in enumerate(spans):
        for y in spans[i + 1:]:
            if y[0] < x[1] and y[2] != x[2]:
                out.append((y[0], min(x[1], y[1]), x[2], y[2]))
    return out


def gap(history, t0, work=None, of=("write", "add", "transfer"), client=None):
    """Seconds from t0 to the first acknowledged change that was asked for after it, or None."""
    ends = [o["t1"] for o in history if o["t0"] >= t0 and o["result"] == "ok" and o["op"] in of and
            (work is None or o["work"] == work) and (client is None or o["client"] == client)]
    return min(ends) - t0 if ends else None


def silence(history, t0, t1):
    """The longest time without an answer that was good, of what was asked between t0 and t1: (seconds, from, to)."""
    good = sorted(o["t1"] for o in history if o["result"] == "ok" and o["t1"] <= t1)
    before = max((t for t in good if t <= t0), default=t0)
    marks = [max(before, t0 - 1), *[t for t in good if t > t0], t1]
    return max((b - a, a, b) for a, b in zip(marks, marks[1:]))
