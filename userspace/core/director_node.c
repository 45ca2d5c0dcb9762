/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node's life as the director sees it: heard, lost, blocked, back again. */
#include "core/director_inside.h"

void director_send(struct director *d, struct director_node *n, json_t *message)
{
	struct action *a = action_add(d->out, ACTION_SEND);

	a->node = own_string(n->name);
	a->json = message;
}

static void refuse(struct director *d, struct director_node *n, bool must_die, const char *reason)
{
	director_send(d, n,
		json_pack("{s:s, s:s, s:b}", "type", "refuse", "reason", reason, "must_die",
			must_die));
	action_add(d->out, ACTION_DROP)->node = own_string(n->name);
}

bool director_usable(struct director *d, struct director_node *n)
{
	return n->connected && n->synced && n->heard &&
	       cluster_life(d->cluster, n->name) == CLUSTER_ADMITTED;
}

/* Puts what the log and our promises say of the node into the kernel. */
void director_admit(struct director *d, struct director_node *n)
{
	uint64_t incarnation = cluster_incarnation(d->cluster, n->name);
	enum cluster_life life = cluster_life(d->cluster, n->name);
	struct action *a;

	/* While the log is told again, the kernel knows better: it was not restarted. */
	if (!grant_may(&d->grant))
		return;
	a = action_add(d->out, ACTION_ADMIT);
	a->node = own_string(n->name);
	a->node_id = n->id;
	a->epoch = n->epoch;
	a->incarnation = incarnation;
	a->admitted = life == CLUSTER_ADMITTED && !grant_barred(&d->grant, n->id, incarnation);
	if (MUSEUM(d, blocked_returns) && n->connected && life != CLUSTER_NEVER)
		a->admitted = true;
	a->json = json_pack("{s:i, s:i, s:i, s:I}", "interval_us", d->timing.interval_us, "misses",
		d->timing.misses, "links", (1 << n->n_links) - 1, "agent_age_max_ms",
		(json_int_t)d->timing.lease_ms);
}

/* T is an incarnation's for life: another configuration must not make W too short for it. */
uint64_t director_lease_ms(struct director *d, struct director_node *n)
{
	json_t *told = cluster_node(d->cluster, n->name, "lease_ms");

	return told ? (uint64_t)json_integer_value(told) : d->timing.lease_ms;
}

static void welcome(struct director *d, struct director_node *n)
{
	json_t *message;

	n->epoch++;
	n->welcomed = true;
	n->synced = false;
	n->hello_incarnation = cluster_incarnation(d->cluster, n->name);
	director_admit(d, n);
	message = json_pack(
		"{s:s, s:s, s:i, s:I, s:I, s:I, s:i, s:i, s:i, s:I, s:I, s:i, s:i, s:b}", "type",
		"welcome", "controller", d->name, "index", d->config.index, "term",
		(json_int_t)d->term, "incarnation",
		(json_int_t)cluster_incarnation(d->cluster, n->name), "cluster",
		(json_int_t)d->config.cluster, "node", n->id, "key_epoch", n->epoch, "interval_us",
		d->timing.interval_us, "lease_ns", (json_int_t)(director_lease_ms(d, n) * MS),
		"wait_ms", (json_int_t)(director_wait_ns(d, n) / MS), "voters",
		(int)d->members.quorum.now, "voters_next", (int)d->members.quorum.next, "goes_on",
		json_is_true(
			json_object_get(cluster_node(d->cluster, n->name, "self"), "goes_on")));
	director_voters_welcome(d, n, message);
	director_send(d, n, message);
}

/* What it ran died with its last boot. It may be before anybody missed it. */
static void booted_again(struct director *d, struct director_node *n)
{
	json_int_t incarnation = (json_int_t)cluster_incarnation(d->cluster, n->name);

	if (cluster_life(d->cluster, n->name) == CLUSTER_ADMITTED)
		director_propose(
			d, json_pack("{s:s, s:s, s:I, s:s}", "do", "block", "node", n->name,
				   "incarnation", incarnation, "why", "it has booted again"));
	director_propose(d, json_pack("{s:s, s:s, s:I, s:o}", "do", "dead", "node", n->name,
				    "incarnation", incarnation, "proof", proof_of_boot()));
	n->fence.phase = FENCE_PROVEN; /* no fence agent is needed between these two entries */
}

