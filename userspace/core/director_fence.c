/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node's death: how the director brings it about, and when it counts as proven. */
#include "core/director_inside.h"
#include "core/director_rehearse.h"

#define INTENT_FRESH_NS (150 * MS)
/* Whether a controller answers that had not before: it has lost its power, or it has not. */
#define ASK_MS 2000
/* A host that boots loads what takes over for it: storage, network, hypervisor. */
#define REST_NS (2000 * MS)

static json_t *about(struct director *d, struct director_node *n, const char *what)
{
	return json_pack("{s:s, s:s, s:I}", "do", what, "node", n->name, "incarnation",
		(json_int_t)cluster_incarnation(d->cluster, n->name));
}

static bool property_is(struct director *d, const char *name, const char *value)
{
	return !strcmp(site_property(d->site, name, ""), value);
}

static void off_forget(struct director_fence *f)
{
	json_decref(f->devices);
	json_decref(f->evidence);
	f->devices = f->evidence = NULL;
	f->off_ns = 0;
	f->grade = (struct proof_grade){ 0 };
	f->asked = false;
	free(f->silent);
	f->silent = NULL;
}

void director_fence_done(struct director_node *n)
{
	off_forget(&n->fence);
	free(n->fence.why);
	n->fence.why = NULL;
}

/* An order that is out is not wanted any more: what it aims at may be a new life by the time. */
static void recall(struct director *d, struct director_node *n)
{
	if (n->fence.phase == FENCE_RUNNING || n->fence.phase == FENCE_ON ||
		n->fence.phase == FENCE_ASKING)
		action_add(d->out, ACTION_UNFENCE)->node = own_string(n->name);
	n->fence.id = 0;
}

void director_fence_reset(struct director *d, struct director_node *n)
{
	recall(d, n);
	director_fence_done(n);
	n->fence = (struct director_fence){ 0 };
	if (cluster_life(d->cluster, n->name) == CLUSTER_BLOCKED)
		proof_commit(&n->fence.wait, &d->members.quorum, d->now_ns);
}

static void prove(struct director *d, struct director_node *n, json_t *proof)
{
	json_t *entry = about(d, n, "dead");

	recall(d, n);
	json_object_set_new(entry, "proof", proof);
	n->fence.phase = FENCE_PROVEN;
	n->fence.until_ns = 0;
	director_propose(d, entry);
}

static void pause_for(struct director *d, struct director_node *n, const char *why)
{
	free(n->fence.why);
	n->fence.why = own_string(why);
	n->fence.place = (struct topology_place){ 0 };
	n->fence.phase = FENCE_PAUSE;
	n->fence.until_ns = d->now_ns + d->timing.fence_retry_ms * MS;
}

/* This method gives no proof. In a level of which one is enough the next may; else the level has
 * failed, and the next level comes. */
static void method_failed(struct director *d, struct director_node *n, const char *why)
{
	struct director_fence *f = &n->fence;
	json_t *entry = about(d, n, "fence-failed");

	d->n_fence_failures++;
	director_note(d, "fence-failed", n->name, NULL, "fencing %s failed: %s", n->name, why);
	json_object_set_new(entry, "why", json_string(why));
	director_propose(d, entry);
	off_forget(f);
	if (topology_any(d->site, n->name, f->place.level) &&
		f->place.step + 1 < topology_steps(d->site, n->name, f->place.level))
		f->place.step++;
	else
		f->place = (struct topology_place){ .level = f->place.level + 1 };
	if (f->place.level >= topology_levels(d->site, n->name)) {
		pause_for(d, n, why);
		return;
	}
	free(f->why);
	f->why = own_string(why);
	f->phase = FENCE_NONE;
	f->until_ns = 0;
}

/* ---- the node's own end -----------------------------------------------------------------------
 */

uint64_t director_wait_ns(struct director *d, struct director_node *n)
{
	json_t *self = cluster_node(d->cluster, n->name, "self");
	struct timing timing = d->timing;

	timing.lease_ms = director_lease_ms(d, n);
	if (MUSEUM(d, no_margin))
		return timing.lease_ms * MS;
	return timing_wait_ns(
		&timing, proof_kill_ms(self, timing.lease_ms, timing.interval_us / 1000));
}

