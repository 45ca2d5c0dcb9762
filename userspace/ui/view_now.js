// SPDX-License-Identifier: GPL-2.0-or-later
// The cluster at a glance: one sentence, the nodes, what moves, what has just happened.
import { h } from "./dom.js";
import { badge, clock, count, stateOf, verdict } from "./words.js";

function sentence(st, v) {
	const nodes = `${count(st.nodes.length, "node")}`;

	if (v.bad.length)
		return v.bad.length === 1 ? "One thing is broken." : `${v.bad.length} things are broken.`;
	if (v.warn.length)
		return `${nodes}, everything runs; ${count(v.warn.length, "thing")} to look at.`;
	if (st.actions.length)
		return `${nodes}, all heard; ${count(st.actions.length, "action")} under way.`;
	return st.resources.length ? `${nodes}, all heard, everything runs. Nothing needs you.`
		: `${nodes}, all heard. No resources are configured yet.`;
}

function fact(name, value) {
	return h("div", null, h("dt", null, name), h("dd", null, value));
}

function quorum(st) {
	const all = st.controllers || [];

	if (!all.length)
		return "1 of 1";
	return `${all.filter((c) => c.connected || c.name === st.controller).length} of ${all.length}, ` +
		`${Math.floor(all.length / 2) + 1} needed`;
}

function headline(st) {
	const v = verdict(st), kind = v.bad.length ? "bad" : v.warn.length ? "warn" : "good";
	const item = (k) => (p) => h("li", null, h("span", { cls: `dot ${k}`, "aria-hidden": "true" }),
		h("div", null, p.text, p.todo && h("div", { cls: "todo" }, "→ ", p.todo)));

	return h("section", { cls: `card verdict ${kind}`, "aria-label": "Verdict" },
		h("div", { cls: "mark", "aria-hidden": "true" }, { good: "✓", warn: "!", bad: "✕" }[kind]),
		h("div", null, h("h1", null, sentence(st, v)),
			(v.bad.length || v.warn.length) > 0 && h("ul", null, v.bad.map(item("bad")), v.warn.map(item("warn"))),
			h("dl", { cls: "facts" },
				fact("Leader", st.leader ? `${st.controller}, term ${st.term}` : `not ${st.controller}`),
				fact("Controllers", quorum(st)),
				fact("Leases", st.granting === false ? "none are granted" : "granted"),
				fact("Resources", `${st.resources.filter((r) => r.on.some((o) => /start|promot/.test(o.state))).length} of ${st.resources.length} run`),
				fact("Configuration", `revision ${st.revision}`))));
}

function node(n, st) {
	const word = n.maintenance ? "maintenance" : n.standby && n.state === "online" ? "standby" : n.state;
	const runs = st.resources.flatMap((r) => r.on.filter((o) => o.node === n.name).map((o) => ({ r, o })));

	return h("article", { cls: `card node ${stateOf(word).kind}`, "data-key": n.name, "aria-label": `node ${n.name}` },
		h("div", { cls: "row" }, h("span", { cls: "name" }, n.name), h("span", { cls: "push" }), badge(word)),
		h("div", { cls: "links" }, n.links.map((l) => h("span", null,
			h("span", { cls: `dot ${l.state === "heard" ? "good" : "bad"}`, "aria-hidden": "true" }),
			`link ${l.link} ${l.state}`)),
		!n.connected && h("span", null, "agent not connected")),
		h("div", { cls: "chips" }, runs.length ? runs.map(({ r, o }) => h("a", { cls: "chip", href: `#/resources/${encodeURIComponent(r.name)}` },
			h("span", { cls: `shape ${stateOf(o.state).kind}`, "aria-hidden": "true" }, stateOf(o.state).shape), r.name,
			/start/.test(o.state) ? null : h("small", null, o.state)))
			: h("small", null, "runs nothing")),
		n.why && h("p", { cls: "why" }, n.why),
		n.todo && h("p", null, h("small", null, "→ ", n.todo)));
}

function moves(st) {
	return h("section", { cls: "card" }, h("h2", null, "What moves now"),
		st.actions.length ? h("ul", { cls: "moves" }, st.actions.slice(0, 12).map((a) => h("li", null,
			a.running ? h("span", { cls: "spin", "aria-hidden": "true" }) : h("span", { cls: "dot idle", "aria-hidden": "true" }),
			h("span", null, h("b", null, a.op), " ", a.resource || "", a.node ? ` on ${a.node}` : ""),
			h("small", null, a.running ? "running" : "waits"))))
			: h("p", { cls: "quiet" }, "Nothing. The cluster is as it should be."));
}

function lately(app) {
	const list = app.events.filter((e) => !/^(order|operation)$/.test(e.kind)).slice(-9).reverse();

	return h("section", { cls: "card" }, h("h2", null, "Lately", h("span", { cls: "push" }), h("a", { href: "#/events" }, "all events")),
		list.length ? h("ol", { cls: "lately" }, list.map((e) => h("li", { "data-key": String(e.cursor) },
			h("time", { datetime: new Date(e.time_ms).toISOString() }, clock(e.time_ms)), h("span", null, e.text))))
			: h("p", { cls: "quiet" }, "Nothing since this controller began to lead."));
}

export default {
	name: "now", title: "Now", icon: "M3 10l7-7 7 7M5 8v9h10V8",
	draw: (app) => [headline(app.status),
		h("section", { cls: "grid nodes", "aria-label": "Nodes" }, app.status.nodes.map((n) => node(n, app.status))),
		h("div", { cls: "grid two" }, lately(app), moves(app.status))],
};
