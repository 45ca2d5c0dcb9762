/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node's life as the director sees it: heard, lost, blocked, proven dead, back again. */
#include <stdio.h>

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

static bool heard_at_all(const struct director_node *n)
{
	for (size_t i = 0; i < n->n_links; i++)
		if (n->heard[i])
			return true;
	return false;
}

static uint64_t last_heard(const struct director_node *n)
{
	uint64_t last = 0;

	for (size_t i = 0; i < n->n_links; i++)
		last = n->last_ns[i] > last ? n->last_ns[i] : last;
	return last;
}

bool director_usable(struct director *d, struct director_node *n)
{
	return n->connected && n->synced && heard_at_all(n) &&
	       cluster_life(d->cluster, n->name) == CLUSTER_ADMITTED;
}

/* Puts what the log says of the node into the kernel, and tells its agent. */
void director_admit(struct director *d, struct director_node *n)
{
	bool admitted = cluster_life(d->cluster, n->name) == CLUSTER_ADMITTED;
	struct action *a;

	/* While the log is told again, the kernel knows better: it was not restarted. */
	if (!d->ready)
		return;
	a = action_add(d->out, ACTION_ADMIT);
	a->node = own_string(n->name);
	a->node_id = n->id;
	a->epoch = n->epoch;
	a->incarnation = cluster_incarnation(d->cluster, n->name);
	a->admitted = admitted;
	a->json = json_pack("{s:i, s:i, s:i}", "interval_us", d->timing.interval_us, "misses",
		d->timing.misses, "links", (1 << n->n_links) - 1);
}

static void welcome(struct director *d, struct director_node *n)
{
	n->epoch++;
	n->synced = false;
	director_admit(d, n);
	director_send(d, n,
		json_pack("{s:s, s:s, s:i, s:I, s:I, s:I, s:i, s:i, s:i, s:I}", "type", "welcome",
			"controller", d->name, "index", d->config.index, "term",
			(json_int_t)d->term, "incarnation",
			(json_int_t)cluster_incarnation(d->cluster, n->name), "cluster",
			(json_int_t)d->config.cluster, "node", n->id, "key_epoch", n->epoch,
			"interval_us", d->timing.interval_us, "lease_ns",
			(json_int_t)(d->timing.lease_ms * MS)));
}

/* It has booted before anybody missed it: what it ran died with its last boot. */
static void booted_again(struct director *d, struct director_node *n, uint64_t incarnation)
{
	n->fence = FENCE_PROVEN; /* no fence agent is needed between these two entries */
	director_propose(
		d, json_pack("{s:s, s:s, s:I, s:s}", "do", "block", "node", n->name, "incarnation",
			   (json_int_t)incarnation, "why", "it has booted again"));
	director_propose(
		d, json_pack("{s:s, s:s, s:I, s:{s:s, s:s}}", "do", "dead", "node", n->name,
			   "incarnation", (json_int_t)incarnation, "proof", "kind", "boot", "text",
			   "the host came back with another boot id"));
}

static void ask_admission(struct director *d, struct director_node *n)
{
	if (n->admitting)
		return;
	n->admitting = true;
	director_propose(d, json_pack("{s:s, s:s, s:s}", "do", "admit", "node", n->name, "boot_id",
				    n->boot_id));
}

/* What is to become of a node that is connected: a welcome, an admission, or a refusal. */
static void greet(struct director *d, struct director_node *n)
{
	const char *known = json_string_value(cluster_node(d->cluster, n->name, "boot_id"));
	enum cluster_life life = cluster_life(d->cluster, n->name);
	uint64_t incarnation = cluster_incarnation(d->cluster, n->name);
	bool same_boot = known && !strcmp(n->boot_id, known);

	if (!n->boot_id[0]) {
		refuse(d, n, false, "hello without a boot_id");
	} else if ((life == CLUSTER_BLOCKED || life == CLUSTER_DEAD) && same_boot) {
		director_note(d, "node-refused", n->name, NULL,
			"a blocked incarnation never returns: %s must boot first", n->name);
		refuse(d, n, true, "this incarnation is blocked: what it ran is run elsewhere");
	} else if (life == CLUSTER_BLOCKED) {
		refuse(d, n, false, "being fenced: come back when that is done");
	} else if (life == CLUSTER_ADMITTED && same_boot && n->hello_incarnation == incarnation) {
		welcome(d, n);
	} else {
		if (life == CLUSTER_ADMITTED && !same_boot)
			booted_again(d, n, incarnation);
		ask_admission(d, n);
	}
}

