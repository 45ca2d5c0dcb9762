// SPDX-License-Identifier: GPL-2.0-or-later
// Resources × nodes: what runs where in which role, and why not elsewhere; actions on the chosen cell.
import { post } from "./api.js";
import { h, toast, ask } from "./dom.js";
import { badge, stateOf } from "./words.js";

let chosen = null; // {resource, node}

function cellOf(r, n) {
	const on = r.on.find((o) => o.node === n.name);

	if (on)
		return { word: on.role && on.role !== "started" ? on.role : on.state, here: true };
	if (/lost|unclean|suspect/.test(n.state))
		return { word: "unknown", why: `${n.name} is ${n.state}: until its death is proven, nobody knows` };
	if ((r.failures || {})[n.name])
		return { word: "failed before", why: `failed ${r.failures[n.name]}× here` };
	return { word: "stopped" };
}

function whyNot(r, n, st) {
	const told = ((r.nodes || {})[n.name] || {}).why;

	if (told)
		return told;
	if (n.state !== "online")
		return `${n.name} is ${n.state}${n.why ? `: ${n.why}` : ""}.`;
	if (n.standby)
		return `${n.name} is on standby: it runs nothing.`;
	if (n.maintenance)
		return `${n.name} is in maintenance: nothing is started or stopped there.`;
	if ((r.failures || {})[n.name])
		return `It has failed ${r.failures[n.name]}× there; cleaning up forgets that.`;
	if (r.why)
		return r.why;
	const place = r.on.map((o) => o.node).join(", ");

	return place ? `It runs on ${place}, and one place is enough. ${n.name} would be able to take it.` : "No reason was told.";
}

function act(app, path, body, said) {
	return async () => {
		try {
			await post(path, body);
			toast(said);
		} catch (problem) {
			toast(problem.message, "bad");
		}
		app.refresh();
	};
}

function details(app) {
	const st = app.status, r = st.resources.find((x) => x.name === chosen.resource);
	const n = st.nodes.find((x) => x.name === chosen.node);

	if (!r)
		return null;
	const url = `/v1/resources/${encodeURIComponent(r.name)}`, what = r.group || r.name;
	const c = n && cellOf(r, n), score = n && ((r.nodes || {})[n.name] || {}).score;

	return h("section", { cls: "card", "aria-label": "Details" },
		h("h2", null, r.name, n && ` on ${n.name}`, n && badge(c.word)),
		h("p", { cls: "mono quiet" }, r.type, r.group && ` · in group ${r.group}`),
		n && !c.here && h("p", null, whyNot(r, n, st)),
		n && c.here && h("p", null, stateOf(c.word).kind === "good" ? `It runs here.` : `Here it is ${c.word}.`, " ", r.why || ""),
		score !== undefined && score !== null && h("p", null, "Score: ", h("b", { cls: "mono" }, String(score))),
		h("div", { cls: "buttons" },
			n && !c.here && h("button", { onclick: act(app, `${url}/move`, { node: n.name }, `${what} moves to ${n.name}`) }, `Move ${what} here`),
			n && c.here && h("button", { onclick: act(app, `${url}/ban`, { node: n.name }, `${what} is kept from ${n.name}`) }, "Move away"),
			h("button", { onclick: act(app, `${url}/clear`, {}, "moves and bans are forgotten") }, "Forget moves"),
			h("button", { onclick: act(app, `${url}/cleanup`, n ? { node: n.name } : {}, "failures are forgotten") }, "Clean up"),
			h("button", { onclick: async () => {
				if (await ask({ title: `Restart ${r.name}?`, text: "It is stopped and started again; who uses it notices.", action: "Restart" }))
					act(app, `${url}/restart`, {}, `${r.name} restarts`)();
			} }, "Restart")));
}

function spot(app, r, n) {
	const c = cellOf(r, n), { kind, shape } = stateOf(c.word);
	const is = chosen && chosen.resource === r.name && chosen.node === n.name;

	return h("td", null, h("button", { cls: `spot ${kind} ${c.here ? "here" : ""}`, "aria-pressed": String(Boolean(is)),
		"aria-label": `${r.name} on ${n.name}: ${c.word}`, title: c.here ? c.word : whyNot(r, n, app.status),
		onclick: () => { chosen = { resource: r.name, node: n.name }; app.draw(); } },
	h("span", { "aria-hidden": "true" }, c.here || c.word !== "stopped" ? shape : "·"), c.here || c.word !== "stopped" ? c.word : ""));
}

function rows(app) {
	const st = app.status, seen = new Set(), out = [];

	for (const r of st.resources) {
		if (r.group && !seen.has(r.group)) {
			seen.add(r.group);
			out.push(h("tr", { cls: "group" }, h("th", { scope: "row" }, r.group, h("div", { cls: "type" }, "group")),
				st.nodes.map((n) => h("td", null, h("small", null, st.resources.some((x) => x.group === r.group && x.on.some((o) => o.node === n.name)) ? "here" : "")))));
		}
		out.push(h("tr", { cls: r.group ? "member" : "" }, h("th", { scope: "row" }, r.name, h("div", { cls: "type" }, r.type)),
			st.nodes.map((n) => spot(app, r, n))));
	}
	return out;
}

async function nodeAction(app, n, verb, said) {
	if (verb === "standby" && !await ask({ title: `Put ${n.name} on standby?`, text: `Everything that ${n.name} runs moves away; it runs nothing until you take it back.`, action: "Standby" }))
		return;
	act(app, `/v1/nodes/${encodeURIComponent(n.name)}/${verb}`, {}, `${n.name} ${said}`)();
}

function nodeHead(app, n) {
	const word = n.maintenance ? "maintenance" : n.standby && n.state === "online" ? "standby" : n.state;

	return h("th", { scope: "col" }, h("div", { cls: "row" }, n.name, badge(word, n.why)),
		h("div", null, n.standby
			? h("button", { cls: "plain", "aria-label": `take ${n.name} back from standby`, onclick: () => nodeAction(app, n, "online", "may run resources again") }, "Take back")
			: h("button", { cls: "plain", "aria-label": `put ${n.name} on standby`, onclick: () => nodeAction(app, n, "standby", "goes on standby") }, "Standby")));
}

export default {
	name: "resources", title: "Resources", icon: "M3 3h6v6H3zM11 3h6v6h-6zM3 11h6v6H3zM11 11h6v6h-6z",
	enter(app, name) { if (name) chosen = { resource: name, node: (app.status?.resources.find((r) => r.name === name)?.on[0] || {}).node }; },
	draw(app) {
		return [h("header", null, h("h1", null, "What runs where"), h("p", null, "Choose a cell: it says why something is there or is not, and what can be done.")),
			app.status.resources.length ? h("div", { cls: "card flush scroll" }, h("table", { cls: "placement" },
				h("caption", { cls: "hidden" }, "Resources by node"),
				h("thead", null, h("tr", null, h("th", { scope: "col" }, "Resource"), app.status.nodes.map((n) => nodeHead(app, n)))),
				h("tbody", null, rows(app)))) : h("p", { cls: "quiet" }, "No resources are configured."),
			chosen && details(app)];
	},
};
