/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "core/rehearsal.h"
#include "core/topology.h"

#define SECOND 1000000000ULL
/* What failed is looked at again sooner than the rest, so that its mending is seen. */
#define AGAIN_NS (60 * SECOND)
enum { TEXT_MAX = 400, RECORD_MAX = 320 };

static void row_done(struct rehearsal_row *row)
{
	free(row->node);
	free(row->device);
	free(row->agent);
	free(row->text);
	json_decref(row->record);
	*row = (struct rehearsal_row){ 0 };
}

void rehearsal_done(struct rehearsal *r)
{
	for (size_t i = 0; i < r->n; i++)
		row_done(&r->rows[i]);
	free(r->rows);
	*r = (struct rehearsal){ 0 };
}

struct rehearsal_row *rehearsal_find(struct rehearsal *r, const char *node, const char *device)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->rows[i].node, node) && !strcmp(r->rows[i].device, device))
			return &r->rows[i];
	return NULL;
}

static void add(struct rehearsal *r, size_t *cap, const char *node, const struct site_device *d,
	struct rehearsal *before)
{
	struct rehearsal_row *row = rehearsal_find(r, node, d->name), *was;

	if (row) /* in two levels */
		return;
	own_grow(r->rows, r->n, *cap);
	row = &r->rows[r->n++];
	*row = (struct rehearsal_row){ .node = own_string(node),
		.device = own_string(d->name),
		.agent = own_string(d->agent) };
	was = rehearsal_find(before, node, d->name);
	if (!was || strcmp(was->agent, d->agent))
		return;
	row_done(row);
	*row = *was;
	*was = before->rows[--before->n];
}

void rehearsal_configure(struct rehearsal *r, const struct site *site, uint64_t every_ns)
{
	struct rehearsal before = *r;
	size_t cap = 0;

	*r = (struct rehearsal){ .every_ns = every_ns };
	for (size_t n = 0; n < site->n_nodes; n++) {
		struct topology_place place = { 0 };
		size_t levels = topology_levels(site, site->nodes[n].name);

		for (; place.level < levels; place.level++, place.step = 0) {
			struct topology_step step;

			for (; topology_at(site, site->nodes[n].name, place, &step); place.step++)
				if (step.device)
					add(r, &cap, site->nodes[n].name, step.device, &before);
		}
	}
	rehearsal_done(&before);
}

void rehearsal_begin(struct rehearsal *r, uint64_t first_ns, uint64_t step_ns)
{
	for (size_t i = 0; i < r->n; i++) {
		r->rows[i].id = 0;
		r->rows[i].due_ns = first_ns + i * step_ns;
	}
}

static bool wanted(const struct rehearsal *r, const struct rehearsal_row *row)
{
	return row->asked || r->every_ns;
}

struct rehearsal_row *rehearsal_next(struct rehearsal *r, uint64_t now_ns)
{
	struct rehearsal_row *best = NULL;

	for (size_t i = 0; i < r->n; i++) {
		struct rehearsal_row *row = &r->rows[i];

		if (row->id)
			return NULL;
		if (!wanted(r, row) || row->due_ns > now_ns)
			continue;
		if (!best || (row->asked && !best->asked) ||
			(row->asked == best->asked && row->due_ns < best->due_ns))
			best = row;
	}
	return best;
}

uint64_t rehearsal_due(const struct rehearsal *r, uint64_t wait_ns)
{
	uint64_t due = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct rehearsal_row *row = &r->rows[i];

		if (row->id)
			return row->sent_ns + wait_ns;
		if (wanted(r, row) && (!due || row->due_ns < due))
			due = row->due_ns;
	}
	return due;
}

size_t rehearsal_ask(struct rehearsal *r, const char *node, uint64_t now_ns)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->rows[i].node, node))
			continue;
		r->rows[i].asked = true;
		r->rows[i].due_ns = now_ns;
		n++;
	}
	return n;
}

bool rehearsal_pending(const struct rehearsal *r, const char *node)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->rows[i].asked && !strcmp(r->rows[i].node, node))
			return true;
	return false;
}