static void ask_admission(struct director *d, struct director_node *n)
{
	if (n->admitting)
		return;
	n->admitting = true;
	if (n->self)
		json_object_set_new(n->self, "goes_on",
			json_boolean(!topology_counts_on_self(d->site, n->name)));
	director_propose(d,
		json_pack("{s:s, s:s, s:s, s:O?, s:I}", "do", "admit", "node", n->name, "boot_id",
			n->boot_id, "self", n->self, "lease_ms", (json_int_t)d->timing.lease_ms));
}

static void greet_as_leader(
	struct director *d, struct director_node *n, enum cluster_life life, bool same_boot)
{
	uint64_t incarnation = cluster_incarnation(d->cluster, n->name);

	if (life == CLUSTER_ADMITTED && same_boot && n->hello_incarnation == incarnation) {
		welcome(d, n);
	} else if (life == CLUSTER_BLOCKED &&
		   (n->fence.phase == FENCE_RUNNING || n->fence.phase == FENCE_INTENT)) {
		/* The order to its BMC is out, and would hit the new boot. */
		refuse(d, n, false, "being fenced: come back when that is done");
	} else {
		if ((life == CLUSTER_ADMITTED && !same_boot) || life == CLUSTER_BLOCKED)
			booted_again(d, n);
		ask_admission(d, n);
	}
}

/* What is to become of a node that is connected: a welcome, an admission, or a refusal. */
static void greet(struct director *d, struct director_node *n)
{
	const char *known = json_string_value(cluster_node(d->cluster, n->name, "boot_id"));
	enum cluster_life life = cluster_life(d->cluster, n->name);
	bool same_boot = known && !strcmp(n->boot_id, known);

	if (!grant_may(&d->grant))
		return;
	if (!n->boot_id[0]) {
		refuse(d, n, false, "hello without a boot_id");
	} else if ((life == CLUSTER_BLOCKED || life == CLUSTER_DEAD) && same_boot) {
		if (MUSEUM(d, blocked_returns)) {
			welcome(d, n);
			return;
		}
		director_note(d, "node-refused", n->name, NULL,
			"a blocked incarnation never returns: %s must boot first", n->name);
		refuse(d, n, true, "this incarnation is blocked: what it ran is run elsewhere");
	} else if (d->leader && d->ready) {
		greet_as_leader(d, n, life, same_boot);
	} else if (life == CLUSTER_ADMITTED && same_boot) {
		welcome(d, n); /* we grant as the leader's equals */
	}
}

/* Keeps the hello: it may come before its node is configured, or before we lead. */
static void hello(struct director *d, struct director_node *n, json_t *message)
{
	const char *boot = json_string_value(json_object_get(message, "boot_id"));
	const char *verdict = json_string_value(json_object_get(message, "verdict"));

	n->connected = true;
	n->welcomed = false;
	n->roll = n->roll_told = 0;
	n->synced = n->admitting = false;
	/* It is back; its first beat may be a moment behind, where the beats are the agent's own.
	 */
	n->closed &= !n->heard;
	free(n->boot_id);
	n->boot_id = own_string(boot ? boot : "");
	n->hello_incarnation = json_integer_value(json_object_get(message, "incarnation"));
	n->expired = (uint64_t)json_integer_value(json_object_get(message, "expired"));
	json_decref(n->self);
	n->self = verdict ? json_pack("{s:s, s:b, s:I, s:O*}", "verdict", verdict, "virtual",
				    json_is_true(json_object_get(message, "virtual")), "kill_ms",
				    json_integer_value(json_object_get(message, "kill_ms")), "fits",
				    json_object_get(message, "fits"))
			  : NULL;
	greet(d, n);
}

/* Its verdict has fallen: it is heard and obeys, and nobody is served by it any more. Told once, to
 * whoever is there; who leads later finds it in the hello. */