/* Keeps the hello: it may come before its node is configured, or before we lead. */
static void hello(struct director *d, struct director_node *n, json_t *message)
{
	const char *boot = json_string_value(json_object_get(message, "boot_id"));

	n->connected = true;
	n->synced = n->closed = n->admitting = false;
	free(n->boot_id);
	n->boot_id = own_string(boot ? boot : "");
	n->hello_incarnation = json_integer_value(json_object_get(message, "incarnation"));
	if (d->leader && d->ready)
		greet(d, n);
}

/* We lead, or have another configuration: who is here already is greeted now. */
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
	}
}

static void says(struct director *d, struct director_node *n, json_t *message)
{
	const char *type = json_string_value(json_object_get(message, "type"));
	json_t *op;
	size_t i;

	if (!type || !n->connected)
		return;
	if (!strcmp(type, "history")) {
		json_array_foreach (json_object_get(message, "ops"), i, op)
			director_result(d, n, op, true);
		if (json_is_true(json_object_get(message, "complete")) && !n->synced) {
			n->synced = true;
			d->dirty = true;
			director_note(d, "node-online", n->name, NULL,
				"%s is online, incarnation %llu", n->name,
				(unsigned long long)cluster_incarnation(d->cluster, n->name));
		}
	} else if (!strcmp(type, "result")) {
		director_result(d, n, message, false);
	} else if (!strcmp(type, "stopping") && json_is_true(json_object_get(message, "clean")) &&
		   !json_array_size(json_object_get(message, "active"))) {
		director_propose(d, json_pack("{s:s, s:s, s:I}", "do", "stopped", "node", n->name,
					    "incarnation",
					    (json_int_t)cluster_incarnation(d->cluster, n->name)));
	}
}

void director_link(struct director *d, const struct event *event)
{
	struct director_node *n = director_node(d, event->node);

	if (event->kind == EVENT_LINK_UP)
		json_object_set(d->hellos, event->node, event->json);
	else if (event->kind == EVENT_LINK_DOWN)
		json_object_del(d->hellos, event->node);
	if (!n)
		return;
	if (event->kind == EVENT_LINK_UP) {
		hello(d, n, event->json);
	} else if (event->kind == EVENT_LINK_SAYS) {
		says(d, n, event->json);
	} else {
		n->connected = n->synced = n->admitting = false;
		n->closed = event->closed;
		director_plan_forget(d, n->name);
	}
	d->dirty = true;
}

void director_beat(struct director *d, const struct picket_event *beat)
{
	struct director_node *n = NULL;
	struct director_ear *ear;

	if (beat->link >= PICKET_LINKS_MAX)
		return;
	ear = director_ear(d, beat->node);
	if (beat->kind == PICKET_EVENT_HEARD || beat->kind == PICKET_EVENT_SILENT) {
		ear->heard[beat->link] = beat->kind == PICKET_EVENT_HEARD;
		ear->last_ns[beat->link] = beat->t_last_ns;
	}
	for (size_t i = 0; i < d->n_nodes; i++)
		if (d->nodes[i].id == beat->node)
			n = &d->nodes[i];
	if (!n)
		return;
	if (beat->kind == PICKET_EVENT_HEARD) {
		n->heard[beat->link] = true;
		n->last_ns[beat->link] = beat->t_event_ns;
		n->heard_incarnation = beat->incarnation;
		n->silent_ns = n->lost_at_ns = 0;
		n->suspected = false;
		director_note(d, "link-heard", n->name, NULL, "%s is heard on link %u", n->name,
			beat->link);
	} else if (beat->kind == PICKET_EVENT_SILENT) {
		n->heard[beat->link] = false;
		n->last_ns[beat->link] = beat->t_last_ns;
		director_note(d, "link-silent", n->name, NULL,
			"%s is silent on link %u since %llu ms", n->name, beat->link,
			(unsigned long long)((beat->t_event_ns - beat->t_last_ns) / MS));
		if (!heard_at_all(n))
			n->silent_ns = beat->t_event_ns;
	}
	d->dirty = true;
}

