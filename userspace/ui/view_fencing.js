// SPDX-License-Identifier: GPL-2.0-or-later
// Fencing: by what each node can be switched off, what was proven of whom, and fencing by hand.
import { get, post } from "./api.js";
import { h, ask, toast } from "./dom.js";
import { badge, clock, day } from "./words.js";

let fencing = null, failed = null;

async function look(app) {
	try {
		fencing = await get("/v1/fencing");
		failed = null;
	} catch (p) {
		failed = p;
	}
	app.draw();
}

async function fence(app, n) {
	const text = ["It gets no more grants, its power is cut, and what it ran starts elsewhere when it is proven to be off.",
		n.state === "online" ? h("p", { cls: "notice warn" }, `${n.name} is online at this moment.`) : null].filter(Boolean);

	if (!await ask({ title: `Fence ${n.name}?`, text, word: n.name, action: `Fence ${n.name}`, danger: true }))
		return;
	try {
		await post(`/v1/nodes/${encodeURIComponent(n.name)}/fence`);
		toast(`${n.name} gets no more grants`);
	} catch (p) {
		toast(p.message, "bad");
	}
	app.refresh();
	look(app);
}

async function confirmOff(app, n) {
	if (!await ask({ title: `Is ${n.name} switched off?`, text: ["If it still runs, its services run twice and data can be destroyed. Your word is recorded with your name."],
		word: n.name, action: `I vouch that ${n.name} is off`, danger: true }))
		return;
	try {
		await post(`/v1/nodes/${encodeURIComponent(n.name)}/confirm`);
		toast(`${n.name} is taken as off, on your word`);
	} catch (p) {
		toast(p.message, "bad");
	}
	app.refresh();
}

async function tryDevice(app, d) {
	toast(`asking ${d.name}…`, "info");
	try {
		const r = await post(`/v1/fencing/devices/${encodeURIComponent(d.name)}/test`);

		toast(`${d.name} answers: ${r.text || "it is reachable"}`);
	} catch (p) {
		toast(`${d.name}: ${p.message}`, "bad");
	}
}

function nodes(app) {
	return h("div", { cls: "card flush scroll" }, h("table", null, h("caption", { cls: "hidden" }, "Nodes and how they can be fenced"),
		h("thead", null, h("tr", null, ["Node", "State", "Switched off by", "Last proof of death", "By hand"].map((t) => h("th", { scope: "col" }, t)))),
		h("tbody", null, app.status.nodes.map((n) => {
			const levels = (fencing.nodes[n.name] || {}).levels || [];

			return h("tr", null, h("th", { scope: "row" }, n.name), h("td", null, badge(n.state), n.why && h("div", null, h("small", null, n.why))),
				h("td", null, levels.length ? levels.map((l, i) => h("div", null, h("small", null, `${i + 1}. `), l.join(" and "))) : h("span", { cls: "badge bad" }, "nothing: it cannot be fenced")),
				h("td", null, n.proof ? [h("div", null, n.proof.text || n.proof.kind), n.proof.evidence && h("details", null, h("summary", null, "evidence"), h("pre", { cls: "evidence" },
					typeof n.proof.evidence === "string" ? n.proof.evidence : JSON.stringify(n.proof.evidence, null, 2)))] : h("span", { cls: "quiet" }, "none needed")),
				h("td", null, h("div", { cls: "buttons" }, h("button", { onclick: () => fence(app, n), "aria-label": `fence ${n.name}` }, "Fence…"),
					/lost/.test(n.state) && h("button", { onclick: () => confirmOff(app, n), "aria-label": `confirm that ${n.name} is off` }, "It is off…"))));
		}))));
}

function devices(app) {
	return h("div", { cls: "card flush scroll" }, h("h2", null, "Devices"), h("table", null,
		h("thead", null, h("tr", null, ["Device", "Agent", "Switches", "Parameters"].map((t) => h("th", { scope: "col" }, t)), h("th", { scope: "col" }, h("span", { cls: "hidden" }, "Actions")))),
		h("tbody", null, fencing.devices.map((d) => h("tr", null, h("th", { scope: "row" }, d.name), h("td", { cls: "mono" }, d.agent), h("td", null, d.targets.join(", ")),
			h("td", { cls: "mono" }, h("small", null, Object.entries(d.params).map(([k, v]) => `${k}=${v}`).join(" "))),
			h("td", null, h("button", { onclick: () => tryDevice(app, d), "aria-label": `test ${d.name}` }, "Test")))))));
}

function history(app) {
	const list = app.events.filter((e) => /^(fence|power|proof|storm|node-(lost|blocked|dead))/.test(e.kind)).reverse();

	return h("div", { cls: "card flush scroll" }, h("h2", null, "History"), list.length ? h("table", { cls: "log" },
		h("thead", null, h("tr", null, ["Time", "Node", "What"].map((t) => h("th", { scope: "col" }, t)))),
		h("tbody", null, list.slice(0, 200).map((e) => h("tr", { "data-key": String(e.cursor) }, h("td", null, h("time", null, `${day(e.time_ms)} ${clock(e.time_ms)}`)), h("td", null, e.node || ""),
			h("td", null, e.text, e.evidence && h("details", null, h("summary", null, "evidence"), h("pre", { cls: "evidence" }, typeof e.evidence === "string" ? e.evidence : JSON.stringify(e.evidence, null, 2)))))))) : h("p", { cls: "quiet pad" }, "Nothing was fenced since this controller began to lead."));
}

export default {
	name: "fencing", title: "Fencing", icon: "M4 17V6l2-3 2 3v11zM12 17V6l2-3 2 3v11zM2 9h16M2 14h16",
	enter: look,
	draw: (app) => [h("header", null, h("h1", null, "Fencing"), h("p", null, "A node that is lost must be proven dead before what it ran may start elsewhere. “Unknown” never counts as off.")),
		failed && h("p", { cls: "notice bad" }, failed.message),
		fencing ? [nodes(app), devices(app), history(app)] : h("p", { cls: "quiet" }, "Looking…")],
};
