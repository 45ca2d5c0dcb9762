/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/journal.h"

void journal_init(struct journal *j)
{
	*j = (struct journal){ .events = json_array() };
}

void journal_done(struct journal *j)
{
	json_decref(j->events);
	j->events = NULL;
}

json_t *journal_add(struct journal *j, uint64_t boot_ns, uint64_t epoch_ms, const char *kind,
	const char *node, const char *resource, const char *text, json_t *more)
{
	json_t *e = json_pack("{s:I, s:I, s:I, s:s, s:s*, s:s*, s:s}", "cursor",
		(json_int_t)++j->cursor, "time_ms", (json_int_t)epoch_ms, "boot_ns",
		(json_int_t)boot_ns, "kind", kind, "node", node, "resource", resource, "text",
		text);

	if (!e) /* text that is no UTF-8: an agent's words */
		e = json_pack("{s:I, s:I, s:I, s:s, s:s*, s:s}", "cursor", (json_int_t)j->cursor,
			"time_ms", (json_int_t)epoch_ms, "boot_ns", (json_int_t)boot_ns, "kind",
			kind, "node", node, "text", "(not readable)");
	json_object_update(e, more);
	json_decref(more);
	if (json_array_size(j->events) < JOURNAL_MAX) {
		json_array_append_new(j->events, e);
	} else {
		json_array_set_new(j->events, j->first, e);
		j->first = (j->first + 1) % JOURNAL_MAX;
	}
	return e;
}

json_t *journal_after(const struct journal *j, uint64_t cursor, size_t limit)
{
	size_t n = json_array_size(j->events);
	json_t *list = json_array();
	uint64_t oldest = j->cursor - n + 1;

	for (size_t i = cursor < oldest ? 0 : cursor - oldest + 1; i < n; i++) {
		if (limit && json_array_size(list) >= limit)
			break;
		json_array_append(list, json_array_get(j->events, (j->first + i) % n));
	}
	return list;
}
