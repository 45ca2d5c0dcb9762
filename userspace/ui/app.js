// SPDX-License-Identifier: GPL-2.0-or-later
// The console: signs in, keeps one picture of the cluster up to date, and shows it through a view.
import { follow, get, token, whenSignedOut, Problem } from "./api.js";
import { h, s, render, toast } from "./dom.js";
import { verdict, count } from "./words.js";
import now from "./view_now.js";
import beats from "./view_beats.js";
import resources from "./view_resources.js";
import failovers from "./view_failovers.js";
import whatif from "./view_whatif.js";
import fencing from "./view_fencing.js";
import events from "./view_events.js";
import configuration from "./view_configuration.js";

const VIEWS = [now, beats, resources, failovers, whatif, fencing, events, configuration];
const EVENTS_KEPT = 2000, SAFETY_MS = 4000, GATHER_MS = 80;

// What every view draws from; a view's own state is its own.
const app = {
	status: null, events: [], up: false, error: null, who: null,
	draw: () => requestAnimationFrame(draw),
	refresh,
};
let view = VIEWS[0], argument = "", running = false, gathering = null, signedIn = false, focusNext = null;

const LOGO = () => s("svg", { viewBox: "0 0 32 32", "aria-hidden": "true" },
	s("path", { fill: "currentColor", d: "M4 10l3-5 3 5v18H4zM13 10l3-5 3 5v18h-6zM22 10l3-5 3 5v18h-6z" }),
	s("path", { fill: "currentColor", d: "M2 14h28v3H2zM2 22h28v3H2z" }));

function theme() {
	const next = { auto: "light", light: "dark", dark: "auto" };
	const is = document.documentElement.dataset.theme || "auto";

	document.documentElement.dataset.theme = next[is];
	localStorage.setItem("picket-theme", next[is]);
	draw();
}

function top() {
	const st = app.status, v = st && verdict(st);
	const kind = !st ? "idle" : v.bad.length ? "bad" : v.warn.length ? "warn" : "good";
	const look = document.documentElement.dataset.theme || "auto";

	render(document.getElementById("top"),
		h("a", { cls: "brand", href: "#/now", "aria-label": "picket: the cluster now" }, LOGO(), "picket",
			st && st.cluster && h("span", { cls: "of" }, st.cluster)),
		st && h("span", { cls: `pill ${kind}` }, h("span", { cls: `dot ${kind}`, "aria-hidden": "true" }),
			v.bad.length ? `${count(v.bad.length, "thing")} broken`
				: v.warn.length ? `${count(v.warn.length, "warning")}` : "all well"),
		h("span", { cls: "push" }),
		st && h("small", { cls: "wide-only" }, `${st.leader ? "leader" : "controller"} ${st.controller} · term ${st.term}`),
		signedIn && h("span", { cls: `pill live ${app.up ? "good" : "warn"}`, role: "status" },
			h("span", { cls: `dot ${app.up ? "good" : "warn"}`, "aria-hidden": "true" }),
			h("span", null, app.up ? "live" : "reconnecting")),
		h("button", { cls: "plain", onclick: theme, "aria-label": `Colours: ${look}. Change.`, title: `Colours: ${look}` },
			{ auto: "◐", light: "☀", dark: "☾" }[look]),
		signedIn && token.get() && h("button", { cls: "plain", onclick: () => { token.clear(); location.reload(); } }, "Sign out"));
}

