// SPDX-License-Identifier: GPL-2.0-or-later
// The controller's answers: requests, problems, and the stream of events that is taken up again.
const KEY = "picket-token";

export const token = {
	get: () => sessionStorage.getItem(KEY) || localStorage.getItem(KEY) || "",
	set(value, keep) {
		sessionStorage.setItem(KEY, value);
		if (keep)
			localStorage.setItem(KEY, value);
	},
	clear() {
		sessionStorage.removeItem(KEY);
		localStorage.removeItem(KEY);
	},
};

export class Problem extends Error {
	constructor(status, body) {
		super(body.detail || body.title || `status ${status}`);
		Object.assign(this, { status, title: body.title || "It did not work", body,
			errors: body.errors || [] });
	}
}

let onSignOut = () => {};
export const whenSignedOut = (f) => { onSignOut = f; };

function headers(more) {
	const t = token.get();

	return { ...(t ? { Authorization: `Bearer ${t}` } : {}), ...more };
}

async function problemOf(answer) {
	let body = {};

	try {
		body = JSON.parse(await answer.text());
	} catch { /* not ours: the status must do */ }
	if (answer.status === 401)
		onSignOut();
	return new Problem(answer.status, body);
}

export async function ask(method, path, { body, type, etag, key } = {}) {
	const more = {};
	let answer;

	if (body !== undefined)
		more["Content-Type"] = type || "application/json";
	if (etag)
		more["If-Match"] = `"${etag}"`;
	if (key || method === "POST")
		more["Idempotency-Key"] = key || crypto.randomUUID();
	try {
		answer = await fetch(path, { method, headers: headers(more), cache: "no-store",
			body: body === undefined || typeof body === "string" ? body : JSON.stringify(body) });
	} catch {
		throw new Problem(0, { title: "The controller does not answer",
			detail: "No connection to this controller; trying again." });
	}
	if (!answer.ok)
		throw await problemOf(answer);
	const text = await answer.text();
	const json = (answer.headers.get("Content-Type") || "").includes("json");

	return { status: answer.status, etag: (answer.headers.get("ETag") || "").replace(/"/g, ""),
		data: json && text ? JSON.parse(text) : text };
}

export const get = async (path) => (await ask("GET", path)).data;
export const post = async (path, body = {}) => (await ask("POST", path, { body })).data;

function* blocks(buffer) {
	let at;

	while ((at = buffer.text.indexOf("\n\n")) >= 0) {
		yield buffer.text.slice(0, at);
		buffer.text = buffer.text.slice(at + 2);
	}
}

function eventOf(block) {
	const e = { id: "", event: "message", data: "" };

	for (const line of block.split("\n")) {
		const m = /^(\w+): ?(.*)$/.exec(line);

		if (m)
			e[m[1]] = m[1] === "data" ? e.data + m[2] : m[2];
	}
	return e.data ? e : null;
}

// Calls take(event) for each event after the cursor, for ever; tell(up) when the line comes or goes.
export async function follow(take, tell) {
	let after = 0, pause = 500;

	for (;;) {
		try {
			const answer = await fetch(`/v1/events?follow=1&after=${after}`,
				{ headers: headers({ Accept: "text/event-stream" }), cache: "no-store" });

			if (!answer.ok)
				throw await problemOf(answer);
			const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
			const buffer = { text: "" };

			tell(true);
			pause = 500;
			for (;;) {
				const { done, value } = await reader.read();

				if (done)
					break;
				buffer.text += value;
				for (const block of blocks(buffer)) {
					const e = eventOf(block);

					if (!e)
						continue;
					after = e.id || after;
					take(JSON.parse(e.data));
				}
			}
		} catch (problem) {
			if (problem.status === 401)
				return;
		}
		tell(false);
		// Another controller may count its events anew: what it has is taken from its start.
		const newest = await get("/v1/events?limit=1").catch(() => null);

		if (newest && newest.cursor < after)
			after = 0;
		await new Promise((r) => setTimeout(r, pause));
		pause = Math.min(pause * 2, 5000);
	}
}