static void lapsed(struct director *d, struct director_node *n)
{
	if (n->expired && n->expired == cluster_incarnation(d->cluster, n->name) && d->leader &&
		d->ready && !n->blocking && !director_observes(d) &&
		cluster_life(d->cluster, n->name) == CLUSTER_ADMITTED)
		director_block(d, n, "its lease has run out, and its verdict has fallen");
}

/* We lead, have caught up, or have another configuration: who is here already is greeted now. */
void director_greet(struct director *d)
{
	json_t *message;

	for (size_t i = 0; i < d->n_nodes; i++) {
		struct director_node *n = &d->nodes[i];

		message = json_object_get(d->hellos, n->name);
		if (message && !n->connected)
			hello(d, n, message);
		else if (n->connected && !n->synced)
			greet(d, n);
		lapsed(d, n);
	}
}

/* ---- what its agent says -----------------------------------------------------------------------
 */

static int by_call(const void *a, const void *b)
{
	json_int_t x = json_integer_value(json_object_get(*(json_t *const *)a, "call_id"));
	json_int_t y = json_integer_value(json_object_get(*(json_t *const *)b, "call_id"));

	return x < y ? -1 : x > y;
}

/* In the order in which it was done; what is still under way, without a number, last. */
static void history_take(struct director *d, struct director_node *n, json_t *ops)
{
	size_t count = json_array_size(ops), k = 0, i;
	owned(free) json_t **sorted = own_alloc(count * sizeof(*sorted) + 1);
	json_t *op;

	json_array_foreach (ops, i, op)
		if (json_object_get(op, "call_id"))
			sorted[k++] = op;
	qsort(sorted, k, sizeof(*sorted), by_call);
	for (i = 0; i < k; i++)
		director_result(d, n, sorted[i], true);
	json_array_foreach (ops, i, op)
		if (!json_object_get(op, "call_id"))
			director_result(d, n, op, true);
}

/* It has told everything, and has seen our term: it obeys nobody older any more. */
static void history(struct director *d, struct director_node *n, json_t *message)
{
	json_t *term = json_object_get(message, "term");

	history_take(d, n, json_object_get(message, "ops"));
	if (!json_is_true(json_object_get(message, "complete")) || n->synced ||
		(term && (uint64_t)json_integer_value(term) < d->term))
		return;
	n->synced = true;
	director_attribute_greet(d, n);
	director_note(d, "node-online", n->name, NULL, "%s is online, incarnation %llu", n->name,
		(unsigned long long)cluster_incarnation(d->cluster, n->name));
}

static void stopping(struct director *d, struct director_node *n, json_t *message)
{
	json_t *told = json_object_get(message, "incarnation");
	uint64_t incarnation = cluster_incarnation(d->cluster, n->name);

	if (told && (uint64_t)json_integer_value(told) != incarnation)
		return;
	if (!json_is_true(json_object_get(message, "clean"))) {
		/* It will be back; its kernel lives on, and what it runs does. */
		n->closed = true;
		return;
	}
	if (json_array_size(json_object_get(message, "active")) || !d->leader || !d->ready)
		return;
	director_propose(d, json_pack("{s:s, s:s, s:I}", "do", "stopped", "node", n->name,
				    "incarnation", (json_int_t)incarnation));
}

static void expired(struct director *d, struct director_node *n, json_t *message)
{
	json_t *hello = json_object_get(d->hellos, n->name);

	n->expired = (uint64_t)json_integer_value(json_object_get(message, "incarnation"));
	if (hello)
		json_object_set_new(hello, "expired", json_integer((json_int_t)n->expired));
	lapsed(d, n);
}

static void says(struct director *d, struct director_node *n, json_t *message)
{
	const char *type = json_string_value(json_object_get(message, "type"));

	if (!type || !n->connected)
		return;
	if (!strcmp(type, "history"))
		history(d, n, message);
	else if (!strcmp(type, "attribute"))
		director_attribute_says(d, n, message);
	else if (!strcmp(type, "request"))
		director_attribute_request(d, n, message);
	else if (!strcmp(type, "result"))
		director_result(d, n, message, false);
	else if (!strcmp(type, "stopping"))
		stopping(d, n, message);
	else if (!strcmp(type, "controllers-known"))
		director_voters_said(d, n, message);
	else if (!strcmp(type, "expired"))
		expired(d, n, message);
}