void director_block(struct director *d, struct director_node *n, const char *why)
{
	if (n->blocking)
		return;
	n->blocking = true;
	director_note(d, "node-lost", n->name, NULL, "%s is lost: %s", n->name, why);
	director_propose(
		d, json_pack("{s:s, s:s, s:I, s:s}", "do", "block", "node", n->name, "incarnation",
			   (json_int_t)cluster_incarnation(d->cluster, n->name), "why", why));
}

/* Suspect early, block on more: silence on every link, and then the time that is left to explain
 * it: a host's stall, or an agent that is started again while its kernel lives. */
static void watch_silence(struct director *d, struct director_node *n)
{
	uint64_t join_ns = d->leader_since_ns + d->timing.join_ms * MS;
	uint64_t wait = n->closed ? d->timing.restart_ms : d->timing.confirm_ms;
	uint64_t since = n->silent_ns;

	if (heard_at_all(n) && n->connected) {
		n->lost_at_ns = 0;
		return;
	}
	if (heard_at_all(n) || !since) {
		/* Heard but not connected, or nothing is known of it yet: the time to join. */
		if (!n->lost_at_ns)
			n->lost_at_ns = d->now_ns + d->timing.join_ms * MS;
		if (n->lost_at_ns < join_ns)
			n->lost_at_ns = join_ns;
	} else {
		n->lost_at_ns = since + wait * MS;
		if (!n->suspected) {
			n->suspected = true;
			director_note(d, "node-suspected", n->name, NULL,
				"%s is silent on every link", n->name);
		}
	}
	if (d->now_ns >= n->lost_at_ns) {
		n->lost_at_ns = 0;
		director_block(d, n,
			since && !heard_at_all(n) ? "silent on every link"
						  : "it did not connect in time");
	}
}

static void watch_never(struct director *d, struct director_node *n)
{
	bool startup = strcmp(site_property(d->site, "startup-fencing", "true"), "false");

	if (n->connected)
		return;
	n->lost_at_ns = d->leader_since_ns + d->timing.join_ms * MS;
	if (d->now_ns < n->lost_at_ns)
		return;
	n->lost_at_ns = 0;
	/* Never seen: it may have run things before this cluster knew of it. */
	if (startup)
		director_block(d, n, "never seen since the cluster was formed (startup-fencing)");
}

static const struct site_device *device_of(struct director *d, struct director_node *n)
{
	json_t *level = site_level(d->site, n->name, n->level);
	size_t i;
	json_t *t;

	if (level)
		return site_device(d->site, json_string_value(json_array_get(level, n->device)));
	if (n->level || n->device)
		return NULL;
	for (size_t k = 0; k < d->site->n_devices; k++)
		json_array_foreach (d->site->devices[k].targets, i, t)
			if (!strcmp(json_string_value(t), n->name))
				return &d->site->devices[k];
	return NULL;
}

static void fence_failed(struct director *d, struct director_node *n, const char *why)
{
	director_note(d, "fence-failed", n->name, NULL, "fencing %s failed: %s", n->name, why);
	director_propose(
		d, json_pack("{s:s, s:s, s:I, s:s}", "do", "fence-failed", "node", n->name,
			   "incarnation", (json_int_t)cluster_incarnation(d->cluster, n->name),
			   "why", why));
	free(n->fence_why);
	n->fence_why = own_string(why);
	json_decref(n->proof);
	n->proof = NULL;
	n->level++;
	n->device = 0;
	n->fence = FENCE_INTENT;
	n->until_ns = 0;
	if (device_of(d, n) && site_level(d->site, n->name, n->level)) {
		n->fence = FENCE_NONE; /* the next level at once */
		return;
	}
	n->level = 0;
	n->fence = FENCE_PAUSE;
	n->until_ns = d->now_ns + d->timing.fence_retry_ms * MS;
}

