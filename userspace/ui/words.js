// SPDX-License-Identifier: GPL-2.0-or-later
// How things are said and drawn everywhere in the same way: states, times, verdicts.
import { h } from "./dom.js";

// A state has a word, a shape and a colour: never a colour alone.
const STATES = {
	online: ["good", "●"], standby: ["idle", "◐"], maintenance: ["info", "◇"], stopping: ["idle", "◔"],
	offline: ["idle", "○"], left: ["idle", "○"], joining: ["info", "◌"], lost: ["bad", "✕"],
	suspected: ["warn", "▲"], unclean: ["bad", "✕"], fencing: ["bad", "✕"], dead: ["idle", "✝"],
	fenced: ["idle", "✝"], started: ["good", "●"], stopped: ["idle", "○"], failed: ["bad", "✕"],
	"stop-failed": ["bad", "✕"], promoted: ["good", "★"], unpromoted: ["good", "●"],
	impossible: ["idle", "∅"], unknown: ["idle", "?"], heard: ["good", "●"], silent: ["bad", "✕"],
	pending: ["info", "◌"], never: ["idle", "○"],
};

export function stateOf(word) {
	const key = Object.keys(STATES).find((k) => word === k) ||
		Object.keys(STATES).find((k) => String(word).includes(k));
	const [kind, shape] = STATES[key] || ["info", "◇"];

	return { kind, shape };
}

export function badge(word, title) {
	const { kind, shape } = stateOf(word);

	return h("span", { cls: `badge ${kind}`, title },
		h("span", { "aria-hidden": "true", cls: "shape" }, shape), word);
}

export function clock(ms, withMs = true) {
	const d = new Date(ms), two = (n) => String(n).padStart(2, "0");

	return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}` +
		(withMs ? `.${String(d.getMilliseconds()).padStart(3, "0")}` : "");
}

export function day(ms) {
	return new Date(ms).toLocaleDateString(undefined, { day: "numeric", month: "short" });
}

export function ago(ms) {
	const seconds = Math.max(0, Math.round(ms / 1000));

	if (seconds < 60)
		return `${seconds} s ago`;
	if (seconds < 3600)
		return `${Math.round(seconds / 60)} min ago`;
	return seconds < 86400 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86400)} d ago`;
}

export function span(ms) {
	if (ms < 1000)
		return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
	return `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`;
}

export const count = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

// The worst thing first; each with what it asks of whoever reads it.
export function verdict(status) {
	const bad = [], warn = [];

	for (const n of status.nodes) {
		if (/lost|unclean|fencing|blocked/.test(n.state))
			bad.push({ text: `${n.name} is ${n.state}${n.why ? `: ${n.why}` : ""}`, todo: n.todo });
		else if (n.state !== "online")
			warn.push({ text: `${n.name} is ${n.state}${n.why ? `: ${n.why}` : ""}`, todo: n.todo });
		else if (n.links.some((l) => l.state !== "heard"))
			warn.push({ text: `${n.name} is not heard on link ${n.links.filter((l) => l.state !== "heard")
				.map((l) => l.link).join(", ")}`, todo: "look at its cable, switch port or interface" });
	}
	for (const r of status.resources) {
		if (!r.on.length)
			bad.push({ text: `${r.name} runs nowhere${r.why ? `: ${r.why}` : ""}` });
		else if (r.on.some((o) => /fail/.test(o.state)))
			bad.push({ text: `${r.name} has failed on ${r.on.map((o) => o.node).join(", ")}` });
		const fails = Object.entries(r.failures || {});

		if (fails.length)
			warn.push({ text: `${r.name} has failed ${fails.map(([n, c]) => `${c}× on ${n}`).join(", ")}`,
				todo: `picket resource cleanup ${r.name}, when it is mended` });
	}
	for (const c of status.controllers || [])
		if (!c.connected && c.name !== status.controller)
			warn.push({ text: `controller ${c.name} is not connected` });
	for (const f of status.faults || [])
		warn.push({ text: f });
	if (status.fencing_paused)
		bad.unshift({ text: "fencing is paused: too many nodes are lost at once",
			todo: "fence one of them by hand if they are really lost" });
	return { bad, warn };
}
