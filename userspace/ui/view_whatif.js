// SPDX-License-Identifier: GPL-2.0-or-later
// What would be: faults and wishes are tried on a copy of what is seen, and the difference is drawn.
import { post } from "./api.js";
import { h, toast } from "./dom.js";
import { badge, count } from "./words.js";

const wishes = new Map();
let answer = null, problem = null, busy = false, asked = "";

const CHOICES = [["", "as it is"], ["down", "down"], ["standby", "standby"], ["online", "online"]];

async function run(app) {
	const nodes = Object.fromEntries([...wishes].filter(([, w]) => w));

	busy = true;
	app.draw();
	try {
		answer = await post("/v1/whatif", { nodes });
		asked = Object.entries(nodes).map(([n, w]) => `${n} ${w}`).join(", ");
		problem = null;
	} catch (p) {
		answer = null;
		problem = p;
	}
	busy = false;
	app.draw();
}

function fault(app, n) {
	const wish = wishes.get(n.name) || "";

	return h("div", { cls: "fault", role: "group", "aria-label": `${n.name}` },
		h("div", { cls: "row" }, h("b", null, n.name), h("span", { cls: "push" }), badge(n.standby ? "standby" : n.state)),
		h("div", { cls: "segments" }, CHOICES.filter(([w]) => w !== (n.standby ? "standby" : "online")).map(([w, text]) =>
			h("button", { "aria-pressed": String(w === wish), "aria-label": `${n.name}: ${text}`, onclick: () => { wishes.set(n.name, w); run(app); } }, text))));
}

function places(list, other, cls) {
	return h("div", { cls: "chips" }, list.length ? list.map((p) => h("span", { cls: `chip ${other.includes(p) ? "" : cls}` }, p)) : h("span", { cls: "quiet" }, "nowhere"));
}

function difference() {
	const rows = Object.keys(answer.before).map((r) => [r, answer.before[r].map((o) => o.node), (answer.after[r] || []).map((o) => o.node)]);
	const moved = rows.filter(([, b, a]) => b.join() !== a.join());

	return h("section", { cls: "card flush scroll" }, h("h2", null, `If ${asked}: `, moved.length ? count(moved.length, "resource moves", "resources move") : "nothing moves"),
		h("table", null, h("thead", null, h("tr", null, ["Resource", "Now", "", "Then", "Why"].map((t) => h("th", { scope: "col" }, t || h("span", { cls: "hidden" }, "becomes"))))),
			h("tbody", null, rows.map(([r, b, a]) => h("tr", null, h("th", { scope: "row" }, r), h("td", null, places(b, a, "gone")),
				h("td", { cls: "diff-arrow" }, b.join() === a.join() ? "=" : "→"), h("td", null, places(a, b, "came")), h("td", null, h("small", null, (answer.why || {})[r] || "")))))));
}

function steps() {
	return h("section", { cls: "card" }, h("h2", null, "What would be done, in order"),
		answer.actions.length ? h("ol", { cls: "steps" }, answer.actions.map((a) => h("li", null, h("span", null, h("b", null, a.op), " ", a.resource || "", a.node ? ` on ${a.node}` : ""),
			a.reason && h("small", null, a.reason)))) : h("p", { cls: "quiet" }, "Nothing."));
}

function doIt(app) {
	const list = [...wishes].filter(([, w]) => w === "standby" || w === "online");

	return list.length > 0 && h("div", { cls: "buttons" }, h("button", { cls: "primary", onclick: async () => {
		for (const [n, w] of list) {
			try {
				await post(`/v1/nodes/${encodeURIComponent(n)}/${w}`);
				toast(`${n}: ${w}`);
				wishes.delete(n);
			} catch (p) {
				toast(p.message, "bad");
			}
		}
		answer = null;
		app.refresh();
	} }, "Do it: ", list.map(([n, w]) => `${n} ${w}`).join(", ")));
}

export default {
	name: "whatif", title: "What if", icon: "M5 3v6c0 4 5 3 5 8M15 3v6c0 4-5 3-5 8M3 5l2-2 2 2M13 5l2-2 2 2",
	draw: (app) => [h("header", null, h("h1", null, "What would happen?"), h("p", null, "Nothing is changed here. The policy that runs the cluster is asked with what it sees now, and with your faults.")),
		h("div", { cls: "faults" }, app.status.nodes.map((n) => fault(app, n))),
		busy && h("p", { cls: "quiet", role: "status" }, "Thinking…"),
		problem && h("p", { cls: "notice bad", role: "alert" }, problem.message),
		answer && asked && [difference(), steps(), doIt(app)]],
};
