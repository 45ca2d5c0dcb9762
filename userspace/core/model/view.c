/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "core/model/view.h"

struct view *view_new(const struct site *site)
{
	struct view *view = own_new(struct view);

	view->site = site;
	view->nodes = own_alloc(site->n_nodes * sizeof(*view->nodes));
	view->cells = own_alloc(site->n_nodes * site->n_resources * sizeof(*view->cells));
	for (size_t i = 0; i < site->n_nodes; i++)
		view->nodes[i].name = site->nodes[i].name;
	return view;
}

void view_free(struct view *view)
{
	if (!view)
		return;
	free(view->nodes);
	free(view->cells);
	free(view);
}

struct view_cell *view_cell(const struct view *view, size_t node, size_t resource)
{
	return &view->cells[node * view->site->n_resources + resource];
}

/* FNV-1a: it tells a change, and keeps nothing secret. */
static void mix(uint64_t *h, const char *text)
{
	do {
		*h = (*h ^ (unsigned char)*text) * 0x100000001b3ULL;
	} while (*text++);
}

void view_digest(const struct site_resource *resource, char ret[17])
{
	uint64_t sum = 0;
	const char *key;
	json_t *v;

	/* A sum over the pairs: their order in the text changes nothing. */
	json_object_foreach (resource->params, key, v) {
		uint64_t h = 0xcbf29ce484222325ULL;

		mix(&h, key);
		mix(&h, json_string_value(v) ? json_string_value(v) : "");
		sum += h;
	}
	snprintf(ret, 17, "%016" PRIx64, sum);
}

static void note_start(struct view_cell *cell, int rc, bool done)
{
	if (done && rc == 0) {
		cell->state = VIEW_STARTED;
		return;
	}
	cell->fails++;
	cell->state = VIEW_FAILED;
}

static void note_monitor(struct view_cell *cell, uint64_t interval_ms, int rc, bool done)
{
	bool active = cell->state == VIEW_STARTED || cell->state == VIEW_FAILED;

	if (done && (rc == 0 || rc == 8 || rc == 190 || rc == 191)) {
		cell->state = VIEW_STARTED;
		cell->recurring |= interval_ms > 0;
		return;
	}
	if (done && rc == 7 && !interval_ms) {
		cell->state = VIEW_STOPPED;
		return;
	}
	/* A probe of what is not installed or cannot run here says that it does not. */
	if (!interval_ms && !active && (rc == 5 || rc == 2 || rc == 6 || rc == 3)) {
		cell->state = VIEW_IMPOSSIBLE;
		return;
	}
	cell->fails++;
	cell->state = VIEW_FAILED;
}

void view_cell_note(
	struct view_cell *cell, const char *op, uint64_t interval_ms, int rc, const char *status)
{
	bool done = !strcmp(status, "done");

	if (!strcmp(status, "cancelled"))
		return;
	if (!strcmp(status, "pending")) {
		if (strcmp(op, "monitor"))
			cell->state = VIEW_UNKNOWN;
		return;
	}
	if (!strcmp(op, "start")) {
		note_start(cell, rc, done);
		if (cell->state != VIEW_STARTED)
			cell->recurring = false;
	} else if (!strcmp(op, "stop")) {
		cell->recurring = false;
		cell->state = done && rc == 0 ? VIEW_STOPPED : VIEW_STOP_FAILED;
		if (cell->state == VIEW_STOP_FAILED)
			cell->fails++;
	} else if (!strcmp(op, "monitor")) {
		note_monitor(cell, interval_ms, rc, done);
	}
}

const char *view_state_name(enum view_state state)
{
	static const char *const names[] = { "unknown", "stopped", "started", "failed",
		"stop-failed", "impossible" };

	return names[state];
}