/* When the node has certainly ended itself; 0: nobody can say yet. */
static uint64_t lease_due(struct director *d, struct director_node *n)
{
	uint64_t wait = director_wait_ns(d, n);

	if (MUSEUM(d, wait_without_block) && n->silent_ns)
		return n->silent_ns + wait;
	if (MUSEUM(d, wait_inherited))
		return json_integer_value(cluster_node(d->cluster, n->name, "blocked_ns")) + wait;
	return proof_due(&n->fence.wait, wait);
}

static const char *self_refused(struct director *d, struct director_node *n)
{
	const char *vm = json_string_value(site_setting(d->site, "lease-on-vm"));

	return proof_self_refused(
		cluster_node(d->cluster, n->name, "self"), vm && !strcmp(vm, "true"));
}

static bool lease_over(struct director *d, struct director_node *n)
{
	uint64_t due = lease_due(d, n);

	return due && d->now_ns >= due && !self_refused(d, n);
}

/* A level that needs no device, or of which one method is enough and self is one. */
static bool self_suffices(struct director *d, struct director_node *n, size_t level)
{
	if (!topology_self(d->site, n->name, level))
		return false;
	return topology_any(d->site, n->name, level) ||
	       topology_steps(d->site, n->name, level) == 1;
}

/* Its lease needs nobody's answer: it proves while a device is still being asked. */
static bool lease_proves(struct director *d, struct director_node *n, bool storming)
{
	size_t levels = topology_levels(d->site, n->name);

	if (n->fence.phase == FENCE_PROVEN || !lease_over(d, n))
		return false;
	for (size_t level = 0; level < levels; level++)
		if (self_suffices(d, n, level) && (storming || level <= n->fence.place.level)) {
			prove(d, n, proof_of_lease(director_wait_ns(d, n)));
			return true;
		}
	return false;
}

/* ---- a fence device ---------------------------------------------------------------------------
 */

static struct action *order(struct director *d, struct director_node *n,
	const struct site_device *device, const char *op)
{
	struct action *a = action_add(d->out, ACTION_FENCE);

	d->n_fences++;
	n->fence.id = ++d->fence_ids;
	a->id = n->fence.id;
	a->node = own_string(n->name);
	a->device = own_string(device->name);
	a->agent = own_string(device->agent);
	a->op = own_string(op);
	a->json = director_rehearse_params(d, n->name, device);
	a->reads = d->timing.fence_reads;
	a->timeout_ms = d->timing.fence_ms;
	director_note(d, "fence-started", n->name, NULL, "%s: %s through %s (%s)", n->name, op,
		device->name, device->agent);
	return a;
}

static void intend(struct director *d, struct director_node *n, const struct site_device *device)
{
	json_t *entry = about(d, n, "fence-intent");

	json_object_set_new(entry, "device", json_string(device->name));
	n->fence.phase = FENCE_INTENT;
	n->fence.intent_ns = d->now_ns;
	if (MUSEUM(d, intent_after)) {
		n->fence.phase = FENCE_RUNNING;
		order(d, n, device, "off");
	}
	director_propose(d, entry);
}

/*
 * We led at some moment between proposing the intent and now, and nobody else can lead before an
 * election timeout has passed since. Was it longer, we may have been asleep, and the node be back
 * under another leader: the intent is made anew. A disk that is that slow every time must not save
 * the node, so the patience grows.
 */
static bool too_late(struct director *d, struct director_node *n)
{
	uint64_t tries = 1 + n->fence.late;

	if (d->now_ns - n->fence.intent_ns <= tries * tries * INTENT_FRESH_NS) {
		n->fence.late = 0;
		return false;
	}
	n->fence.late++;
	return true;
}

static void intended(struct director *d, struct director_node *n)
{
	struct topology_step step;

	if (n->fence.phase != FENCE_INTENT || !d->leader || !d->ready ||
		cluster_life(d->cluster, n->name) != CLUSTER_BLOCKED)
		return;
	n->fence.phase = FENCE_NONE;
	if (too_late(d, n) || !topology_at(d->site, n->name, n->fence.place, &step) || !step.device)
		return; /* or configured away meanwhile */
	n->fence.phase = FENCE_RUNNING;
	timeline_set(&n->timeline, TIMELINE_FENCE_STARTED, d->now_ns);
	order(d, n, step.device, "off");
}

