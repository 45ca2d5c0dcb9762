// SPDX-License-Identifier: GPL-2.0-or-later
// Who hears whom: each node's links against each controller, with the age of the last beat, live.
import { get } from "./api.js";
import { h, s } from "./dom.js";

const EVERY_MS = 400, KEPT = 60;
let links = null, timer = null, failed = null;
const history = new Map();

function key(node, link, controller) {
	return `${node}/${link}/${controller}`;
}

async function look(app) {
	try {
		links = await get("/v1/links");
		failed = null;
		for (const n of links.nodes)
			for (const l of n.links)
				for (const [c, cell] of Object.entries(l.by)) {
					const k = key(n.name, l.link, c), list = history.get(k) || [];

					list.push(cell.age_ms === undefined || cell.age_ms === null ? null : cell.age_ms);
					history.set(k, list.slice(-KEPT));
				}
	} catch (problem) {
		failed = problem;
	}
	app.draw();
}

function spark(list, limit) {
	const top = Math.max(limit * 1.25, 1), step = 100 / (KEPT - 1);
	const points = list.map((v, i) => (v === null ? null
		: `${((KEPT - list.length + i) * step).toFixed(1)},${(28 - Math.min(v / top, 1) * 26).toFixed(1)}`)).filter(Boolean);
	const y = (28 - (limit / top) * 26).toFixed(1);

	return s("svg", { viewBox: "0 0 100 30", preserveAspectRatio: "none", "aria-hidden": "true" },
		s("line", { class: "limit", x1: "0", x2: "100", y1: y, y2: y }),
		s("polyline", { points: points.join(" ") }));
}

function cell(n, l, c) {
	const by = l.by[c];

	if (!by)
		return h("td", null, h("span", { cls: "quiet" }, "not asked"));
	const limit = links.silence_ms, age = by.age_ms;
	const kind = by.state !== "heard" ? "bad" : age !== undefined && age > limit * 0.6 ? "warn" : "good";
	const text = age === undefined || age === null ? (by.state === "heard" ? "heard" : "never")
		: age < 10000 ? `${age.toFixed(age < 100 ? 1 : 0)} ms` : `${Math.round(age / 1000)} s`;

	return h("td", null, h("div", { cls: `cell ${kind}` },
		h("span", { cls: `dot ${kind}`, role: "img", "aria-label": by.state, title: by.state }),
		h("span", { cls: "age" }, text),
		spark(history.get(key(n.name, l.link, c)) || [], limit)));
}

function matrix() {
	const head = links.controllers.map((c) => h("th", { scope: "col" }, `${c} hears`));

	return h("div", { cls: "card flush scroll" }, h("table", { cls: "beats" },
		h("caption", { cls: "hidden" }, "Heartbeats: nodes and links against controllers"),
		h("thead", null, h("tr", null, h("th", { scope: "col" }, "Node"), h("th", { scope: "col" }, "Link"), head)),
		h("tbody", null, links.nodes.flatMap((n) => n.links.map((l, i) => h("tr", null,
			i === 0 ? h("th", { scope: "row", rowspan: String(n.links.length) }, n.name) : null,
			h("td", null, `${l.link}`, " ", h("small", { cls: "mono wide-only" }, l.address || "")),
			links.controllers.map((c) => cell(n, l, c))))))));
}

export default {
	name: "heartbeats", title: "Heartbeats", icon: "M2 10h4l2-6 4 12 2-6h4",
	enter(app) {
		clearInterval(timer);
		timer = setInterval(() => { if (!document.hidden) look(app); }, EVERY_MS);
		look(app);
	},
	leave() { clearInterval(timer); history.clear(); },
	draw: () => [h("header", null, h("h1", null, "Who hears whom"),
		h("p", null, "The age of each node's last heartbeat, as the kernel of each controller stamped it. ",
			links ? `Silence of ${links.silence_ms} ms on a link breaks the node's promise; a node that a majority of the controllers hears on no link is lost.` : "")),
	failed && h("p", { cls: "notice bad" }, failed.message),
	links ? matrix() : h("p", { cls: "quiet" }, "Listening…"),
	h("p", { cls: "legend" }, ["good", "warn", "bad"].map((k, i) => h("span", { cls: "row" },
		h("span", { cls: `dot ${k}`, "aria-hidden": "true" }), ["heard", "late", "silent"][i])),
	h("span", null, "Line: the last 24 seconds; dashed: the promise."))],
};
