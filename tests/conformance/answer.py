# SPDX-License-Identifier: GPL-2.0-or-later
"""What a planner answers, in one shape: {summary, placement, graph}; of picket and of crm_simulate."""
import collections
import json
import os
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ET


def bag(items):
    return collections.Counter(json.dumps(i, sort_keys=True) for i in items or [])


def closure(graph):
    after = collections.defaultdict(set)
    for a, b in graph["before"]:
        after[a].add(b)
    pairs = set()
    for a in list(after):
        seen, todo = set(), list(after[a])
        while todo:
            b = todo.pop()
            if b not in seen:
                seen.add(b)
                todo += after.get(b, ())
        pairs |= {(a, b) for b in seen}
    return pairs


def differs(want, got):
    """The parts in which two answers differ."""
    out = []
    if want["placement"] != got["placement"]:
        out.append("placement")
    if bag(want["summary"]) != bag(got["summary"]):
        out.append("summary")
    if (bag(want["graph"]["actions"]) != bag(got["graph"]["actions"])
            or closure(want["graph"]) != closure(got["graph"])):
        out.append("graph")
    return out


def explain(want, got, most=8):
    """Lines that show how they differ."""
    out = []

    def sides(what, a, b):
        out.extend(f"{what} missing: {x}" for x in sorted(a)[:most])
        out.extend(f"{what} too many: {x}" for x in sorted(b)[:most])

    for name in sorted(set(want["placement"]) | set(got["placement"])):
        w, g = want["placement"].get(name), got["placement"].get(name)
        if w != g:
            out.append(f"placement of {name}: {w} wanted, {g} found")
    out = out[:most]
    for what, w, g in (("summary", bag(want["summary"]), bag(got["summary"])),
                       ("action", bag(want["graph"]["actions"]), bag(got["graph"]["actions"]))):
        sides(what, (w - g).elements(), (g - w).elements())
    w, g = closure(want["graph"]), closure(got["graph"])
    both = set(want["graph"]["actions"]) & set(got["graph"]["actions"])
    sides("order", [f"{a} -> {b}" for a, b in w - g if {a, b} <= both],
          [f"{a} -> {b}" for a, b in g - w if {a, b} <= both])
    return out


def picket(binary, path, *options, timeout=60):
    run = subprocess.run([binary, "simulate", "--output", "json", "--cib", path, *options],
                         capture_output=True, text=True, timeout=timeout)
    if run.returncode:
        raise RuntimeError(f"exit status {run.returncode}: {run.stderr.strip()[:300]}")
    return json.loads(run.stdout)


# ---- crm_simulate -------------------------------------------------------------------------------

def clones(cib):
    return list(cib.iter("clone")) + list(cib.iter("master"))


def anonymous(cib):
    """Names of what is cloned without being told apart by number."""
    names = set()
    for clone in clones(cib):
        unique = [n.get("value") for m in clone.findall("meta_attributes")
                  for n in m.findall("nvpair") if n.get("name") == "globally-unique"]
        if not unique or unique[0].lower() not in ("true", "yes", "1", "on", "y"):
            names |= {p.get("id") for p in clone.iter("primitive")}
    return names


def label(e, name_of):
    op, key = e.get("operation"), e.get("operation_key") or ""
    node = e.get("on_node") or ""
    attributes = e.find("attributes")
    meta = attributes.attrib if attributes is not None else {}
    if op == "stonith":
        return f"fence({meta.get('CRM_meta_stonith_action')}) {node}"
    primitive = e.find("primitive")
    if primitive is None:
        return f"{op} on {node}"
    name = name_of(primitive.get("id"))
    if op in ("clear_failcount", "lrm_delete", "do_shutdown"):
        return f"{op} on {node}"
    if op == "notify":
        return f"notify({meta.get('CRM_meta_notify_type')}-" \
               f"{meta.get('CRM_meta_notify_operation')}) {name} on {node}"
    return f"{op}_{meta.get('CRM_meta_interval', '0')} {name} on {node}"


def once_per_node(cib):
    """Names of what is cloned and may run only once on a node."""
    names = set()
    for clone in clones(cib):
        if not any(n.get("name") == "clone-node-max" for n in clone.iter("nvpair")):
            names |= {p.get("id") for p in clone.iter("primitive")}
    return names


def graph_of(path, name_of):
    labels, before, real, count = {}, collections.defaultdict(set), set(), collections.Counter()
    for synapse in ET.parse(path).getroot().findall("synapse"):
        e = synapse.find("action_set")[0]
        number = e.get("id")
        if e.tag != "pseudo_event":
            real.add(number)
            labels[number] = label(e, name_of)
        before[number] |= {t[0].get("id") for t in synapse.find("inputs").findall("trigger")}
    for number in sorted(labels, key=int):
        count[labels[number]] += 1
        if count[labels[number]] > 1:
            labels[number] += f" #{count[labels[number]]}"
    edges = set()
    for number in real:
        seen, todo = set(), list(before[number])
        while todo:
            b = todo.pop()
            if b in seen:
                continue
            seen.add(b)
            if b in real:
                edges.add((labels[b], labels[number]))
            else:
                todo += before.get(b, ())
    return {"actions": list(labels.values()), "before": sorted(edges)}


def crm_simulate(path, at=None):
    cib = ET.parse(path).getroot()
    loose = anonymous(cib)

    def name_of(name):
        base = re.sub(r":\d+$", "", name)
        return base if base in loose else name

    with tempfile.TemporaryDirectory() as folder:
        graph = os.path.join(folder, "graph.xml")
        run = subprocess.run(["crm_simulate", "-x", path, "-S", "-G", graph, "--output-as=xml",
                              *(["-t", at] if at else [])],
                             capture_output=True, text=True, timeout=300)
        if "An invalid transition was produced" in run.stdout:
            raise RuntimeError("its own plan waits for itself, and is not carried out")
        root = ET.fromstring(run.stdout)
        answer = {"graph": graph_of(graph, name_of), "summary": [], "placement": {}}
    # 2.1.5 forgets that the instance of a cloned group which may not stay has been moved elsewhere.
    twice = {f"start_0 {n} " for n in once_per_node(cib)}
    if any(a.endswith("#2") and a.startswith(tuple(twice)) for a in answer["graph"]["actions"]):
        raise RuntimeError("it starts two instances of a clone on one node")
    for e in root.find("actions") if root.find("actions") is not None else ():
        entry = {"kind": e.tag, **{k: v for k, v in e.attrib.items() if k != "reason"}}
        if "blocked" in entry:
            entry["blocked"] = entry["blocked"] == "true"
        if "resource" in entry:
            entry["resource"] = name_of(entry["resource"])
        answer["summary"].append(entry)
    for r in root.find("revised_cluster_status").iter("resource"):
        if r.get("resource_agent") and r.get("active") == "true":
            for n in r.findall("node"):
                answer["placement"].setdefault(name_of(r.get("id")), {})[n.get("name")] = \
                    r.get("role")
    return answer