/* All that the level asks for was read. A node that is silent already has nothing more to say; one
 * that was heard gets the time of its promise to fall silent. */
static void listen(struct director *d, struct director_node *n)
{
	bool heard = membership_voices(&d->members, n->id) != 0;

	n->fence.phase = FENCE_LISTEN;
	n->fence.until_ns = d->now_ns;
	if (heard)
		n->fence.until_ns +=
			(uint64_t)d->timing.interval_us * 1000 * (d->timing.misses + 2);
}

static void listened(struct director *d, struct director_node *n)
{
	bool heard = membership_voices(&d->members, n->id) != 0;
	const char *refused =
		proof_off_refused(heard, membership_last(&d->members, n->id), n->fence.off_ns);

	if (heard && d->now_ns < n->fence.until_ns)
		return;
	if (refused && !MUSEUM(d, unread_off))
		method_failed(d, n, refused);
	else
		prove(d, n,
			proof_of_off(n->fence.devices, n->fence.off_ns, n->fence.evidence,
				&n->fence.grade, n->fence.silent));
}

static void graded(struct director_fence *f, const struct site_device *device, unsigned reads)
{
	if (!f->grade.reads || reads < f->grade.reads)
		f->grade.reads = reads ? reads : 1;
	if (topology_outlets(device))
		f->grade.outlets = true;
	else
		f->grade.machine = true;
}

/*
 * All feeds of the node read off, after its own controller has failed in a level before. That one
 * has lost its power with them: if it answers, and says that the machine is on, these are not its
 * feeds, whatever the configuration says. false: there is nobody to ask.
 */
static bool ask(struct director *d, struct director_node *n)
{
	const struct site_device *machine =
		topology_machine(d->site, n->name, n->fence.place.level);

	n->fence.asked = true;
	if (!machine || !topology_feeds(d->site, n->name, n->fence.place.level))
		return false;
	n->fence.phase = FENCE_ASKING;
	order(d, n, machine, "status")->timeout_ms = ASK_MS;
	return true;
}

static void asked(struct director *d, struct director_node *n, const struct event *event)
{
	const struct site_device *machine =
		topology_machine(d->site, n->name, n->fence.place.level);
	owned(free) char *why = NULL;

	n->fence.phase = FENCE_NONE;
	if (!machine)
		return; /* configured away meanwhile */
	if (event->fence.proof == EVENT_ON) {
		why = own_printf("its outlets are off, but %s answers that it is on: they are not "
				 "its feeds",
			machine->name);
		method_failed(d, n, why);
	} else if (event->fence.proof == EVENT_OFF) {
		graded(&n->fence, machine, event->fence.reads);
	} else {
		n->fence.silent = own_string(machine->name);
	}
}

static void device_off(struct director *d, struct director_node *n, const struct event *event)
{
	struct director_fence *f = &n->fence;
	struct topology_step step;

	timeline_set(&n->timeline, TIMELINE_OFF, d->now_ns);
	director_note(d, "fence-off", n->name, NULL, "%s: power read back as off", n->name);
	if (!f->devices) {
		f->devices = json_array();
		f->evidence = json_array();
	}
	if (topology_at(d->site, n->name, f->place, &step) && step.device) {
		json_array_append_new(f->devices, json_string(step.device->name));
		graded(f, step.device, event->fence.reads);
	}
	json_array_append(f->evidence, event->fence.evidence);
	f->off_ns = event->fence.t_end_ns;
	f->phase = FENCE_NONE;
	f->place.step++;
	if (topology_any(d->site, n->name, f->place.level))
		listen(d, n);
}

static void powered(struct director *d, struct director_node *n, const struct event *event)
{
	json_t *devices = json_object_get(cluster_node(d->cluster, n->name, "proof"), "devices");

	if (event->fence.proof != EVENT_ON) {
		director_note(d, "power-on-failed", n->name, NULL, "%s was not switched on: %s",
			n->name, event->fence.text);
		n->fence.phase = FENCE_REST;
		n->fence.until_ns = d->now_ns + 10 * d->timing.fence_retry_ms * MS;
		return;
	}
	if (++n->fence.place.step < json_array_size(devices)) {
		n->fence.phase = FENCE_REST; /* the other supply, too */
		n->fence.until_ns = d->now_ns;
		return;
	}
	n->fence.phase = FENCE_NONE;
	director_note(d, "power-on", n->name, NULL, "%s: switched on again", n->name);
	director_propose(d, about(d, n, "powered"));
}