static void fence_begin(struct director *d, struct director_node *n)
{
	const struct site_device *device = device_of(d, n);
	uint64_t incarnation = cluster_incarnation(d->cluster, n->name);

	if (!strcmp(site_property(d->site, "stonith-enabled", "true"), "false")) {
		n->fence = FENCE_PROVEN;
		director_propose(
			d, json_pack("{s:s, s:s, s:I, s:{s:s, s:s}}", "do", "dead", "node", n->name,
				   "incarnation", (json_int_t)incarnation, "proof", "kind", "none",
				   "text", "stonith-enabled is false"));
		return;
	}
	if (!device) {
		free(n->fence_why);
		n->fence_why = own_string("no fence device is configured for it");
		n->fence = FENCE_PAUSE;
		n->until_ns = d->now_ns + d->timing.fence_retry_ms * MS;
		return;
	}
	n->fence = FENCE_INTENT;
	director_propose(
		d, json_pack("{s:s, s:s, s:I, s:s}", "do", "fence-intent", "node", n->name,
			   "incarnation", (json_int_t)incarnation, "device", device->name));
}

static void fence_order(struct director *d, struct director_node *n,
	const struct site_device *device, const char *op)
{
	struct action *a = action_add(d->out, ACTION_FENCE);

	n->fence_id = ++d->fence_ids;
	a->id = n->fence_id;
	a->node = own_string(n->name);
	a->device = own_string(device->name);
	a->agent = own_string(device->agent);
	a->op = own_string(op);
	a->json = json_incref(device->params);
	a->timeout_ms = d->timing.fence_ms;
	director_note(d, "fence-started", n->name, NULL, "%s: %s through %s (%s)", n->name, op,
		device->name, device->agent);
}

static void fence_proven(struct director *d, struct director_node *n)
{
	/* Newer authenticated probes than the off that was read: it is the BMC that is wrong. */
	if (last_heard(n) > n->off_ns || heard_at_all(n)) {
		n->lying = true;
		fence_failed(d, n, "the BMC says off, and the node is on: it is still heard");
		return;
	}
	n->lying = false;
	n->fence = FENCE_PROVEN;
	n->until_ns = 0;
	director_propose(d,
		json_pack("{s:s, s:s, s:I, s:O}", "do", "dead", "node", n->name, "incarnation",
			(json_int_t)cluster_incarnation(d->cluster, n->name), "proof", n->proof));
}

void director_fenced(struct director *d, const struct event *event)
{
	struct director_node *n = NULL;
	json_t *level;

	for (size_t i = 0; i < d->n_nodes; i++)
		if (d->nodes[i].fence_id == event->fence.id)
			n = &d->nodes[i];
	if (!n)
		return;
	if (n->fence == FENCE_ON) {
		n->fence = FENCE_NONE;
		director_note(d, "power-on", n->name, NULL, "%s: %s", n->name,
			event->fence.proof == EVENT_ON ? "switched on again" : event->fence.text);
		return;
	}
	if (n->fence != FENCE_RUNNING)
		return;
	if (event->fence.proof != EVENT_OFF) {
		fence_failed(d, n, event->fence.text);
		return;
	}
	level = site_level(d->site, n->name, n->level);
	if (++n->device < json_array_size(level)) {
		n->fence = FENCE_NONE; /* every device of a level: the other supply, too */
		return;
	}
	n->device = 0;
	n->off_ns = event->fence.t_end_ns;
	json_decref(n->proof);
	n->proof = json_pack("{s:s, s:s, s:I, s:O?}", "kind", "fence-agent", "text",
		"switched off, and the power read back as off", "t_ns", (json_int_t)n->off_ns,
		"evidence", event->fence.evidence);
	n->fence = FENCE_LISTEN;
	/* A node that is silent already has nothing more to say; one that was heard gets the time
	 * of its promise to fall silent. */
	n->until_ns = heard_at_all(n) ? d->now_ns + (uint64_t)d->timing.interval_us * 1000 *
							    (d->timing.misses + 2)
				      : d->now_ns;
	director_note(d, "fence-off", n->name, NULL, "%s: power read back as off", n->name);
}

static void watch_fencing(struct director *d, struct director_node *n)
{
	if (n->fence == FENCE_PAUSE && d->now_ns >= n->until_ns) {
		n->fence = FENCE_NONE;
		n->until_ns = 0;
	}
	if (n->fence == FENCE_LISTEN && (d->now_ns >= n->until_ns || !heard_at_all(n)))
		fence_proven(d, n);
	if (n->fence == FENCE_NONE)
		fence_begin(d, n);
}