function nav() {
	render(document.getElementById("nav"), h("ul", null, VIEWS.map((v, i) =>
		h("li", null, h("a", { href: `#/${v.name}`, "aria-current": v === view ? "page" : null },
			s("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, s("path", { d: v.icon })),
			v.title, h("kbd", { "aria-hidden": "true" }, String(i + 1)))))));
}

function draw() {
	top();
	if (!signedIn)
		return;
	nav();
	document.title = `${view.title} · ${(app.status && app.status.cluster) || "picket"}`;
	const main = document.getElementById("main");

	if (main.dataset.view !== view.name) {
		main.replaceChildren();
		main.dataset.view = view.name;
	}
	if (!app.status)
		render(main, h("p", { cls: "quiet" }, app.error ? app.error.message : "Looking at the cluster…"));
	else
		render(main, h("div", { cls: "view" }, view.draw(app, argument)));
	const wanted = focusNext && document.getElementById(focusNext);

	if (wanted) {
		wanted.focus();
		focusNext = null;
	}
}

function route() {
	const [name, rest] = location.hash.replace(/^#\/?/, "").split("/");
	const found = VIEWS.find((v) => v.name === name) || VIEWS[0];

	argument = decodeURIComponent(rest || "");
	if (found !== view && view.leave)
		view.leave(app);
	view = found;
	if (view.enter && signedIn)
		view.enter(app, argument);
	draw();
}

async function refresh() {
	try {
		app.status = await get("/v1/status");
		app.error = null;
	} catch (problem) {
		app.error = problem;
	}
	draw();
}

function take(event) {
	const last = app.events[app.events.length - 1];

	if (last && event.cursor <= last.cursor)
		app.events = app.events.filter((e) => e.cursor < event.cursor && e.time_ms <= event.time_ms);
	app.events.push(event);
	if (app.events.length > EVENTS_KEPT)
		app.events.splice(0, app.events.length - EVENTS_KEPT);
	gathering ||= setTimeout(() => { gathering = null; refresh(); }, GATHER_MS);
}

function run() {
	if (running)
		return;
	running = true;
	follow(take, (up) => { app.up = up; draw(); }).finally(() => { running = false; });
	setInterval(() => { if (!document.hidden && signedIn) refresh(); }, SAFETY_MS);
}

function signInPage(problem) {
	signedIn = false;
	document.getElementById("nav").replaceChildren();
	const main = document.getElementById("main");
	const field = h("input", { id: "token", type: "password", autocomplete: "current-password", required: true,
		"aria-describedby": "token-help" });
	const keep = h("input", { id: "keep", type: "checkbox" });

	main.dataset.view = "signin";
	main.replaceChildren(h("div", { id: "signin", cls: "card" }, h("form", { onsubmit: async (e) => {
		e.preventDefault();
		token.set(field.value.trim(), keep.checked);
		begin();
	} }, LOGO(), h("h1", null, "Sign in"),
	h("input", { cls: "hidden", type: "text", name: "username", autocomplete: "username", tabindex: "-1", "aria-hidden": "true" }),
	h("label", { for: "token" }, "Token"), field,
	h("small", { id: "token-help" }, "On a controller, ", h("code", null, "picket token create NAME --role operator"), " makes one."),
	h("label", { cls: "row", for: "keep" }, keep, "Keep me signed in on this device"),
	problem && h("p", { cls: "notice bad", role: "alert" }, problem),
	h("button", { cls: "primary", type: "submit" }, "Sign in"))));
	document.title = "Sign in · picket";
	top();
	field.focus();
}

async function begin() {
	try {
		app.who = await get("/v1/whoami");
		app.status = await get("/v1/status");
	} catch (problem) {
		if (problem instanceof Problem && problem.status === 401) {
			const had = token.get();

			token.clear();
			signInPage(had ? "That token is not known here, or has run out." : null);
			return;
		}
		render(document.getElementById("main"), h("p", { cls: "notice bad" }, problem.message));
		setTimeout(begin, 2000);
		return;
	}
	signedIn = true;
	run();
	route();
}

function onKey(e) {
	if (e.ctrlKey || e.altKey || e.metaKey || !signedIn || document.querySelector("dialog[open]") ||
		/^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName))
		return;
	if (/^[1-8]$/.test(e.key)) {
		location.hash = `#/${VIEWS[e.key - 1].name}`;
		document.getElementById("main").focus();
	} else if (e.key === "t") {
		theme();
	} else if (e.key === "/") {
		e.preventDefault();
		focusNext = "filter"; // where the view is another one, it is there when the view is
		if (view.name === "events")
			draw();
		else
			location.hash = "#/events";
	}
}

whenSignedOut(() => { if (signedIn) signInPage("You were signed out: the token has run out or was taken back."); });
document.documentElement.dataset.theme = localStorage.getItem("picket-theme") || "auto";
addEventListener("hashchange", route);
addEventListener("keydown", onKey);
addEventListener("unhandledrejection", (e) => { e.preventDefault(); toast(e.reason?.message || String(e.reason), "bad"); });
begin();