void director_link(struct director *d, const struct event *event)
{
	struct director_node *n = director_node(d, event->node);

	if (event->kind == EVENT_LINK_UP)
		json_object_set(d->hellos, event->node, event->json);
	else if (event->kind == EVENT_LINK_DOWN)
		json_object_del(d->hellos, event->node);
	else
		director_trust_node(d, event->node, event->json);
	if (!n)
		return;
	if (event->kind == EVENT_LINK_UP) {
		hello(d, n, event->json);
		lapsed(d, n);
	} else if (event->kind == EVENT_LINK_SAYS) {
		says(d, n, event->json);
	} else {
		n->connected = n->synced = n->admitting = false;
		n->closed |= event->closed;
		director_plan_forget(d, n->name);
	}
	d->dirty = true;
}

/* ---- heard, and not heard ---------------------------------------------------------------------
 */

/* A view has changed: does a majority hear it? silent: our own kernel says that a promise of its
 * was broken, maybe while we were away. */
void director_weigh(struct director *d, struct director_node *n, bool silent)
{
	enum cluster_life life = cluster_life(d->cluster, n->name);
	bool heard = membership_heard(&d->members, n->id);

	if (heard) {
		n->silent_ns = n->lost_at_ns = 0;
		n->suspected = false;
		n->closed &= !n->connected;
	} else if ((n->heard || silent) && !n->silent_ns) {
		n->silent_ns = d->now_ns;
		/* Whom an operator fences falls silent in the middle of its story, or behind it. */
		if (life != CLUSTER_BLOCKED && life != CLUSTER_DEAD) {
			n->timeline = (struct timeline){ 0 };
			timeline_set(&n->timeline, TIMELINE_LAST_BEAT,
				membership_last(&d->members, n->id));
		}
	}
	n->heard = heard;
	d->faults_ns = d->now_ns;
	d->dirty = true;
}

/* A dead incarnation speaks: what proved its death was wrong, and everybody has to know. */
static void refuted(struct director *d, struct director_node *n, const struct picket_event *beat)
{
	if (cluster_life(d->cluster, n->name) != CLUSTER_DEAD ||
		beat->incarnation != cluster_incarnation(d->cluster, n->name) ||
		n->fence.phase == FENCE_ON)
		return;
	director_note(d, "proof-refuted", n->name, NULL,
		"%s was proven dead, and is heard: its fence device cannot be trusted; cut its "
		"power by hand",
		n->name);
}

static void beat_note(struct director *d, struct director_node *n, const struct picket_event *beat)
{
	if (beat->kind == PICKET_EVENT_HEARD)
		director_note(d, "link-heard", n->name, NULL, "%s is heard on link %u", n->name,
			beat->link);
	else
		director_note(d, "link-silent", n->name, NULL,
			"%s is silent on link %u since %llu ms", n->name, beat->link,
			(unsigned long long)((beat->t_event_ns - beat->t_last_ns) / MS));
}

void director_beat(struct director *d, const struct picket_event *beat)
{
	struct director_node *n = director_node_id(d, beat->node);
	bool heard = beat->kind == PICKET_EVENT_HEARD;

	if (n && beat->kind == PICKET_EVENT_AGENT_OLD)
		n->hung_ns = beat->t_event_ns;
	else if (n && beat->kind == PICKET_EVENT_AGENT_BACK)
		n->hung_ns = 0;
	d->dirty = true;
	if ((!heard && beat->kind != PICKET_EVENT_SILENT) || beat->link >= PICKET_LINKS_MAX)
		return;
	membership_note(&d->members, d->config.index, beat->node, beat->link,
		&(struct membership_cell){ .heard = heard,
			.incarnation = beat->incarnation,
			.last_ns = heard ? beat->t_event_ns : beat->t_last_ns });
	director_peer_beat(d, beat, heard);
	if (!n)
		return;
	if (heard)
		refuted(d, n, beat);
	beat_note(d, n, beat);
	director_weigh(d, n, !heard);
}

