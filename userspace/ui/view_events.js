// SPDX-License-Identifier: GPL-2.0-or-later
// What happened, and who did what: events as they come, and the audit log with its chain checked.
import { get } from "./api.js";
import { h } from "./dom.js";
import { clock, day } from "./words.js";

let text = "", kind = "", node = "", tab = "events", audit = null, failed = null;

async function lookAudit(app) {
	try {
		audit = await get("/v1/audit?limit=500");
		failed = null;
	} catch (p) {
		failed = p;
	}
	app.draw();
}

function choice(id, label, value, values, set) {
	return h("div", null, h("label", { for: id, cls: "hidden" }, label), h("select", { id, onchange: (e) => set(e.target.value) },
		h("option", { value: "" }, label), values.map((v) => h("option", { value: v, selected: v === value }, v))));
}

function eventsTab(app) {
	const kinds = [...new Set(app.events.map((e) => e.kind))].sort();
	const match = app.events.filter((e) => (!kind || e.kind === kind) && (!node || e.node === node) &&
		(!text || `${e.text} ${e.kind} ${e.node || ""} ${e.resource || ""}`.toLowerCase().includes(text.toLowerCase())));
	const set = (f) => (v) => { f(v); app.draw(); };

	return [h("div", { cls: "filters" }, h("div", null, h("label", { for: "filter", cls: "hidden" }, "Filter"),
		h("input", { id: "filter", type: "search", placeholder: "Filter   ( / )", value: text, oninput: (e) => { text = e.target.value; app.draw(); } })),
	choice("kind", "every kind", kind, kinds, set((v) => { kind = v; })), choice("node", "every node", node, app.status.nodes.map((n) => n.name), set((v) => { node = v; }))),
	h("div", { cls: "card flush scroll" }, h("table", { cls: "log" }, h("caption", { cls: "hidden" }, "Events, newest first"),
		h("thead", null, h("tr", null, ["Time", "Kind", "Node", "What"].map((t) => h("th", { scope: "col" }, t)))),
		h("tbody", null, match.slice(-400).reverse().map((e) => h("tr", { "data-key": String(e.cursor) }, h("td", null, h("time", { title: day(e.time_ms) }, clock(e.time_ms))),
			h("td", null, h("span", { cls: `chip ${/lost|failed|dead|refus|fault$|silent/.test(e.kind) ? "warn" : ""}` }, e.kind)), h("td", null, e.node || ""), h("td", null, e.text)))))),
	h("p", { cls: "quiet" }, `${match.length} of ${app.events.length} events`)];
}

function auditTab() {
	if (failed)
		return h("p", { cls: "notice bad" }, failed.message);
	if (!audit)
		return h("p", { cls: "quiet" }, "Reading…");
	return [h("p", { cls: `notice ${audit.intact ? "good" : "bad"}` }, audit.intact ? `The chain is intact: each of its ${audit.count} records holds the hash of the one before. Head ${audit.head.slice(0, 16)}…`
		: `The chain is broken at record ${audit.broken_at}.`),
	h("div", { cls: "card flush scroll" }, h("table", { cls: "log" }, h("thead", null, h("tr", null, ["Time", "Who", "What", "Outcome"].map((t) => h("th", { scope: "col" }, t)))),
		h("tbody", null, [...audit.records].reverse().map((r) => h("tr", { "data-key": String(r.number) }, h("td", null, h("time", { title: r.hash }, `${day(r.at_ms)} ${clock(r.at_ms)}`)),
			h("td", null, r.user, r.from && h("div", null, h("small", null, r.from))), h("td", null, h("code", null, `${r.method} ${r.path}`), r.text && h("div", null, h("small", null, r.text))),
			h("td", null, h("span", { cls: `pill ${r.status < 300 ? "good" : "warn"}` }, `${r.status}`))))))) ];
}

export default {
	name: "events", title: "Events", icon: "M4 5h12M4 10h12M4 15h7",
	enter(app) { if (tab === "audit") lookAudit(app); },
	draw: (app) => [h("header", null, h("h1", null, "What happened"), h("span", { cls: "push" }),
		h("div", { cls: "segments", role: "group", "aria-label": "Which log" }, [["events", "Events"], ["audit", "Audit"]].map(([t, name]) =>
			h("button", { "aria-pressed": String(tab === t), onclick: () => { tab = t; if (t === "audit") lookAudit(app); app.draw(); } }, name)))),
	tab === "events" ? eventsTab(app) : auditTab()],
};