void director_fenced(struct director *d, const struct event *event)
{
	struct director_node *n = NULL;

	for (size_t i = 0; i < d->n_nodes; i++)
		if (d->nodes[i].fence.id && d->nodes[i].fence.id == event->fence.id)
			n = &d->nodes[i];
	if (!n)
		return;
	d->dirty = true;
	n->fence.id = 0;
	if (n->fence.phase == FENCE_ON)
		powered(d, n, event);
	else if (n->fence.phase == FENCE_ASKING)
		asked(d, n, event);
	else if (n->fence.phase == FENCE_RUNNING && event->fence.proof == EVENT_OFF)
		device_off(d, n, event);
	else if (n->fence.phase == FENCE_RUNNING)
		method_failed(d, n, event->fence.text ? event->fence.text : "no reason given");
}

/* ---- the next step ----------------------------------------------------------------------------
 */

static bool storms(struct director *d)
{
	bool storming = storm_rages(&d->storm, d->n_nodes, d->now_ns);

	if (storming && !d->storming)
		director_note(d, "storm", NULL, NULL,
			"more than %zu nodes lost at once: power fencing is paused. Check the "
			"controllers' own network; then `picket fence NODE` goes on with a node, "
			"`picket confirm NODE` vouches that it is off",
			storm_limit(d->n_nodes));
	d->storming = storming;
	return storming;
}

/*
 * The node on our own host. In another boot than ours it is dead for sure. In this one it is not
 * for us to end: we would go with it before anybody knew, and do it again after the next boot. Its
 * agent is told to end it; a leader elsewhere does the rest.
 */
static bool own_host(struct director *d, struct director_node *n)
{
	const char *boot = json_string_value(cluster_node(d->cluster, n->name, "boot_id"));

	if (!d->node || strcmp(d->node, n->name))
		return false;
	if (boot && strcmp(boot, d->boot_id)) {
		prove(d, n, proof_of_boot());
		return true;
	}
	if (boot)
		pause_for(d, n, "this controller leads, and runs on it");
	return boot != NULL;
}

static void next(struct director *d, struct director_node *n, bool storming)
{
	struct director_fence *f = &n->fence;
	struct topology_step step;
	const char *refused;

	if (own_host(d, n))
		return;
	if (!strcmp(site_property(d->site, "stonith-enabled", "true"), "false")) {
		prove(d, n, proof_of_nothing());
	} else if (!topology_levels(d->site, n->name)) {
		pause_for(d, n, "no fence device is configured for it");
	} else if (!topology_at(d->site, n->name, f->place, &step)) {
		/* Every method of the level has given its proof. */
		if (!f->off_ns)
			prove(d, n, proof_of_lease(director_wait_ns(d, n)));
		else if (f->asked || !ask(d, n))
			listen(d, n);
	} else if (!step.device) {
		refused = self_refused(d, n);
		if (refused)
			method_failed(d, n, refused);
		else
			f->phase = FENCE_LEASE;
	} else if (!storming) {
		intend(d, n, step.device);
	}
}

static void watch_lease(struct director *d, struct director_node *n)
{
	n->fence.until_ns = lease_due(d, n);
	if (!lease_over(d, n))
		return;
	n->fence.phase = FENCE_NONE;
	n->fence.until_ns = 0;
	n->fence.place.step++;
}

