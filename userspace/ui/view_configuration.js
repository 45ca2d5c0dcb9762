// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration: edited as text, checked as it is typed, compared, applied on what was read.
import { ask, get } from "./api.js";
import { h, toast, ask as sure } from "./dom.js";
import { diff, context } from "./diff.js";
import { clock, count, day } from "./words.js";

const PATH = "/v1/configuration", CHECK_MS = 400;
let base = null, etag = "", text = null, errors = [], plan = null, conflict = null, history = null, timer = null, seen = null, failed = null;

async function load(app, keep) {
	try {
		const a = await ask("GET", `${PATH}?format=text`);

		base = typeof a.data === "string" ? a.data : JSON.stringify(a.data, null, 2);
		etag = a.etag;
		if (!keep)
			text = base, errors = [], plan = null;
		conflict = failed = null;
		history = (await get(`${PATH}/history`)).revisions;
	} catch (p) {
		failed = p;
	}
	app.draw();
}

async function check(app) {
	const checked = text;

	try {
		const a = await ask("POST", `${PATH}/validate`, { body: checked, type: "application/yaml" });

		if (checked !== text)
			return;
		plan = a.data;
		errors = a.data.problems || [];
	} catch (p) {
		plan = null;
		errors = p.errors.length ? p.errors : [{ where: "", text: p.message }];
	}
	app.draw();
}

async function apply(app) {
	if (!await sure({ title: "Apply this configuration?", text: [count(changed(), "line is", "lines are") + " different." + (plan?.actions?.length ? ` ${count(plan.actions.length, "action follows", "actions follow")} at once.` : "")], action: "Apply" }))
		return;
	try {
		await ask("PUT", `${PATH}?name=console`, { body: text, type: "application/yaml", etag });
		toast("applied");
		await load(app);
	} catch (p) {
		if (p.status === 412) {
			const mine = base, theirs = await ask("GET", `${PATH}?format=text`);

			conflict = { lines: diff(mine, theirs.data), etag: theirs.etag, text: theirs.data };
		} else {
			errors = p.errors.length ? p.errors : errors;
			toast(p.message, "bad");
		}
	}
	app.draw();
}

async function rollback(app, r) {
	if (!await sure({ title: `Go back to revision ${r.revision}?`, text: "It becomes the newest revision; nothing of the history is lost.", action: "Roll back" }))
		return;
	try {
		await ask("POST", `${PATH}/rollback`, { body: { revision: r.revision }, etag });
		toast(`revision ${r.revision} is in force again`);
	} catch (p) {
		toast(p.message, "bad");
	}
	load(app);
}

const changed = () => diff(base || "", text || "").filter(([k]) => k !== " ").length;
const lineOf = (e) => Number((/:(\d+)(:\d+)?$/.exec(e.where || "") || [])[1] || 0);

function drawn(lines) {
	return h("div", { cls: "diff", tabindex: "0", role: "region", "aria-label": "Difference" }, context(lines).map(([k, t]) =>
		h("div", { cls: { "+": "add", "-": "del", "…": "gap" }[k] || "" }, `${k} ${t}`)));
}

function editor(app) {
	const wrong = new Set(errors.map(lineOf)), n = (text || "").split("\n").length;

	return h("div", { cls: "editor" }, h("div", { cls: "lines", id: "lines", "aria-hidden": "true" }, Array.from({ length: n }, (_, i) => h("span", { cls: wrong.has(i + 1) ? "wrong" : "" }, String(i + 1)))),
		h("textarea", { id: "editor", "aria-label": "Configuration, YAML or JSON", spellcheck: "false", autocapitalize: "off", value: text || "", "data-keep": true,
			oninput: (e) => { text = e.target.value; clearTimeout(timer); timer = setTimeout(() => check(app), CHECK_MS); app.draw(); },
			onscroll: (e) => { document.getElementById("lines").scrollTop = e.target.scrollTop; } }));
}