struct rehearsal_row *rehearsal_out(struct rehearsal *r, uint64_t id)
{
	for (size_t i = 0; id && i < r->n; i++)
		if (r->rows[i].id == id)
			return &r->rows[i];
	return NULL;
}

/* ---- results ----------------------------------------------------------------------------------
 */

/* The value's place in a line "record:NAME=VALUE"; NULL: it is none. */
static const char *record_value(const char *line, size_t length)
{
	static const char prefix[] = "record:";
	size_t skip = strlen(prefix), name;

	if (length < skip || strncmp(line, prefix, skip))
		return NULL;
	name = strcspn(line + skip, "=\n");
	if (!name || skip + name + 1 >= length || length - skip > RECORD_MAX)
		return NULL;
	return line + skip + name + 1;
}

static json_t *record_of(const char *output)
{
	json_t *record = json_object();

	for (const char *at = output; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		size_t length = strcspn(at, "\n");
		const char *value = record_value(at, length), *name = strchr(at, ':') + 1;
		owned(free) char *key = NULL;

		if (!value)
			continue;
		key = own_printf("%.*s", (int)(value - name - 1), name);
		json_object_set_new(
			record, key, json_stringn(value, length - (size_t)(value - at)));
	}
	if (json_object_size(record))
		return record;
	json_decref(record);
	return NULL;
}

/* A sentence if it was somebody else than recorded; NULL: it was not. */
static char *stranger(const struct rehearsal_row *row, json_t *record)
{
	const char *key;
	json_t *was;

	json_object_foreach (row->record, key, was) {
		json_t *is = json_object_get(record, key);

		if (!is || json_equal(is, was))
			continue;
		return own_printf("somebody else answers: %s is '%s' now, was '%s'; "
				  "`picket fence test %s` accepts that",
			key, json_string_value(is), json_string_value(was), row->node);
	}
	return NULL;
}

static void settle(struct rehearsal *r, struct rehearsal_row *row, uint64_t now_ns)
{
	uint64_t every = r->every_ns;

	row->id = 0;
	row->asked = false;
	if (row->state == REHEARSAL_FAILED && every > AGAIN_NS)
		every = AGAIN_NS;
	row->due_ns = now_ns + every;
}

enum rehearsal_news rehearsal_result(struct rehearsal *r, struct rehearsal_row *row,
	const char *why, const char *output, uint64_t now_ns, uint64_t epoch_ms)
{
	enum rehearsal_state before = row->state;
	json_t *record = why ? NULL : record_of(output);
	char *text = why          ? own_printf("%.*s", TEXT_MAX, why)
		     : row->asked ? NULL
				  : stranger(row, record);

	row->state = text ? REHEARSAL_FAILED : REHEARSAL_PASSED;
	row->failures = text ? row->failures + 1 : 0;
	row->at_ms = epoch_ms;
	free(row->text);
	row->text = text;
	if (record && !text) {
		json_decref(row->record);
		row->record = give(record);
	}
	json_decref(record);
	settle(r, row, now_ns);
	if (row->state == before || (before == REHEARSAL_NEVER && !text))
		return REHEARSAL_SAME;
	return text ? REHEARSAL_WORSE : REHEARSAL_BETTER;
}

void rehearsal_again(struct rehearsal_row *row, uint64_t due_ns)
{
	row->id = 0;
	row->due_ns = due_ns;
}

const char *rehearsal_state_name(enum rehearsal_state state)
{
	static const char *const names[] = { "never", "passed", "failed" };

	return names[state];
}

json_t *rehearsal_json(const struct rehearsal *r, const char *node)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n; i++) {
		const struct rehearsal_row *row = &r->rows[i];
		json_t *j;

		if (strcmp(row->node, node))
			continue;
		j = json_pack("{s:s, s:s, s:s, s:s*, s:O*}", "device", row->device, "agent",
			row->agent, "state", rehearsal_state_name(row->state), "text", row->text,
			"record", row->record);
		if (row->at_ms)
			json_object_set_new(j, "at_ms", json_integer((json_int_t)row->at_ms));
		json_array_append_new(list, j);
	}
	return list;
}