void director_fence_watch(struct director *d, struct director_node *n)
{
	struct director_fence *f = &n->fence;
	bool storming = storms(d);
	struct topology_place place;
	enum fence_phase before;

	if (lease_proves(d, n, storming))
		return;
	do {
		before = f->phase;
		place = f->place;
		if (f->phase == FENCE_PAUSE && d->now_ns >= f->until_ns) {
			f->phase = FENCE_NONE;
			f->until_ns = 0;
		} else if (f->phase == FENCE_LEASE) {
			watch_lease(d, n);
		} else if (f->phase == FENCE_LISTEN) {
			listened(d, n);
		} else if (f->phase == FENCE_NONE) {
			next(d, n, storming);
		}
	} while (f->phase != before || memcmp(&f->place, &place, sizeof(place)));
	/* Whatever else is tried, the lease's end is worth a look. */
	if (f->phase == FENCE_RUNNING || f->phase == FENCE_INTENT || f->phase == FENCE_NONE)
		f->until_ns = topology_self(d->site, n->name, f->place.level) ? lease_due(d, n) : 0;
}

/* ---- afterwards -------------------------------------------------------------------------------
 */

static bool switch_on(struct director *d, struct director_node *n)
{
	const char *kind = json_string_value(
		json_object_get(cluster_node(d->cluster, n->name, "proof"), "kind"));

	return kind && !strcmp(kind, "fence-agent") &&
	       !cluster_flag(d->cluster, n->name, "powered") &&
	       !property_is(d, "stonith-action", "off");
}

/* The dead boot's own connection may seem to stand for a while yet. */
static bool booted_anew(struct director *d, struct director_node *n)
{
	const char *dead = json_string_value(cluster_node(d->cluster, n->name, "boot_id"));

	return n->connected && n->boot_id && (!dead || strcmp(n->boot_id, dead));
}

/* Switched off by us, it is switched on again; the recovery goes first. */
void director_fence_rest(struct director *d, struct director_node *n)
{
	json_t *devices = json_object_get(cluster_node(d->cluster, n->name, "proof"), "devices");
	struct director_fence *f = &n->fence;
	const struct site_device *device;

	if (f->phase == FENCE_NONE && switch_on(d, n)) {
		f->phase = FENCE_REST;
		f->place = (struct topology_place){ 0 };
		f->until_ns = d->now_ns + REST_NS;
	}
	if (f->phase != FENCE_REST || d->now_ns < f->until_ns)
		return;
	f->until_ns = 0;
	device = site_device(d->site, json_string_value(json_array_get(devices, f->place.step)));
	if (!device || booted_anew(d, n)) {
		f->phase = FENCE_PROVEN; /* somebody else's affair now */
		director_propose(d, about(d, n, "powered"));
		return;
	}
	f->phase = FENCE_ON;
	order(d, n, device, "on");
}

static void proven_dead(struct director *d, struct director_node *n)
{
	json_t *proof = cluster_node(d->cluster, n->name, "proof");
	struct timeline timeline = n->timeline;

	director_fence_reset(d, n);
	n->timeline = timeline;
	timeline_set(&n->timeline, TIMELINE_DEAD, d->now_ns);
	n->blocking = false;
	storm_settled(&d->storm, n->id);
	director_plan_forget(d, n->name);
	director_note_more(d, "node-dead", n->name,
		json_string_value(json_object_get(proof, "text")),
		json_pack("{s:O, s:I}", "proof", proof, "incarnation",
			(json_int_t)cluster_incarnation(d->cluster, n->name)));
}

void director_fence_committed(struct director *d, struct director_node *n, json_t *entry)
{
	const char *what = json_string_value(json_object_get(entry, "do"));

	if (!strcmp(what, "fence-intent"))
		intended(d, n);
	else if (!strcmp(what, "dead") && cluster_life(d->cluster, n->name) == CLUSTER_DEAD)
		proven_dead(d, n);
	else if (!strcmp(what, "powered") && cluster_life(d->cluster, n->name) == CLUSTER_DEAD)
		director_fence_reset(d, n);
}

char *director_todo(struct director *d, struct director_node *n)
{
	if (cluster_life(d->cluster, n->name) != CLUSTER_BLOCKED)
		return NULL;
	if (d->storming)
		return own_printf(
			"many nodes are lost at once: fencing is paused; check the controllers' "
			"network, then `picket fence %s` goes on, or make sure that it is off and "
			"`picket confirm %s`",
			n->name, n->name);
	if (!n->fence.why)
		return NULL;
	return own_printf(
		"make sure that %s is off (pull its plug), then: picket confirm %s; what it ran "
		"waits until then, or until its fence device answers",
		n->name, n->name);
}
