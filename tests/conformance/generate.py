#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Irregular clusters, one for each seed: what they run, how it hangs together, what has happened.

usage: generate.py --seed N [--nodes N] [--resources N] >FILE
"""
import argparse
import random
from xml.sax.saxutils import quoteattr as q

UUID = "11111111-2222-3333-4444-555555555555"
NOW = 1700000000


class Cluster:
    def __init__(self, seed, nodes=None, resources=None):
        self.rng = random.Random(seed)
        r = self.rng
        self.nodes = [f"n{i + 1}" for i in range(nodes or r.randint(2, 6))]
        self.count = resources or r.randint(3, 24)
        self.out, self.tops, self.prims, self.serial = [], [], [], 0
        self.clones, self.promotables, self.call = [], [], 0
        self.utilization = r.random() < .2
        self.remote = r.random() < .15
        self.down = {n: r.choice(["lost", "standby", "maintenance", "shutdown", "gone"])
                     for n in self.nodes if r.random() < .18}
        if len(self.down) == len(self.nodes):
            self.down.pop(self.nodes[0])
        self.new = r.random() < .3
        self.dense = r.random() < .25    # much hangs together, also in loops
        self.health = r.choice(["only-green", "migrate-on-red", "progressive", "custom"]) \
            if r.random() < .1 else None
        self.fail_counts = {}

    def w(self, text):
        self.out.append(text)

    def id(self, prefix):
        self.serial += 1
        return f"{prefix}{self.serial}"

    def some(self, probability):
        return self.rng.random() < probability

    # ---- configuration -----------------------------------------------------------------------

    def options(self):
        r = self.rng
        chosen = {"stonith-enabled": "true" if self.some(.8) else "false",
                  "no-quorum-policy": r.choice(["stop", "stop", "ignore", "freeze"]),
                  "have-watchdog": "false", "cluster-infrastructure": "corosync"}
        if self.some(.1):
            chosen["symmetric-cluster"] = "false"
        if self.utilization:
            chosen["placement-strategy"] = r.choice(["utilization", "balanced", "minimal"])
        if self.some(.05):
            chosen["maintenance-mode"] = "true"
        if self.health:
            chosen["node-health-strategy"] = self.health
        self.w('<crm_config><cluster_property_set id="opts">')
        for k, v in chosen.items():
            self.w(f'<nvpair id="opts-{k}" name="{k}" value="{v}"/>')
        self.w('</cluster_property_set></crm_config>')

    def node_list(self):
        self.w("<nodes>")
        for i, n in enumerate(self.nodes):
            self.w(f'<node id="{i + 1}" uname="{n}"><instance_attributes id="na{i}">'
                   f'<nvpair id="na{i}r" name="rack" value="{i % 2}"/>')
            if self.down.get(n) in ("standby", "maintenance"):
                self.w(f'<nvpair id="na{i}d" name="{self.down[n]}" value="on"/>')
            self.w("</instance_attributes>")
            if self.utilization:
                self.w(f'<utilization id="nu{i}"><nvpair id="nu{i}c" name="cpu" '
                       f'value="{self.rng.randint(2, 8)}"/></utilization>')
            self.w("</node>")
        self.w("</nodes>")

    def meta(self, name, values):
        if not values:
            return
        self.w(f'<meta_attributes id="{name}-meta">')
        for k, v in values.items():
            self.w(f'<nvpair id="{name}-{k}" name="{k}" value="{v}"/>')
        self.w("</meta_attributes>")

    def primitive(self, name, promotable=False):
        r, meta = self.rng, {}
        self.w(f'<primitive id={q(name)} class="ocf" provider="heartbeat" type="Dummy">')
        if self.some(.4):
            meta["resource-stickiness"] = r.choice([0, 1, 10, 100, "INFINITY"])
        if self.some(.15):
            meta["priority"] = r.randint(1, 10)
        if self.some(.2):
            meta["migration-threshold"] = r.randint(1, 3)
        if self.some(.1):
            meta["failure-timeout"] = r.choice(["100s", "5000s"])
        if self.some(.06):
            meta["target-role"] = "Stopped"
        if self.some(.04):
            meta["is-managed"] = "false"
        if self.some(.1):
            meta["allow-migrate"] = "true"
        self.meta(name, meta)
        if self.utilization and self.some(.6):
            self.w(f'<utilization id="{name}-u"><nvpair id="{name}-uc" name="cpu" '
                   f'value="{r.randint(1, 4)}"/></utilization>')
        on_fail = f' on-fail="{r.choice(["restart", "block", "stop", "ignore", "standby", "fence"])}"' \
            if self.some(.2) else ""
        self.w(f'<operations><op id="{name}-m" name="monitor" interval="10s" timeout="20s"{on_fail}/>')
        if promotable:
            self.w(f'<op id="{name}-mp" name="monitor" interval="11s" role="Promoted"/>')
        self.w("</operations></primitive>")
        self.prims.append(name)

    def resources(self):
        r = self.rng
        self.w('<resources><primitive id="fence1" class="stonith" type="fence_ipmilan"/>')
        if self.remote:
            self.w('<primitive id="rem1" class="ocf" provider="pacemaker" type="remote">'
                   '<operations><op id="rem1-m" name="monitor" interval="20s"/></operations>'
                   '</primitive>')
        while len(self.prims) < self.count:
            kind = r.choices(["primitive", "group", "clone", "promotable", "clonegroup"],
                             [60, 14, 12, 9, 5])[0]
            if kind == "primitive":
                name = self.id("r")
                self.primitive(name)
                self.tops.append(name)
                continue
            name = self.id({"group": "g", "clone": "c", "promotable": "m", "clonegroup": "cg"}[kind])
            if kind == "group":
                self.w(f'<group id="{name}">')
                for k in range(r.randint(2, 4)):
                    self.primitive(f"{name}_{k}")
                self.w("</group>")
            else:
                meta = {}
                if self.some(.4):
                    meta["interleave"] = "true"
                if self.some(.2):
                    meta["ordered"] = "true"
                if self.some(.3):
                    meta["notify"] = "true"
                if self.some(.25):
                    meta["clone-max"] = r.randint(1, len(self.nodes))
                if kind == "promotable":
                    meta["promotable"] = "true"
                    self.promotables.append(name)
                self.w(f'<clone id="{name}">')
                self.meta(name, meta)
                if kind == "clonegroup":
                    self.w(f'<group id="{name}_g">')
                    for k in range(2):
                        self.primitive(f"{name}_{k}")
                    self.w("</group>")
                else:
                    self.primitive(f"{name}_p", kind == "promotable")
                self.w("</clone>")
                self.clones.append(name)
            self.tops.append(name)
        self.w("</resources>")

    def score(self):
        return self.rng.choice(["INFINITY", "-INFINITY", 10, -10, 500, 100])

    def constraints(self):
        r, tops = self.rng, self.tops
        self.w("<constraints>")
        for name in tops:
            if self.some(.5):
                node = r.choice(self.nodes)
                self.w(f'<rsc_location id="{self.id("loc")}" rsc="{name}" node="{node}" '
                       f'score="{r.choice([-100, 1, 50, 100, 1000, "-INFINITY"])}"/>')
            if self.some(.08):
                c = self.id("loc")
                self.w(f'<rsc_location id="{c}" rsc="{name}"><rule id="{c}-r" score="{r.choice([-50, 70])}">'
                       f'<expression id="{c}-e" attribute="rack" operation="eq" value="0"/></rule>'
                       '</rsc_location>')
        for i, name in enumerate(tops[1:], 1):
            other = r.choice(tops[:i])
            if self.some(.25):
                kind = r.choice(["Optional", "Mandatory", "Serialize"])
                self.w(f'<rsc_order id="{self.id("ord")}" first="{other}" then="{name}" kind="{kind}"/>')
            if self.some(.2):
                roles = ""
                if other in self.promotables and self.some(.6):
                    roles = ' with-rsc-role="Promoted"'
                self.w(f'<rsc_colocation id="{self.id("col")}" rsc="{name}" with-rsc="{other}" '
                       f'score="{self.score()}"{roles}/>')
        for name in tops if self.dense else ():
            other = r.choice(tops)
            if other == name or self.some(.4):
                continue
            by = ' node-attribute="rack"' if self.some(.1) else ""
            self.w(f'<rsc_colocation id="{self.id("col")}" rsc="{name}" with-rsc="{other}" '
                   f'score="{r.choice([-200, -10, 10, 500, "INFINITY", "-INFINITY"])}"{by}/>')
        if len(tops) > 4 and self.some(.25):
            c, chosen = self.id("set"), r.sample(tops, 3)
            tag = r.choice(["rsc_order", "rsc_colocation"])
            score = ' kind="Mandatory"' if tag == "rsc_order" else ' score="INFINITY"'
            sequential = r.choice(["true", "false"])
            self.w(f'<{tag} id="{c}"{score}><resource_set id="{c}-s" sequential="{sequential}">')
            for name in sorted(chosen, key=tops.index):
                self.w(f'<resource_ref id="{name}"/>')
            self.w(f"</resource_set></{tag}>")
        if self.some(.15):
            self.w(f'<rsc_ticket id="{self.id("tic")}" rsc="{r.choice(tops)}" ticket="T" '
                   f'loss-policy="{r.choice(["stop", "demote", "fence", "freeze"])}"/>')
        self.w("</constraints>")

    # ---- status -------------------------------------------------------------------------------

    def op(self, name, op, rc, expected, interval=0, failed=False):
        self.call += 1
        entry = f"{name}_last_failure_0" if failed else \
            f"{name}_{op}_{interval}" if interval else f"{name}_last_0"
        return (f'<lrm_rsc_op id="{entry}" operation_key="{name}_{op}_{interval}" operation="{op}" '
                f'crm_feature_set="3.16.1" transition-key="1:1:{expected}:{UUID}" '
                f'transition-magic="0:{rc};1:1:{expected}:{UUID}" call-id="{self.call}" '
                f'rc-code="{rc}" op-status="0" interval="{interval}" last-rc-change="{NOW - 900}"/>')

    def record(self, name, ops):
        return (f'<lrm_resource id="{name}" class="ocf" provider="heartbeat" type="Dummy">'
                + "".join(ops) + "</lrm_resource>")

    def history(self, name, node, active, promoted):
        if not active:
            return self.record(name, [self.op(name, "monitor", 7, 7)])
        ops = [self.op(name, "promote" if promoted else "start", 0, 0)]
        if promoted:
            ops.append(self.op(name, "monitor", 8, 8, 11000))
        else:
            ops.append(self.op(name, "monitor", 0, 0, 10000))
        if self.some(.06):
            ops.append(self.op(name, "monitor", self.rng.choice([1, 7]), 0, 10000, True))
            self.fail_counts.setdefault(node, []).append((f"{name}#monitor_10000", 1))
        elif self.some(.02):
            ops.append(self.op(name, "stop", 1, 0, 0, True))
            self.fail_counts.setdefault(node, []).append((f"{name}#stop_0", "INFINITY"))
        return self.record(name, ops)

    def place(self):
        """Where everything is: {node: {primitive: (active, promoted)}}."""
        r = self.rng
        homes = self.nodes + (["rem1"] if self.remote else [])
        there = {n: {} for n in homes}
        for top in self.tops:
            members = [p for p in self.prims if p == top or p.startswith(top + "_")]
            if top in self.clones:
                master = r.choice(homes)
                for n in homes:
                    active = self.some(.85)
                    for p in members:
                        there[n][p] = (active, top in self.promotables and n == master)
                continue
            home = r.choice(homes)
            running = self.some(.85)
            for n in homes:
                for p in members:
                    there[n][p] = (running and n == home, False)
        return there

    def transient(self, i, n, state=None):
        self.w(f'<transient_attributes id="{i}"><instance_attributes id="t{i}">')
        if state == "shutdown":
            self.w(f'<nvpair id="t{i}s" name="shutdown" value="{NOW - 5}"/>')
        if self.health and self.some(.5):
            self.w(f'<nvpair id="t{i}h" name="#health-disk" value="{self.rng.choice(["red", "yellow", "-20"])}"/>')
        for k, (what, count) in enumerate(self.fail_counts.get(n, ())):
            self.w(f'<nvpair id="t{i}f{k}" name="fail-count-{what}" value="{count}"/>'
                   f'<nvpair id="t{i}l{k}" name="last-failure-{what}" value="{NOW - 900}"/>')
        for k, m in enumerate(self.promotables):
            if self.some(.8):
                self.w(f'<nvpair id="t{i}p{k}" name="master-{m}_p" value="{self.rng.randint(1, 99)}"/>')
        self.w("</instance_attributes></transient_attributes></node_state>")

    def status(self):
        there = self.place()
        self.w("<status>")
        if self.some(.5):
            self.w(f'<tickets><ticket_state id="T" granted="{self.rng.choice(["true", "false"])}"/></tickets>')
        for i, (n, here) in enumerate(there.items(), 1):
            state, far = self.down.get(n), n == "rem1"
            if state == "gone" or (far and self.new):
                continue
            lost = state == "lost"
            records = [self.history(p, n, *is_) for p, is_ in here.items() if not self.new]
            if self.remote and i == 1 and not self.new:
                records.append('<lrm_resource id="rem1" class="ocf" provider="pacemaker" '
                               f'type="remote">{self.op("rem1", "start", 0, 0)}</lrm_resource>')
            self.w(f'<node_state id="{n if far else i}" uname="{n}" in_ccm="{"false" if lost else "true"}" '
                   + ('remote_node="true"' if far else f'crmd="{"offline" if lost else "online"}" '
                      f'join="{"down" if lost else "member"}" expected="member"')
                   + f'><lrm id="{n if far else i}"><lrm_resources>{"".join(records)}</lrm_resources></lrm>')
            self.transient(n if far else i, n, state)
        self.w("</status>")

    def text(self):
        quorum = 0 if self.some(.08) else 1
        self.w(f'<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="1" '
               f'admin_epoch="0" have-quorum="{quorum}" dc-uuid="{len(self.nodes)}" '
               f'execution-date="{NOW}"><configuration>')
        self.options()
        self.node_list()
        self.resources()
        self.constraints()
        self.w("</configuration>")
        self.status()
        self.w("</cib>")
        return "\n".join(self.out) + "\n"


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seed", type=int, required=True)
    p.add_argument("--nodes", type=int)
    p.add_argument("--resources", type=int)
    a = p.parse_args()
    print(Cluster(a.seed, a.nodes, a.resources).text(), end="")


if __name__ == "__main__":
    main()