/* ---- lost -------------------------------------------------------------------------------------
 */

void director_block(struct director *d, struct director_node *n, const char *why)
{
	uint64_t incarnation = cluster_incarnation(d->cluster, n->name);

	if (n->blocking)
		return;
	n->blocking = true;
	d->n_losses++;
	timeline_set(&n->timeline, TIMELINE_LOST, d->now_ns);
	storm_lost(&d->storm, n->id, d->now_ns);
	director_note(d, "node-lost", n->name, NULL, "%s is lost: %s", n->name, why);
	director_propose(d, json_pack("{s:s, s:s, s:I, s:s, s:I}", "do", "block", "node", n->name,
				    "incarnation", (json_int_t)incarnation, "why", why, "t_ns",
				    (json_int_t)d->now_ns));
	/* Each promise counts from when it is given: nobody waits for the log with that. */
	director_peer_bar(d, n);
}

static void suspect(struct director *d, struct director_node *n)
{
	if (n->suspected)
		return;
	n->suspected = true;
	timeline_set(&n->timeline, TIMELINE_SUSPECTED, d->now_ns);
	director_note(d, "node-suspected", n->name, NULL, "%s is silent on every link%s", n->name,
		quorum_count(d->members.quorum.now) > 1 ? " for most controllers" : "");
}

/* In observe mode a loss is told, and looked at again: nothing is taken away from the node, and so
 * nothing it may run is started elsewhere. */
static void lost(struct director *d, struct director_node *n, const char *why)
{
	n->lost_at_ns = 0;
	if (director_observes(d)) {
		if (!n->observed)
			director_observed_loss(d, n->name, why);
		n->observed = true;
		return;
	}
	director_block(d, n, why);
}

/* Suspect early, block on more: silence on every link, and then the time that is left to explain
 * it: a host's stall, or an agent that is started again while its kernel lives. */
static void watch_silence(struct director *d, struct director_node *n)
{
	uint64_t join_ns = d->leader_since_ns + d->timing.join_ms * MS;
	uint64_t wait = n->closed ? d->timing.restart_ms : d->timing.confirm_ms;

	/* A promise was given for a block that did not come to be: decided is decided. */
	if (grant_barred(&d->grant, n->id, cluster_incarnation(d->cluster, n->name)))
		director_block(d, n, "the decision before was not committed");
	if (n->heard && n->connected && !n->hung_ns) {
		n->lost_at_ns = 0;
		n->observed = false;
		return;
	}
	if (n->heard || !n->silent_ns) {
		/* Heard but not connected, or nothing is known of it yet: the time to join. */
		if (!n->lost_at_ns)
			n->lost_at_ns = d->now_ns + d->timing.join_ms * MS;
		if (n->lost_at_ns < join_ns)
			n->lost_at_ns = join_ns;
	} else if (membership_doubtful(&d->members, n->id)) {
		/* A controller that is started again has not said yet what it hears. */
		n->lost_at_ns = n->silent_ns + d->timing.join_ms * MS;
		if (n->lost_at_ns < join_ns)
			n->lost_at_ns = join_ns;
	} else {
		n->lost_at_ns = n->silent_ns + wait * MS;
		suspect(d, n);
	}
	if (d->now_ns < n->lost_at_ns)
		return;
	lost(d, n,
		!n->heard && n->silent_ns ? "silent on every link"
		: n->hung_ns              ? "its agent hangs"
					  : "it did not connect in time");
}

static void watch_never(struct director *d, struct director_node *n)
{
	bool startup = strcmp(site_property(d->site, "startup-fencing", "true"), "false");

	if (n->connected)
		return;
	/* Whom a running cluster is told of has the same time to join as whom a new one waits for:
	 * it may be booting just now. */
	n->lost_at_ns = n->met_ns > d->leader_since_ns ? n->met_ns : d->leader_since_ns;
	n->lost_at_ns += d->timing.join_ms * MS;
	if (d->now_ns < n->lost_at_ns)
		return;
	/* Never seen: it may have run things before this cluster knew of it. */
	if (!startup)
		n->lost_at_ns = 0;
	else
		lost(d, n, "never seen since the cluster was formed (startup-fencing)");
}

