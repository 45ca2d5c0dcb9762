/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controllers among themselves: what each hears, and what each promises. */
#include "core/director_inside.h"

static void tell(struct director *d, int controller, json_t *message)
{
	struct action *a;

	if (quorum_count(d->members.quorum.now | d->members.quorum.next | director_members(d)) ==
		1) {
		json_decref(message);
		return;
	}
	a = action_add(d->out, ACTION_PEER);
	a->controller = controller;
	a->json = message;
}

static void weigh_all(struct director *d)
{
	for (size_t i = 0; i < d->n_nodes; i++)
		director_weigh(d, &d->nodes[i], false);
}

/* Who has just started may grant when it applies an entry that was proposed afterwards. */
static void name_life(struct director *d, unsigned c)
{
	if (!d->leader || !d->ready || !d->peer_life[c] ||
		cluster_started(d->cluster, c) == d->peer_life[c])
		return;
	director_propose(d, json_pack("{s:s, s:i, s:I}", "do", "caught", "controller", c, "life",
				    (json_int_t)d->peer_life[c]));
}

/* ---- promises ---------------------------------------------------------------------------------
 */

static json_t *bar_message(struct director *d, struct director_node *n)
{
	return json_pack("{s:s, s:s, s:I, s:I}", "type", "bar", "node", n->name, "incarnation",
		(json_int_t)cluster_incarnation(d->cluster, n->name), "term", (json_int_t)d->term);
}

void director_peer_bar(struct director *d, struct director_node *n)
{
	grant_bar(&d->grant, n->id, cluster_incarnation(d->cluster, n->name), d->term);
	director_admit(d, n);
	tell(d, -1, bar_message(d, n));
}

/* The leader asks for a promise, before the log tells of the block. */
static void bar(struct director *d, json_t *message)
{
	const char *node = json_string_value(json_object_get(message, "node"));
	uint64_t incarnation = json_integer_value(json_object_get(message, "incarnation"));
	uint64_t term = json_integer_value(json_object_get(message, "term"));
	struct director_node *n = director_node(d, node);

	/* One of an older term will not commit its block. */
	if (!n || term < d->term || incarnation < cluster_incarnation(d->cluster, node))
		return;
	grant_bar(&d->grant, n->id, incarnation, term);
	director_admit(d, n);
}

/* Our kernel grants that incarnation nothing any more: only now is the promise worth anything. */
void director_barred(struct director *d, const char *node, uint64_t incarnation)
{
	struct director_node *n = director_node(d, node);
	uint64_t term = n ? grant_barred_term(&d->grant, n->id, incarnation) : 0;

	if (!term || incarnation != cluster_incarnation(d->cluster, node))
		return;
	if (term == d->term)
		proof_promise(&n->fence.wait, &d->members.quorum, d->config.index, d->now_ns);
	tell(d, -1,
		json_pack("{s:s, s:s, s:I, s:I, s:I}", "type", "barred", "node", node,
			"incarnation", (json_int_t)incarnation, "term", (json_int_t)term, "life",
			(json_int_t)d->config.life));
	d->dirty = true;
}

static void promised(struct director *d, unsigned c, json_t *message)
{
	const char *node = json_string_value(json_object_get(message, "node"));
	struct director_node *n = director_node(d, node);

	/* An earlier life's promise may have been forgotten in its restart; one that was given to
	 * the leader of an earlier term ends with the first entry of this one. */
	if (!n ||
		(uint64_t)json_integer_value(json_object_get(message, "life")) != d->peer_life[c] ||
		(uint64_t)json_integer_value(json_object_get(message, "term")) != d->term)
		return;
	if ((uint64_t)json_integer_value(json_object_get(message, "incarnation")) !=
		cluster_incarnation(d->cluster, node))
		return;
	proof_promise(&n->fence.wait, &d->members.quorum, c, d->now_ns);
}

void director_peer_ready(struct director *d)
{
	for (unsigned c = 0; c < PICKET_CONTROLLERS_MAX; c++)
		name_life(d, c);
	for (size_t i = 0; i < d->n_nodes; i++)
		if (cluster_life(d->cluster, d->nodes[i].name) == CLUSTER_BLOCKED)
			director_peer_bar(d, &d->nodes[i]);
}

/* ---- views ------------------------------------------------------------------------------------
 */

void director_peer_beat(struct director *d, const struct picket_event *beat, bool heard)
{
	uint64_t age = d->now_ns > beat->t_last_ns ? d->now_ns - beat->t_last_ns : 0;

	tell(d, -1,
		json_pack("{s:s, s:i, s:i, s:b, s:I, s:I}", "type", "heard", "node", beat->node,
			"link", beat->link, "heard", heard, "incarnation",
			(json_int_t)beat->incarnation, "age_ns", (json_int_t)age));
}

