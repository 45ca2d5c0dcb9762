// SPDX-License-Identifier: GPL-2.0-or-later
// Failovers, from the last beat to the last start: each phase a bar, to the millisecond.
import { h } from "./dom.js";
import { clock, day, span } from "./words.js";

let chosen = null;

// What the events say of each node's end: when each thing came first, in ms of the boot clock.
function collect(events, silence_ms) {
	const open = new Map(), all = [];
	const at = (e) => e.boot_ns / 1e6;
	const begin = (e) => {
		const f = { node: e.node, id: `${e.node}@${e.time_ms}`, time_ms: e.time_ms, marks: {}, starts: [], texts: [] };

		open.set(e.node, f);
		all.push(f);
		return f;
	};
	const mark = (f, name, t) => { if (f.marks[name] === undefined) f.marks[name] = t; };
	const NAMES = { "node-suspected": "suspected", "node-lost": "lost", "node-blocked": "blocked", "fence-started": "fencing",
		"fence-off": "off", "node-dead": "dead" };

	for (const e of events) {
		let f = open.get(e.node);

		if (e.kind === "node-suspected" || ((e.kind === "node-lost" || e.kind === "node-blocked") && (!f || f.marks.dead)))
			f = begin(e);
		if (e.kind === "node-suspected" && silence_ms)
			mark(f, "beat", at(e) - silence_ms);
		if (f && NAMES[e.kind] && (f.marks.dead === undefined || e.kind !== "fence-started"))
			mark(f, NAMES[e.kind], at(e)), f.texts.push(e);
		if (e.kind === "failover" && f && e.timeline) {
			f.timeline = e.timeline;
			f.texts.push(e);
			open.delete(e.node);
		}
		if (e.kind === "operation" && /^(start|promote) /.test(e.text))
			for (const g of open.values())
				if (g.marks.dead !== undefined && g.node !== e.node)
					g.starts.push({ t: at(e), text: e.text, resource: e.resource }), g.texts.push(e);
		if (e.kind === "node-online" && f && f.marks.dead === undefined && f.marks.lost === undefined) {
			f.passed = true;
			open.delete(e.node);
		}
		if (e.kind === "node-online" && f && f.marks.dead !== undefined)
			open.delete(e.node);
	}
	return all.filter((f) => f.marks.lost !== undefined || f.marks.blocked !== undefined);
}

const PHASES = [["silence", "beat", "suspected", "warn", "from the last beat to the suspicion"],
	["deciding", "suspected", "lost", "warn", "until it counts as lost"], ["blocking", "lost", "blocked", "info", "until the block is committed: no grants any more"],
	["fencing", "blocked", "off", "bad", "until the power was read back as off"], ["proof", "off", "dead", "bad", "until its death was proven and recorded"],
	["starting", "dead", "serving", "good", "until the last service had started elsewhere"]];
const TIMELINE = { last_beat: "beat", suspected: "suspected", lost: "lost", blocked: "blocked", fence_started: "fencing", off_verified: "off", dead: "dead", done: "serving" };

function marksOf(f) {
	const marks = { ...f.marks };

	if (f.timeline) {
		for (const [name, ms] of Object.entries(f.timeline))
			if (TIMELINE[name])
				marks[TIMELINE[name]] = ms;
		return marks;
	}
	if (f.starts.length)
		marks.serving = f.starts[f.starts.length - 1].t;
	return marks;
}

function lanes(f) {
	const m = marksOf(f), times = Object.values(m), first = Math.min(...times), last = Math.max(...times), whole = Math.max(last - first, 0.001);
	let before = null;

	return PHASES.map(([name, from, to, kind, text]) => {
		if (m[to] === undefined)
			return null;
		const start = m[from] ?? before ?? m[to], len = m[to] - start;

		before = m[to];
		return h("div", { cls: `lane ${kind}` }, h("span", { cls: "label" }, name),
			h("div", { cls: "track", role: "img", "aria-label": `${text}: ${span(len)}`, title: text }, h("span", { cls: "bar",
				vars: { "--from": `${((start - first) / whole * 100).toFixed(3)}%`, "--len": `${(len / whole * 100).toFixed(3)}%` } })),
			h("span", { cls: "at" }, span(len)));
	});
}

function story(f) {
	const m = marksOf(f), times = Object.values(m), first = Math.min(...times);
	const anchor = f.timeline ? null : first;

	return h("table", { cls: "log" }, h("thead", null, h("tr", null, h("th", { cls: "num", scope: "col" }, "after"), h("th", { scope: "col" }, "time"), h("th", { scope: "col" }, "what"))),
		h("tbody", null, f.texts.map((e) => h("tr", { "data-key": String(e.cursor) },
			h("td", { cls: "num" }, span(Math.max(0, anchor === null ? e.time_ms - f.time_ms : e.boot_ns / 1e6 - first))),
			h("td", null, h("time", null, clock(e.time_ms))), h("td", null, e.text)))));
}

function show(f) {
	const m = marksOf(f), times = Object.values(m), total = Math.max(...times) - Math.min(...times);

	return [h("section", { cls: "card" }, h("div", { cls: "row" }, h("h2", null, `${f.node}, ${day(f.time_ms)} ${clock(f.time_ms, false)}`), h("span", { cls: "push" }),
		h("div", null, h("span", { cls: "total" }, span(total)), " ", h("small", null, m.serving !== undefined ? "from its last sign of life to service elsewhere" : m.dead !== undefined ? "until its death was proven" : "so far: its death is not proven"))),
	h("div", null, lanes(f)),
	h("p", null, h("small", null, "Bars stand where they happened; the scale is the whole failover in tenths."))),
	h("section", { cls: "card flush scroll" }, h("h2", null, "What happened"), story(f))];
}

export default {
	name: "failovers", title: "Failovers", icon: "M2 5h7M6 10h8M11 15h7",
	draw(app) {
		const all = collect(app.events, app.status.silence_ms).reverse();
		const f = all.find((x) => x.id === chosen) || all[0];

		return [h("header", null, h("h1", null, "Failovers"), h("p", null, "Each time a node was lost: last beat, suspicion, block, proof of its death, services elsewhere.")),
			all.length > 0 && h("div", { cls: "picker" }, all.slice(0, 20).map((x) => h("button", { "data-key": x.id, "aria-pressed": String(x === f), onclick: () => { chosen = x.id; app.draw(); } },
				`${x.node} ${clock(x.time_ms, false)}`))),
			f ? show(f) : h("div", { cls: "card" }, h("p", null, "No node was lost since this controller began to lead."))];
	},
};
