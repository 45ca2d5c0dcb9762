#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Is a fence agent's metadata a superset of another one's? TAP.

    parameters.py PEER.xml OURS.xml

Each parameter of the peer must be ours as well, under the same name, with the same type, default,
short option, deprecation and values; ours may require less, and know more. What differs on purpose
is said in DIFFERS, with the reason; an entry there that does not differ is a failure, too.
"""
import sys
import xml.etree.ElementTree as ET

DIFFERS = {
    ("fence_picket_ipmi", "lanplus", "default"): "IPMI 1.5 shows what it sends to everybody",
    ("fence_picket_ipmi", "power_wait", "default"): "the state is read back until it is there",
    ("fence_picket_pdu", "snmp_auth_prot", "options"): "SHA-2 is known as well",
    ("fence_picket_pdu", "snmp_priv_prot", "options"): "AES-192 and AES-256 are known as well",
}


def parameters(path):
    root = ET.parse(path).getroot()
    rows = {}
    for p in root.find("parameters"):
        content = p.find("content")
        options = {o.get("value") for o in content.findall("option")}
        mixed = p.find("getopt").get("mixed")
        rows[p.get("name")] = {
            "type": content.get("type"),
            "default": content.get("default"),
            "letter": mixed[1] if len(mixed) > 1 and mixed[1] != "-" else None,
            "long": next((w.split("=")[0] for w in mixed.replace(",", " ").split() if w.startswith("--")), None),
            "required": p.get("required"),
            "deprecated": p.get("deprecated"),
            "obsoletes": p.get("obsoletes"),
            "options": options,
        }
    actions = {a.get("name"): (a.get("automatic") or "0", a.get("on_target") or "0") for a in root.find("actions")}
    return root.get("name"), rows, actions


def differs(key, theirs, ours):
    if key == "options":
        return theirs != ours
    if key == "required":
        return ours == "1" and theirs == "0"
    return theirs != ours


def main():
    peer_name, peer, peer_actions = parameters(sys.argv[1])
    our_name, ours, our_actions = parameters(sys.argv[2])
    number = bad = 0

    def report(what, problems):
        nonlocal number, bad
        number += 1
        bad += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {number} - {our_name} beside {peer_name}: {what}")
        for p in problems:
            print(f"# {p}")

    said = {(p, k) for a, p, k in DIFFERS if a == our_name}
    problems = [f"{name}: we do not know it" for name in peer if name not in ours]
    report(f"its {len(peer)} parameters are known", problems)
    problems, seen = [], set()
    for name in peer:
        for key in peer[name] if name in ours else ():
            if not differs(key, peer[name][key], ours[name][key]):
                continue
            if (name, key) in said:
                seen.add((name, key))
                if key != "options" or peer[name][key] <= ours[name][key]:
                    continue
            problems.append(f"{name}: {key} is {peer[name][key]!r} there, {ours[name][key]!r} here")
    report("types, defaults, options and twins are the same", problems)
    report("what differs on purpose does differ", [f"{n}: {k}" for n, k in said - seen])
    report("its actions are known", [f"{a}: {v} there, {our_actions.get(a)} here" for a, v in peer_actions.items()
                                      if our_actions.get(a) != v])
    print(f"1..{number}")
    sys.exit(bad != 0)


main()