/* More than max(2, 20 %) of the nodes at once: that is rather our own trouble than theirs. */
static bool storm(struct director *d)
{
	size_t lost = 0, limit = d->n_nodes / 5 > 2 ? d->n_nodes / 5 : 2;

	for (size_t i = 0; i < d->n_nodes; i++)
		lost += cluster_life(d->cluster, d->nodes[i].name) == CLUSTER_BLOCKED;
	return lost > limit;
}

static void begin_life(struct director *d, struct director_node *n)
{
	json_object_clear(n->cells);
	n->suspected = n->lying = n->admitting = n->blocking = false;
	n->silent_ns = n->lost_at_ns = n->until_ns = 0;
	if (d->ready)
		memset(n->heard, 0, sizeof(n->heard));
	n->fence = FENCE_NONE;
	n->level = n->device = 0;
	free(n->fence_why);
	n->fence_why = NULL;
	if (n->connected)
		welcome(d, n);
}

static void proven_dead(struct director *d, struct director_node *n)
{
	const struct site_device *device;
	json_t *proof = cluster_node(d->cluster, n->name, "proof");
	const char *kind = json_string_value(json_object_get(proof, "kind"));

	n->fence = FENCE_NONE;
	n->level = n->device = 0;
	n->until_ns = 0;
	n->blocking = false;
	director_plan_forget(d, n->name);
	director_note(d, "node-dead", n->name, NULL, "%s is proven dead: %s", n->name,
		json_string_value(json_object_get(proof, "text")));
	device = device_of(d, n);
	if (d->leader && d->ready && kind && !strcmp(kind, "fence-agent") && device &&
		strcmp(site_property(d->site, "stonith-action", "reboot"), "off")) {
		n->fence = FENCE_REST;
		n->until_ns = d->now_ns + DIRECTOR_REST_NS;
	}
}

static void watch_rest(struct director *d, struct director_node *n)
{
	const struct site_device *device = device_of(d, n);

	n->lost_at_ns = 0;
	if (n->fence != FENCE_REST || d->now_ns < n->until_ns)
		return;
	n->until_ns = 0;
	n->fence = device ? FENCE_ON : FENCE_NONE;
	if (device)
		fence_order(d, n, device, "on");
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
			if (!storm(d))
				watch_fencing(d, n);
			break;
		case CLUSTER_DEAD:
			watch_rest(d, n);
			break;
		case CLUSTER_STOPPED:
			n->lost_at_ns = 0;
			break;
		}
	}
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
		n->blocking = false;
		director_admit(d, n);
		director_plan_forget(d, n->name);
		director_note(d, "node-blocked", n->name, NULL, "%s gets no more grants: %s",
			n->name, json_string_value(json_object_get(entry, "why")));
		if (n->connected)
			director_send(d, n,
				json_pack("{s:s, s:I}", "type", "revoke", "incarnation",
					(json_int_t)cluster_incarnation(d->cluster, n->name)));
	} else if (!strcmp(what, "fence-intent") && n->fence == FENCE_INTENT && d->leader &&
		   d->ready) {
		const struct site_device *device = device_of(d, n);

		n->fence = device ? FENCE_RUNNING : FENCE_NONE;
		if (device)
			fence_order(d, n, device, "off");
	} else if (!strcmp(what, "dead") && life == CLUSTER_DEAD) {
		proven_dead(d, n);
	} else if (!strcmp(what, "stopped") && life == CLUSTER_STOPPED) {
		director_admit(d, n);
		director_note(d, "node-stopped", n->name, NULL, "%s has stopped cleanly", n->name);
	}
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

char *director_todo(struct director *d, struct director_node *n)
{
	if (cluster_life(d->cluster, n->name) != CLUSTER_BLOCKED)
		return NULL;
	if (storm(d))
		return own_printf(
			"many nodes are lost at once: fencing is paused; check the controller's "
			"network, then `picket confirm %s` for each node you made sure is off",
			n->name);
	if (!n->fence_why)
		return NULL;
	return own_printf(
		"make sure that %s is off (pull its plug), then: picket confirm %s; what it ran "
		"waits until then, or until its fence device answers",
		n->name, n->name);
}