function problems() {
	return errors.length > 0 && h("ul", { cls: "problems notice " + (errors.every((e) => e.warning) ? "warn" : "bad"), role: "alert" }, errors.map((e) =>
		h("li", null, h("code", null, e.where || "—"), h("span", null, e.text))));
}

function consequences() {
	return plan && changed() > 0 && h("section", { cls: "card" }, h("h2", null, "What would follow at once"), plan.actions && plan.actions.length ? h("ol", { cls: "steps" }, plan.actions.map((a) =>
		h("li", null, h("span", null, h("b", null, a.op), " ", a.resource || "", a.node ? ` on ${a.node}` : "")))) : h("p", { cls: "quiet" }, "Nothing is started or stopped."));
}

function conflicted(app) {
	return conflict && h("section", { cls: "card" }, h("p", { cls: "notice warn", role: "alert" }, "Somebody else changed the configuration since you read it. Nothing of yours was applied. This is what they changed:"), drawn(conflict.lines),
		h("div", { cls: "buttons" }, h("button", { onclick: () => { base = conflict.text; etag = conflict.etag; conflict = null; app.draw(); check(app); } }, "Keep my text, compare it with theirs"),
			h("button", { onclick: () => load(app) }, "Take theirs, drop mine")));
}

function past(app) {
	return history && h("section", { cls: "card flush scroll" }, h("h2", null, "History"), h("table", null, h("thead", null, h("tr", null, ["Revision", "When", "Who"].map((t) => h("th", { scope: "col" }, t)), h("th", { scope: "col" }, h("span", { cls: "hidden" }, "Actions")))),
		h("tbody", null, history.map((r) => h("tr", { "data-key": String(r.revision) }, h("th", { scope: "row" }, String(r.revision)), h("td", null, r.at_ms ? `${day(r.at_ms)} ${clock(r.at_ms, false)}` : "—"), h("td", null, r.user || "—"),
			h("td", null, h("div", { cls: "buttons" }, h("button", { "aria-label": `show what changed in revision ${r.revision}`, onclick: async () => { seen = { ...r, text: await get(`${PATH}/diff?from=${r.revision}`) }; app.draw(); } }, "Compare with now"),
				r.revision !== history[0].revision && h("button", { "aria-label": `roll back to revision ${r.revision}`, onclick: () => rollback(app, r) }, "Roll back"))))))),
	seen && h("div", { cls: "pad" }, h("h3", null, `From revision ${seen.revision} to now`), h("div", { cls: "diff", tabindex: "0", role: "region", "aria-label": "Difference" }, seen.text.lines.length ? seen.text.lines.map(([k, t]) => h("div", { cls: { "+": "add", "-": "del" }[k] || "" }, `${k} ${t}`)) : h("div", { cls: "gap" }, "no difference"))));
}

export default {
	name: "configuration", title: "Configuration", icon: "M4 4h12v12H4zM7 8h6M7 11h6M7 14h3",
	enter(app) { if (text === null || text === base) load(app); },
	draw(app) {
		const n = text === null ? 0 : changed();

		return [h("header", null, h("h1", null, "Configuration"), h("span", { cls: "push" }), h("small", null, n ? `${count(n, "line")} changed, on top of revision ${etag}` : `revision ${etag}, unchanged`),
			h("div", { cls: "buttons" }, h("button", { disabled: !n, onclick: () => load(app) }, "Undo all"), h("button", { cls: "primary", disabled: !n || errors.some((e) => !e.warning), onclick: () => apply(app) }, "Apply…"))),
		failed && h("p", { cls: "notice bad" }, failed.message), conflicted(app), text === null ? h("p", { cls: "quiet" }, "Reading…") : editor(app), problems(),
		n > 0 && h("section", { cls: "card" }, h("h2", null, "Your change"), drawn(diff(base, text))), consequences(), past(app)];
	},
};