static json_t *whole_view(struct director *d, bool heard)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->members.n; i++) {
		const struct membership_row *row = &d->members.rows[i];

		for (unsigned l = 0; l < PICKET_LINKS_MAX; l++) {
			const struct membership_cell *cell = &row->cell[d->config.index][l];

			if (cell->told && cell->heard == heard)
				json_array_append_new(list, json_pack("[iiI]", row->node, l,
								    (json_int_t)cell->incarnation));
		}
	}
	return list;
}

static void view(struct director *d, unsigned c, json_t *list, bool heard)
{
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		membership_note(&d->members, c,
			(uint32_t)json_integer_value(json_array_get(one, 0)),
			(unsigned)json_integer_value(json_array_get(one, 1)),
			&(struct membership_cell){ .heard = heard,
				.incarnation = json_integer_value(json_array_get(one, 2)),
				.last_ns = heard ? d->now_ns : 0 });
}

static void mute(struct director *d, unsigned c, bool yes)
{
	membership_mute(&d->members, c, yes);
	d->faults_ns = d->now_ns;
}

/* Our own part in everybody's lease begins: until then another controller must not be stopped. */
void director_peer_granting(struct director *d)
{
	mute(d, d->config.index, false);
	tell(d, -1, json_pack("{s:s}", "type", "granting"));
}

static void stall(struct director *d, unsigned c, bool yes)
{
	membership_stall(&d->members, c, yes);
	d->faults_ns = d->now_ns;
}

void director_peer_stalled(struct director *d, bool stalled)
{
	stall(d, d->config.index, stalled);
	tell(d, -1, json_pack("{s:s, s:b}", "type", "disk", "stalled", stalled));
}

static void hello(struct director *d, unsigned c, json_t *message)
{
	d->peer_life[c] = json_integer_value(json_object_get(message, "life"));
	membership_gone(&d->members, c);
	membership_come(&d->members, c);
	mute(d, c, !json_is_true(json_object_get(message, "granting")));
	stall(d, c, json_is_true(json_object_get(message, "stalled")));
	view(d, c, json_object_get(message, "silent"), false);
	view(d, c, json_object_get(message, "heard"), true);
	weigh_all(d);
	name_life(d, c);
	if (!d->leader || !d->ready)
		return;
	for (size_t k = 0; k < d->n_nodes; k++) {
		struct director_node *n = &d->nodes[k];
		uint64_t incarnation = cluster_incarnation(d->cluster, n->name);

		if (grant_barred(&d->grant, n->id, incarnation))
			tell(d, (int)c, bar_message(d, n));
	}
}

static void heard(struct director *d, unsigned c, json_t *message)
{
	uint32_t id = (uint32_t)json_integer_value(json_object_get(message, "node"));
	uint64_t age = json_integer_value(json_object_get(message, "age_ns"));
	struct director_node *n = director_node_id(d, id);

	membership_note(&d->members, c, id,
		(unsigned)json_integer_value(json_object_get(message, "link")),
		&(struct membership_cell){ .heard = json_is_true(json_object_get(message, "heard")),
			.incarnation = json_integer_value(json_object_get(message, "incarnation")),
			.last_ns = d->now_ns > age ? d->now_ns - age : 0 });
	if (n)
		director_weigh(d, n, false);
}

void director_peer_note(struct director *d, json_t *event)
{
	tell(d, -1, json_pack("{s:s, s:O}", "type", "note", "event", event));
}

/* What the leader noted is an event here as well: whoever looks at this controller sees it, and
 * the story goes on when it is this one that leads. */
static void noted(struct director *d, unsigned c, json_t *event)
{
	static const char *const own[] = { "cursor", "boot_ns", "time_ms", "kind", "node",
		"resource", "text" };
	const char *kind = json_string_value(json_object_get(event, "kind"));
	const char *text = json_string_value(json_object_get(event, "text"));
	json_t *more, *e;

	if (!kind || !text || (d->leader && d->ready))
		return;
	more = json_copy(event);
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		json_object_del(more, own[i]);
	json_object_set_new(
		more, "controller", json_string(d->controllers[c] ? d->controllers[c] : "?"));
	e = journal_add(&d->journal, d->now_ns,
		(uint64_t)json_integer_value(json_object_get(event, "time_ms")), kind,
		json_string_value(json_object_get(event, "node")),
		json_string_value(json_object_get(event, "resource")), text, more);
	action_add(d->out, ACTION_NOTE)->json = json_incref(e);
}

