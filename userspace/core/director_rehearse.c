/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rehearsals: that a node can be fenced is tried before it matters, without touching its power. */
#include "core/director_rehearse.h"

#include "core/director_inside.h"

/* A new leader has better to do first; then one device after the other. */
#define FIRST_NS (10000 * MS)
#define STEP_NS (1000 * MS)
/* A device that is wanted for a real order, or a storm: later. */
#define LATER_NS (5000 * MS)

struct rehearse_waiting {
	void *token;
	char *node;
	struct rehearse_waiting *next;
};

/* Longer than the order itself may take: then the daemon has lost it. */
static uint64_t patience_ns(const struct director *d)
{
	return (d->timing.fence_ms + 5000) * MS;
}

void director_rehearse_configure(struct director *d)
{
	rehearsal_configure(&d->rehearse.all, d->site, d->timing.fence_test_ms * MS);
	d->rehearse.term = 0; /* what is new must not wait for long */
}

static json_t *answer_of(struct director *d, const char *node)
{
	json_t *tests = rehearsal_json(&d->rehearse.all, node), *test;
	bool passed = json_array_size(tests) > 0;
	size_t i;

	json_array_foreach (tests, i, test)
		passed = passed &&
			 !strcmp(json_string_value(json_object_get(test, "state")), "passed");
	return json_pack("{s:s, s:b, s:o}", "node", node, "passed", passed, "tests", tests);
}

static void reply(struct director *d, struct rehearse_waiting *w, unsigned status, json_t *body)
{
	struct action *a = action_add(d->out, ACTION_REPLY);

	a->token = w->token;
	a->status = status;
	a->json = body;
	free(w->node);
	free(w);
}

static void answer(struct director *d)
{
	struct rehearse_waiting **at = &d->rehearse.waiting;

	while (*at) {
		struct rehearse_waiting *w = *at;

		if (rehearsal_pending(&d->rehearse.all, w->node)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		reply(d, w, 200, answer_of(d, w->node));
	}
}

void director_rehearse_give_up(struct director *d)
{
	while (d->rehearse.waiting) {
		struct rehearse_waiting *w = d->rehearse.waiting;

		d->rehearse.waiting = w->next;
		reply(d, w, 503,
			json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
				"This controller leads no longer", "status", 503, "detail",
				"ask the new leader"));
	}
}

void director_rehearse_done(struct director *d)
{
	while (d->rehearse.waiting) {
		struct rehearse_waiting *w = d->rehearse.waiting;

		d->rehearse.waiting = w->next;
		free(w->node);
		free(w);
	}
	rehearsal_done(&d->rehearse.all);
}

bool director_rehearse_ask(struct director *d, void *token, const char *node)
{
	struct rehearse_waiting *w;

	if (!rehearsal_ask(&d->rehearse.all, node, d->now_ns))
		return false;
	w = own_new(struct rehearse_waiting);
	w->token = token;
	w->node = own_string(node);
	w->next = d->rehearse.waiting;
	d->rehearse.waiting = w;
	return true;
}

static void tell(struct director *d, const struct rehearsal_row *row, enum rehearsal_news news)
{
	if (news == REHEARSAL_WORSE)
		director_note(d, "fence-test-failed", row->node, NULL,
			"%s could not be fenced through %s (%s): %s", row->node, row->device,
			row->agent, row->text);
	else if (news == REHEARSAL_BETTER)
		director_note(d, "fence-test-passed", row->node, NULL,
			"%s can be fenced through %s again", row->node, row->device);
}

static void order(struct director *d, struct rehearsal_row *row)
{
	const struct site_device *device = site_device(d->site, row->device);
	struct action *a = action_add(d->out, ACTION_REHEARSE);

	row->id = a->id = ++d->fence_ids;
	row->sent_ns = d->now_ns;
	a->node = own_string(row->node);
	a->device = own_string(device->name);
	a->agent = own_string(device->agent);
	a->op = own_string("rehearse");
	a->json = json_incref(device->params);
	a->timeout_ms = d->timing.fence_ms;
}

