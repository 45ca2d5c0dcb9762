// SPDX-License-Identifier: GPL-2.0-or-later
// Elements without a framework: h() makes them, render() changes what is there into what should be.
const HANDLERS = ["onclick", "onchange", "oninput", "onsubmit", "onkeydown", "ontoggle", "onscroll"];
const SVG = new Set(["svg", "g", "path", "rect", "line", "circle", "text", "polyline", "title"]);

export function h(tag, props, ...children) {
	const e = SVG.has(tag) && props && props.svg
		? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
	for (const [name, value] of Object.entries(props || {})) {
		if (name === "svg" || value === undefined || value === null || value === false)
			continue;
		if (HANDLERS.includes(name))
			e[name] = value;
		else if (name === "value")
			e.value = value, e.setAttribute("data-value", value);
		else if (name === "vars")
			for (const [k, v] of Object.entries(value))
				e.style.setProperty(k, v);
		else
			e.setAttribute(name === "cls" ? "class" : name, value === true ? "" : value);
	}
	e.append(...children.flat(9).filter((c) => c !== null && c !== undefined && c !== false));
	return e;
}

export const s = (tag, props, ...children) => h(tag, { svg: true, ...props }, ...children);

function morph(old, fresh) {
	if (old.nodeType === 3) {
		if (old.data !== fresh.data)
			old.data = fresh.data;
		return;
	}
	for (const { name } of [...old.attributes])
		if (!fresh.hasAttribute(name) && name !== "open")
			old.removeAttribute(name);
	for (const { name, value } of [...fresh.attributes])
		/* Styles go by CSSOM below: as an attribute the policy forbids them. */
		if (name !== "style" && old.getAttribute(name) !== value)
			old.setAttribute(name, value);
	for (const name of HANDLERS)
		if (old[name] !== fresh[name])
			old[name] = fresh[name];
	if ("value" in fresh && fresh.hasAttribute("data-value") && old !== document.activeElement &&
		old.value !== fresh.value)
		old.value = fresh.value;
	if (old.style.cssText !== fresh.style.cssText)
		old.style.cssText = fresh.style.cssText;
	if (!old.hasAttribute("data-keep"))
		children(old, fresh);
}

function children(parent, fresh) {
	const want = [...fresh.childNodes];

	want.forEach((f, i) => {
		const o = parent.childNodes[i];
		const same = o && o.nodeType === f.nodeType && o.nodeName === f.nodeName &&
			(o.nodeType !== 1 || o.getAttribute("data-key") === f.getAttribute("data-key"));

		if (same)
			morph(o, f);
		else if (o)
			o.replaceWith(f);
		else
			parent.append(f);
	});
	while (parent.childNodes.length > want.length)
		parent.lastChild.remove();
}

// What has the focus, is scrolled or half typed stays as it is.
export function render(parent, ...content) {
	children(parent, h("div", null, ...content));
}

export function toast(text, kind = "good") {
	const e = h("div", { cls: `toast ${kind}` }, text);

	document.getElementById("toasts").append(e);
	setTimeout(() => e.remove(), kind === "bad" ? 12000 : 5000);
}

// Asks before something that cannot be undone. word: what must be typed; null: a button is enough.
export function ask({ title, text, word = null, action, danger = false }) {
	const dialog = document.getElementById("dialog");

	return new Promise((resolve) => {
		const go = h("button", { cls: danger ? "danger" : "primary", value: "yes", type: "submit",
			disabled: word !== null }, action);
		const input = word === null ? null : h("input", { id: "dialog-word", autocomplete: "off",
			spellcheck: "false", oninput: (e) => { go.disabled = e.target.value !== word; } });

		dialog.replaceChildren(h("form", { method: "dialog" },
			h("h2", { id: "dialog-title" }, title),
			[text].flat().map((t) => (typeof t === "string" ? h("p", null, t) : t)),
			input && h("label", { for: "dialog-word" }, "Type ", h("code", null, word), " to confirm"),
			input,
			h("div", { cls: "buttons" },
				h("button", { value: "no", type: "submit", formnovalidate: true }, "Leave it"), go)));
		dialog.onclose = () => resolve(dialog.returnValue === "yes");
		dialog.returnValue = "no";
		dialog.showModal();
		(input || dialog.querySelector("button")).focus();
	});
}