static void says(struct director *d, unsigned c, json_t *message)
{
	const char *type = json_string_value(json_object_get(message, "type"));

	if (!type)
		return;
	if (!strcmp(type, "hello"))
		hello(d, c, message);
	else if (!strcmp(type, "granting"))
		mute(d, c, false);
	else if (!strcmp(type, "disk"))
		stall(d, c, json_is_true(json_object_get(message, "stalled")));
	else if (!strcmp(type, "heard"))
		heard(d, c, message);
	else if (!strcmp(type, "bar"))
		bar(d, message);
	else if (!strcmp(type, "barred"))
		promised(d, c, message);
	else if (!strcmp(type, "retired"))
		d->log.retired = true;
	else if (!strcmp(type, "trusts"))
		director_trust_peer(d, c, message);
	else if (!strcmp(type, "note"))
		noted(d, c, json_object_get(message, "event"));
}

void director_peer(struct director *d, const struct event *event)
{
	unsigned c = event->controller;

	if (c >= PICKET_CONTROLLERS_MAX || c == d->config.index)
		return;
	d->dirty = true;
	if (event->kind == EVENT_PEER_UP) {
		json_t *said = director_trust_report(d);

		director_note(d, "controller-connected", NULL, NULL, "controller %s is connected",
			d->controllers[c]);
		if (said)
			tell(d, (int)c, said);
		tell(d, (int)c,
			json_pack("{s:s, s:I, s:b, s:b, s:o, s:o}", "type", "hello", "life",
				(json_int_t)d->config.life, "granting", grant_may(&d->grant),
				"stalled", (int)(d->members.stalled >> d->config.index & 1),
				"heard", whole_view(d, true), "silent", whole_view(d, false)));
	} else if (event->kind == EVENT_PEER_DOWN) {
		director_note(d, "controller-gone", NULL, NULL,
			"controller %s is not connected any more", d->controllers[c]);
		membership_gone(&d->members, c);
		weigh_all(d);
	} else {
		says(d, c, event->json);
	}
}

/* ---- what is broken, in words -----------------------------------------------------------------
 */

static char *fault_text(struct director *d, const struct membership_fault *f)
{
	struct director_node *n = director_node_id(d, f->node);
	const char *node = n ? n->name : "?", *c = d->controllers[f->controller];

	switch (f->kind) {
	case MEMBERSHIP_NODE:
		return own_printf("nobody hears %s", node);
	case MEMBERSHIP_LINK:
		return own_printf("%s is silent on link %u", node, f->link);
	case MEMBERSHIP_PATH:
		return own_printf("%s does not reach %s on link %u", node, c, f->link);
	case MEMBERSHIP_DEAF:
		return own_printf("controller %s hears nobody on link %u", c, f->link);
	case MEMBERSHIP_CUT:
		return own_printf("controller %s is cut off: it hears nobody", c);
	case MEMBERSHIP_MUTE:
		return own_printf("controller %s grants nothing yet: it is catching up", c);
	case MEMBERSHIP_STALLED:
		return own_printf("controller %s: the disk of its log takes nothing: it is full, "
				  "or it hangs",
			c);
	default:
		return own_printf("controller %s is not connected", c);
	}
}

static bool has(json_t *list, json_t *text)
{
	json_t *t;
	size_t i;

	json_array_foreach (list, i, t)
		if (json_equal(t, text))
			return true;
	return false;
}

#define FAULTS_MAX 256

static void tell_faults(struct director *d, json_t *list)
{
	json_t *t;
	size_t i;

	json_array_foreach (list, i, t)
		if (!has(d->faults, t))
			director_note(d, "fault", NULL, NULL, "%s", json_string_value(t));
	json_array_foreach (d->faults, i, t)
		if (!has(list, t))
			director_note(d, "fault-mended", NULL, NULL, "no longer: %s",
				json_string_value(t));
}

/* Not before the trouble has lasted as long as a node's would have to. Every controller shows what
 * it knows is broken; the leader alone tells of it. */
void director_faults(struct director *d)
{
	struct membership_fault faults[FAULTS_MAX];
	json_t *list;
	size_t n, i;

	if (!d->faults_ns || d->now_ns < d->faults_ns + d->timing.confirm_ms * MS)
		return;
	d->faults_ns = 0;
	n = membership_faults(&d->members, faults, FAULTS_MAX);
	list = json_array();
	for (i = 0; i < n && i < FAULTS_MAX; i++) {
		owned(free) char *text = fault_text(d, &faults[i]);

		json_array_append_new(list, json_string(text));
	}
	if (d->leader && d->ready)
		tell_faults(d, list);
	json_decref(d->faults);
	d->faults = list;
}