static void record(struct director *d, const char *node, const char *device, const char *agent,
	json_t *identity)
{
	director_propose(d, json_pack("{s:s, s:s, s:s, s:s, s:O?}", "do", "fence-identity", "node",
				    node, "device", device, "agent", agent, "record", identity));
}

/* What the log says counts. A device that is configured no longer is forgotten. */
static void recall(struct director *d)
{
	const char *node, *device;
	json_t *of, *identity;

	for (size_t i = 0; i < d->rehearse.all.n; i++) {
		struct rehearsal_row *row = &d->rehearse.all.rows[i];

		json_decref(row->record);
		row->record = json_incref(
			cluster_identity(d->cluster, row->node, row->device, row->agent));
	}
	json_object_foreach (cluster_identities(d->cluster), node, of)
		json_object_foreach (of, device, identity)
			if (!rehearsal_find(&d->rehearse.all, node, device))
				record(d, node, device, "", NULL);
}

static bool fencing_now(struct director *d)
{
	for (size_t i = 0; i < d->n_nodes; i++)
		if (d->nodes[i].fence.id)
			return true;
	return d->storming;
}

void director_rehearse_watch(struct director *d)
{
	struct rehearsal_row *row;

	if (d->rehearse.term != d->term) {
		rehearsal_begin(&d->rehearse.all, d->now_ns + FIRST_NS, STEP_NS);
		recall(d);
		d->rehearse.term = d->term;
	}
	for (size_t i = 0; i < d->rehearse.all.n; i++) {
		row = &d->rehearse.all.rows[i];
		if (row->id && d->now_ns >= row->sent_ns + patience_ns(d))
			tell(d, row,
				rehearsal_result(&d->rehearse.all, row, "no result came", NULL,
					d->now_ns, d->epoch_ms));
	}
	row = rehearsal_next(&d->rehearse.all, d->now_ns);
	if (row && fencing_now(d))
		rehearsal_again(row, d->now_ns + LATER_NS);
	else if (row)
		order(d, row);
	answer(d);
}

uint64_t director_rehearse_due(const struct director *d)
{
	return rehearsal_due(&d->rehearse.all, patience_ns(d));
}

bool director_rehearsed(struct director *d, const struct event *event)
{
	struct rehearsal_row *row = rehearsal_out(&d->rehearse.all, event->fence.id);
	const char *why = event->fence.proof == EVENT_FAILED ? event->fence.text : NULL;

	if (!row)
		return false;
	if (event->fence.cancelled) {
		rehearsal_again(row, d->now_ns + LATER_NS);
		return true;
	}
	tell(d, row,
		rehearsal_result(
			&d->rehearse.all, row, why, event->fence.output, d->now_ns, d->epoch_ms));
	if (row->state == REHEARSAL_PASSED && row->record && d->leader && d->ready &&
		!json_equal(row->record,
			cluster_identity(d->cluster, row->node, row->device, row->agent)))
		record(d, row->node, row->device, row->agent, row->record);
	return true;
}

json_t *director_rehearse_params(struct director *d, const char *node, const struct site_device *of)
{
	json_t *identity = cluster_identity(d->cluster, node, of->name, of->agent);
	json_t *params = json_copy(of->params), *value;
	const char *key;

	json_object_foreach (identity, key, value)
		if (!json_object_get(params, key))
			json_object_set(params, key, value);
	return params;
}

void director_rehearse_figures(struct director *d, struct lines *t)
{
	lines_add(t, "# HELP picket_fence_test_passed 1 when the node could be fenced through the "
		     "device at the last test.\n# TYPE picket_fence_test_passed gauge\n");
	for (size_t i = 0; i < d->rehearse.all.n; i++) {
		const struct rehearsal_row *row = &d->rehearse.all.rows[i];

		if (row->state != REHEARSAL_NEVER)
			lines_add(t, "picket_fence_test_passed{node=\"%s\",device=\"%s\"} %d\n",
				row->node, row->device, row->state == REHEARSAL_PASSED);
	}
}