void director_watch(struct director *d)
{
	for (size_t i = 0; i < d->n_nodes; i++) {
		struct director_node *n = &d->nodes[i];

		switch (cluster_life(d->cluster, n->name)) {
		case CLUSTER_ADMITTED:
			watch_silence(d, n);
			break;
		case CLUSTER_NEVER:
			watch_never(d, n);
			break;
		case CLUSTER_BLOCKED:
			n->lost_at_ns = 0;
			director_fence_watch(d, n);
			break;
		case CLUSTER_DEAD:
			n->lost_at_ns = 0;
			director_fence_rest(d, n);
			break;
		case CLUSTER_STOPPED:
			n->lost_at_ns = 0;
			break;
		}
	}
}

/* ---- what was agreed --------------------------------------------------------------------------
 */

static void begin_life(struct director *d, struct director_node *n)
{
	const char *boot = json_string_value(cluster_node(d->cluster, n->name, "boot_id"));

	ledger_clear(&n->ledger);
	n->suspected = n->admitting = n->blocking = false;
	n->silent_ns = n->lost_at_ns = n->hung_ns = 0;
	if (grant_may(&d->grant)) {
		membership_begin(&d->members, n->id, cluster_incarnation(d->cluster, n->name));
		n->heard = membership_heard(&d->members, n->id);
	}
	if (!d->leader || !d->ready) /* the leader tells the story of its last death to the end */
		n->timeline = (struct timeline){ 0 };
	storm_settled(&d->storm, n->id);
	director_fence_reset(d, n);
	if (n->connected && boot && !strcmp(boot, n->boot_id) && grant_may(&d->grant))
		welcome(d, n);
}

static void blocked(struct director *d, struct director_node *n)
{
	uint64_t incarnation = cluster_incarnation(d->cluster, n->name);

	n->blocking = false;
	timeline_set(&n->timeline, TIMELINE_BLOCKED, d->now_ns);
	proof_commit(&n->fence.wait, &d->members.quorum, d->now_ns);
	director_admit(d, n);
	director_plan_forget(d, n->name);
	director_note(d, "node-blocked", n->name, NULL, "%s gets no more grants: %s", n->name,
		json_string_value(cluster_node(d->cluster, n->name, "why")));
	if (d->leader && d->ready && !grant_barred(&d->grant, n->id, incarnation))
		director_peer_bar(d, n);
	if (n->connected)
		director_send(d, n,
			json_pack("{s:s, s:I}", "type", "revoke", "incarnation",
				(json_int_t)incarnation));
}

void director_committed(struct director *d, json_t *entry)
{
	const char *what = json_string_value(json_object_get(entry, "do"));
	struct director_node *n =
		director_node(d, json_string_value(json_object_get(entry, "node")));
	enum cluster_life life;

	if (!what || !n)
		return;
	life = cluster_life(d->cluster, n->name);
	if (!strcmp(what, "admit") && life == CLUSTER_ADMITTED) {
		begin_life(d, n);
	} else if (!strcmp(what, "block") && life == CLUSTER_BLOCKED) {
		blocked(d, n);
	} else if (!strcmp(what, "stopped") && life == CLUSTER_STOPPED) {
		director_admit(d, n);
		director_note(d, "node-stopped", n->name, NULL, "%s has stopped cleanly", n->name);
	} else {
		director_fence_committed(d, n, entry);
	}
	membership_expect(&d->members, n->id, life == CLUSTER_ADMITTED);
}

const char *director_state(struct director *d, struct director_node *n)
{
	switch (cluster_life(d->cluster, n->name)) {
	case CLUSTER_ADMITTED:
		return director_usable(d, n) ? "online" : n->suspected ? "suspected" : "pending";
	case CLUSTER_BLOCKED:
		return "lost";
	case CLUSTER_DEAD:
		return "offline";
	case CLUSTER_STOPPED:
		return "stopped";
	default:
		return "unseen";
	}
}
