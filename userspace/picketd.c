/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picketd, the controller: wires the world to the director. Take in, think, act. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <syslog.h>
#include <sys/random.h>

#include <systemd/sd-daemon.h>

#include "base/file.h"
#include "base/log.h"
#include "base/moment.h"
#include "core/director.h"
#include "core/replicated.h"
#include "core/roll.h"
#include "edge/alerter.h"
#include "edge/api_desk.h"
#include "edge/authority.h"
#include "edge/council.h"
#include "edge/daemoncfg.h"
#include "edge/electorate.h"
#include "edge/fencer.h"
#include "edge/heartbeat.h"
#include "edge/identity.h"
#include "edge/link.h"
#include "edge/recovery.h"
#include "edge/renewer.h"
#include "edge/store.h"
#include "edge/store_replicated.h"
#include "edge/zone.h"

#define MS 1000000ULL
#define NODES_MAX 4096
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* What the kernel was told of a node: its key must be known again when only the rest changes. */
struct known {
	uint8_t key[LINK_KEY_LEN];
	uint32_t epoch;
	bool set;
};

/* What acting brought about at once: it is an event of its own, after the turn. */
struct prompt {
	enum event_kind kind;
	char *node, *text;
	uint64_t id, incarnation;
	struct prompt *next;
};

struct daemon {
	uv_loop_t loop;
	struct log log;
	struct daemoncfg *config;
	struct identity *identity;
	struct heartbeat *heartbeat;
	struct store *store;
	struct electorate electorate; /* changes who votes in it */
	struct renewer renewer;
	struct link *link;
	struct council *council; /* NULL: no other controllers */
	json_t *recovered; /* the order that made us the only one, until the log tells of it */
	struct api_desk *api;
	struct alerter *alerter;
	struct fencer *fencer;
	struct director *director;
	json_t *members; /* the controllers, as our file has them */
	struct known known[NODES_MAX];
	struct prompt *prompts, **prompts_end;
	uv_timer_t due, grants;
	uv_signal_t term, intr;
	int exit_status,
		refused; /* why the last proposal was not committed; 0: others were since */
};

/* ---- act ------------------------------------------------------------------------------------ */

static bool leads(struct daemon *d)
{
	struct store_status status;

	store_status(d->store, &status);
	return status.role == STORE_LEADER;
}

static struct prompt *prompt_add(struct daemon *d, enum event_kind kind, const char *node)
{
	struct prompt *p = own_new(struct prompt);

	p->kind = kind;
	p->node = own_string(node);
	if (!d->prompts)
		d->prompts_end = &d->prompts;
	*d->prompts_end = p;
	d->prompts_end = &p->next;
	return p;
}

/* In the term of the decision, and in no other. */
static int propose(struct daemon *d, uint64_t term, json_t *entry)
{
	owned(free) char *text = json_dumps(entry, JSON_COMPACT);

	return store_propose(d->store, term, text, strlen(text), NULL);
}

static void not_committed(struct daemon *d, int status)
{
	if (status != d->refused) /* it is tried again, and again where disks are full */
		log_say(&d->log, LOG_WARNING, NULL, "a proposal was not committed: %s",
			strerror(-status));
	d->refused = status;
}

static void act_propose(struct daemon *d, struct action *a)
{
	int rc;

	desk_stamp(api_desk_desk(d->api), a->json);
	rc = propose(d, a->id, a->json);
	if (!rc)
		return;
	not_committed(d, rc);
	prompt_add(d, EVENT_NOT_COMMITTED, NULL);
}

static void act_admit(struct daemon *d, struct action *a)
{
	struct known *k = a->node_id < NODES_MAX ? &d->known[a->node_id] : NULL;
	struct heartbeat_node node = { .incarnation = a->incarnation,
		.admitted = a->admitted,
		.interval_us = json_integer_value(json_object_get(a->json, "interval_us")),
		.misses = json_integer_value(json_object_get(a->json, "misses")),
		.links_mask = json_integer_value(json_object_get(a->json, "links")),
		.agent_age_max_ms =
			json_integer_value(json_object_get(a->json, "agent_age_max_ms")) };
	int rc;

	if (!k)
		return;
	if (a->epoch && !link_key(d->link, a->node, a->epoch, k->key)) {
		k->epoch = a->epoch;
		k->set = true;
	}
	/* Not connected since we started: what the kernel was told before still stands. A block
	 * must reach it all the same, with a key that nobody has. */
	if (!k->set && (a->admitted || getrandom(k->key, sizeof(k->key), 0) != sizeof(k->key)))
		return;
	memcpy(node.key, k->key, sizeof(node.key));
	node.key_epoch = k->epoch;
	rc = heartbeat_node_set(d->heartbeat, a->node_id, &node);
	if (rc)
		log_say(&d->log, LOG_ERR, NULL, "%s: the kernel did not take it: %s", a->node,
			strerror(-rc));
	else if (!a->admitted)
		prompt_add(d, EVENT_BARRED, a->node)->incarnation = a->incarnation;
}

static void act_send(struct daemon *d, struct action *a)
{
	int rc = link_send(d->link, a->node, a->json);

	if (rc && rc != -ENOTCONN)
		log_say(&d->log, LOG_WARNING, NULL, "%s: not sent: %s", a->node, strerror(-rc));
}

/* An order that cannot even begin is a failed one, with its reason. */
static void fence_refused(struct daemon *d, struct action *a, const char *why)
{
	struct prompt *p = prompt_add(d, EVENT_FENCED, a->node);

	p->id = a->id;
	p->text = own_printf("%s cannot be run: %s", a->agent, why);
}

static void act_fence(struct daemon *d, struct action *a)
{
	int rc;

	/* Immediately before: is this still the leader (design rule 8)? */
	if (!leads(d)) {
		fence_refused(d, a, "this controller leads no longer");
		return;
	}
	rc = fencer_act(d->fencer, a);
	if (rc)
		fence_refused(d, a, rc == -ENOENT ? "it is not in the fence path" : strerror(-rc));
}

static void act_note(struct daemon *d, struct action *a)
{
	alerter_log(&d->log, a->json);
	if (d->api)
		api_desk_publish(d->api, a->json);
	if (d->store)
		alerter_note(d->alerter, d->director, leads(d), a->json);
}

/* Who the controllers are, by index: the log has another list than the files. */
static void act_roll(struct daemon *d, json_t *roll)
{
	for (unsigned i = 0; d->council && i < PICKET_CONTROLLERS_MAX; i++)
		council_set(d->council, i, roll_member(roll, i));
	api_desk_controllers(d->api, json_object_get(roll, "list"));
}

static void act(struct daemon *d, struct action *a)
{
	switch (a->kind) {
	case ACTION_PROPOSE:
		act_propose(d, a);
		break;
	case ACTION_SEND:
		act_send(d, a);
		break;
	case ACTION_DROP:
		link_drop(d->link, a->node, "refused");
		break;
	case ACTION_ADMIT:
		act_admit(d, a);
		break;
	case ACTION_FORGET:
		heartbeat_node_remove(d->heartbeat, a->node_id);
		break;
	case ACTION_FENCE:
	case ACTION_REHEARSE:
		act_fence(d, a);
		break;
	case ACTION_UNFENCE:
		fencer_cancel(d->fencer, a->node);
		break;
	case ACTION_PEER:
		council_tell(d->council, a->controller, a->json);
		break;
	case ACTION_VOTER:
		electorate_order(&d->electorate, d->store, a);
		break;
	case ACTION_ROLL:
		act_roll(d, a->json);
		break;
	case ACTION_TRUST:
		renewer_trust(&d->renewer, a->text);
		break;
	case ACTION_REPLY:
		api_desk_reply(d->api, a->token, a->status, give(a->json), a->text);
		break;
	case ACTION_NOTE:
		act_note(d, a);
		break;
	}
}

/* ---- take in, think, act -------------------------------------------------------------------- */

static void on_due(uv_timer_t *timer);

static void act_all(struct daemon *d, struct actions *actions)
{
	for (size_t i = 0; i < actions->n; i++)
		act(d, &actions->items[i]);
	actions_done(actions);
}

static void think(struct daemon *d, const struct event *event)
{
	struct actions actions = { 0 };

	director_step(d->director, event, moment_boot_ns(), moment_epoch_ms(), &actions);
	act_all(d, &actions);
}

static void think_prompts(struct daemon *d)
{
	struct prompt *p;

	while ((p = d->prompts)) {
		struct event event = {
			.kind = p->kind, .node = p->node, .incarnation = p->incarnation
		};

		d->prompts = p->next;
		event.fence.id = p->id;
		event.fence.text = p->text;
		event.fence.t_end_ns = moment_boot_ns();
		think(d, &event);
		free(p->node);
		free(p->text);
		free(p);
	}
}

static void sleep_until_due(struct daemon *d)
{
	uint64_t due = director_due(d->director), now = moment_boot_ns();

	if (due)
		uv_timer_start(&d->due, on_due, due > now ? (due - now) / MS + 1 : 1, 0);
	else
		uv_timer_stop(&d->due);
}

static void step(struct daemon *d, const struct event *event)
{
	think(d, event);
	think_prompts(d);
	sleep_until_due(d);
}

static void on_step(void *ctx, const struct event *event)
{
	step(ctx, event);
}

static void on_due(uv_timer_t *timer)
{
	step(timer->data, &(struct event){ .kind = EVENT_TIME });
}

/* Rule 4b: a daemon that hangs grants no more. */
static void on_grants(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	uint64_t lease_ns = director_lease_ns(d->director);

	heartbeat_grant_until(d->heartbeat, director_grant_until(d->director, moment_boot_ns()));
	sd_notify(0, "WATCHDOG=1");
	alerter_again(d->alerter, d->director);
	renewer_tick(&d->renewer, (long)(moment_epoch_ms() / 1000));
	uv_timer_start(&d->grants, on_grants, lease_ns ? lease_ns / MS / 8 : 100, 0);
}

static void on_beat(void *ctx, const struct picket_event *beat)
{
	struct event event = { .kind = EVENT_HEARTBEAT, .beat = *beat };
	struct daemon *d = ctx;

	if (!council_beat(d->council, beat))
		step(d, &event);
}

/* The audit also goes where this host keeps its log for good. */
static void office_take(struct daemon *d, uint64_t index, json_t *entry)
{
	json_t *record;

	desk_apply(api_desk_desk(d->api), index, entry, &record);
	if (record) {
		owned(free) char *line = json_dumps(record, JSON_COMPACT);
		struct log_field fields[] = { { "PICKET_AUDIT", line }, { NULL, NULL } };

		log_say(&d->log, LOG_INFO, fields, "audit: %s %s %s by %s",
			json_string_value(json_object_get(record, "method")),
			json_string_value(json_object_get(record, "path")),
			json_integer_value(json_object_get(record, "status")) < 400 ? "done"
										    : "refused",
			json_string_value(json_object_get(record, "user")));
	}
}

static void on_commit(void *ctx, uint64_t index, uint64_t term, const void *data, size_t len)
{
	struct event event = { .kind = EVENT_COMMITTED, .index = index, .term = term };

	event.json = json_loadb(data, len, 0, NULL);
	((struct daemon *)ctx)->refused = 0;
	if (event.json) {
		office_take(ctx, index, event.json);
		step(ctx, &event);
	}
	json_decref(event.json);
}

static void office_back(struct daemon *d, const void *data, size_t len)
{
	json_t *all = json_loadb(data, len, 0, NULL);

	if (desk_restore(api_desk_desk(d->api), json_object_get(all, "office"),
		    (uint64_t)json_integer_value(
			    json_object_get(json_object_get(all, "state"), "revision"))))
		log_say(&d->log, LOG_ERR, NULL, "the snapshot's tokens and audit cannot be read");
	json_decref(all);
}

static void on_restore(void *ctx, uint64_t index, uint64_t term, const void *data, size_t len)
{
	struct actions actions = { 0 };
	struct daemon *d = ctx;

	if (director_restore(d->director, data, len, moment_boot_ns(), &actions))
		log_say(&d->log, LOG_ERR, NULL, "the snapshot at %" PRIu64 " cannot be read",
			index);
	office_back(d, data, len);
	act_all(d, &actions);
	think_prompts(d);
	sleep_until_due(d);
}

static void on_result(void *ctx, void *cookie, int status, uint64_t index)
{
	struct daemon *d = ctx;

	if (electorate_result(&d->electorate, cookie, status) || !status)
		return;
	not_committed(d, status);
	desk_give_up(api_desk_desk(d->api));
	step(d, &(struct event){ .kind = EVENT_NOT_COMMITTED });
}

static void on_failure(void *ctx, const char *why)
{
	struct daemon *d = ctx;

	log_say(&d->log, LOG_CRIT, NULL, "stepping down for good: %s", why);
	d->exit_status = 1;
	uv_stop(&d->loop);
}

static void on_stalled(void *ctx, bool stalled)
{
	step(ctx, &(struct event){ .kind = EVENT_DISK, .log = { .stalled = stalled } });
}

static void on_link_up(void *ctx, const char *node, json_t *hello)
{
	struct daemon *d = ctx;

	if (!council_link_up(d->council, node, hello))
		step(d, &(struct event){ .kind = EVENT_LINK_UP, .node = node, .json = hello });
}

static void on_link_message(void *ctx, const char *node, json_t *message)
{
	struct daemon *d = ctx;

	if (!council_link_says(d->council, node, message) &&
		!renewer_take(&d->renewer, node, message))
		step(d, &(struct event){ .kind = EVENT_LINK_SAYS, .node = node, .json = message });
}

static void on_link_down(void *ctx, const char *node, const char *why)
{
	struct event event = { .kind = EVENT_LINK_DOWN, .node = node };
	struct daemon *d = ctx;

	if (council_link_down(d->council, node, why))
		return;
	/* The other kernel said goodbye: it lives, and its agent may be back at once. */
	event.closed = strstr(why, "timed out") == NULL;
	log_say(&d->log, LOG_INFO, NULL, "%s is not connected any more: %s", node, why);
	step(d, &event);
}

/* ---- the other controllers ----------------------------------------------------------------- */

static void on_peer_up(void *ctx, unsigned controller)
{
	on_step(ctx, &(struct event){ .kind = EVENT_PEER_UP, .controller = controller });
}

static void on_peer_says(void *ctx, unsigned controller, json_t *message)
{
	struct daemon *d = ctx;

	if (!api_desk_relayed(d->api, controller, message))
		step(d, &(struct event){ .kind = EVENT_PEER_SAYS,
				.controller = controller,
				.json = message });
}

static void on_peer_down(void *ctx, unsigned controller)
{
	struct daemon *d = ctx;

	step(d, &(struct event){ .kind = EVENT_PEER_DOWN, .controller = controller });
	desk_relay_lost(api_desk_desk(d->api));
}

/* The death hint: for one election, nobody waits the whole timeout. */
static void on_peer_silent(void *ctx, unsigned controller)
{
	struct store_status status = { 0 };
	struct daemon *d = ctx;

	if (!d->store)
		return;
	store_status(d->store, &status);
	if (!status.leader || roll_index_of_id(status.leader) != controller ||
		status.role == STORE_LEADER)
		return;
	log_say(&d->log, LOG_NOTICE, NULL, "the leader, %s, is silent: an election is due",
		council_name(d->council, controller));
	store_leader_silent(d->store);
}

static void on_fenced(void *ctx, const struct fencer_result *r)
{
	struct event event;

	fencer_event(r, &event);
	step(ctx, &event);
	json_decref(event.fence.evidence);
}

static bool on_abreast(void *ctx)
{
	return director_abreast(((struct daemon *)ctx)->director);
}

static bool on_leads(void *ctx)
{
	return director_leads(((struct daemon *)ctx)->director);
}

/* To one controller's desk, or to the leader's. */
static int on_relay(void *ctx, int controller, json_t *message)
{
	struct store_status status = { 0 };
	struct daemon *d = ctx;

	if (!d->council || !d->store)
		return -ENOTCONN;
	if (controller < 0) {
		store_status(d->store, &status);
		if (status.role == STORE_LEADER || !status.leader)
			return -ENOTCONN;
		controller = (int)roll_index_of_id(status.leader);
	}
	return council_say(d->council, (unsigned)controller, message);
}

/* What the desk itself has to say to the log. */
static int on_office(void *ctx, json_t *entry)
{
	struct daemon *d = ctx;

	/* Not in a later term, of which the director has not heard: it was decided before that. */
	return leads(d) ? propose(d, director_term(d->director), entry) : -ENOTCONN;
}

static void on_role(void *ctx, enum store_role role, uint64_t term, unsigned leader)
{
	struct daemon *d = ctx;

	step(d, &(struct event){ EVENT_ROLE, .leader = role == STORE_LEADER, .term = term });
	electorate_look(&d->electorate, d->store);
	desk_relay_lost(api_desk_desk(d->api));
	if (role == STORE_LEADER)
		recovery_tell(d->config->state_dir, d->config->name, &d->recovered, on_office, d);
	else
		desk_give_up(api_desk_desk(d->api));
}

/* A beat's age as this controller's kernel knows it. */
static void on_link_figures(void *ctx, uint32_t node, unsigned link, json_t *cell)
{
	heartbeat_link_tell(((struct daemon *)ctx)->heartbeat, node, link, moment_boot_ns(), cell);
}

static char *on_figures(void *ctx)
{
	struct lines lines = { 0 };
	struct daemon *d = ctx;

	alerter_figures(d->alerter, &lines);
	heartbeat_figures(d->heartbeat, &lines);
	return lines.data;
}

static void on_signal(uv_signal_t *signal, int number)
{
	struct daemon *d = signal->data;

	log_say(&d->log, LOG_NOTICE, NULL, "ending on signal %d", number);
	uv_stop(&d->loop);
}

static void on_warn(void *ctx, const char *text)
{
	log_say(&((struct daemon *)ctx)->log, LOG_WARNING, NULL, "%s", text);
}

/* ---- set-up --------------------------------------------------------------------------------- */

static int fail(struct daemon *d, const char *what, int rc, char *why)
{
	log_say(&d->log, LOG_ERR, NULL, "%s: %s", what, why ? why : strerror(-rc));
	free(why);
	return rc ? rc : -EIO;
}

static int open_kernel(struct daemon *d)
{
	struct heartbeat_config config = { .pin_prefix = d->config->pin_prefix,
		.cluster = identity_cluster(d->config->pki),
		.ifaces = (const char **)d->config->interfaces,
		.n_ifaces = d->config->n_interfaces,
		.controller = d->config->index,
		.lease_ns = PICKET_LEASE_MAX_NS,
		.warn = on_warn };
	int rc = heartbeat_new(&d->loop, &config, on_beat, d, &d->heartbeat);

	/* Our last life's permission ends here: until we have caught up, nothing is granted. */
	if (!rc)
		rc = heartbeat_grant_until(d->heartbeat, 0);
	return rc ? fail(d, "heartbeat (BPF, XDP)", rc, NULL) : 0;
}

static int open_store(struct daemon *d)
{
	static const struct store_handler handler = { on_commit, on_restore, on_role, on_result,
		on_failure, on_stalled };
	const struct daemoncfg *c = d->config;
	owned(free) char *dir = own_printf("%s/log", c->state_dir);
	unsigned id = c->id ? c->id : c->index + 1;
	struct store_peer peers[PICKET_CONTROLLERS_MAX] = {
		{ .id = id, .name = c->name, .address = c->raft ? c->raft : "127.0.0.1:7408" }
	};
	struct store_config config = { .dir = dir,
		.id = id,
		.peers = peers,
		.n_peers = c->n_controllers ? c->n_controllers : 1,
		.bootstrap = !c->join,
		.realtime = true,
		.machine = &store_replicated };
	char *why = NULL;
	int rc;

	for (unsigned i = 0; i < c->n_controllers; i++)
		peers[i] = (struct store_peer){ i + 1, c->controllers[i].name,
			c->controllers[i].raft };
	config.listen = c->raft ? c->raft : c->n_controllers ? c->controllers[c->index].raft : NULL;
	config.identity = config.listen ? d->identity : NULL;
	rc = recovery_read(c->state_dir, c->n_controllers, &d->recovered, &why);
	config.recover = d->recovered;
	if (!rc)
		rc = store_open(&d->loop, &config, &handler, d, &d->store, &why);
	return rc ? fail(d, dir, rc, why) : 0;
}

static int open_council(struct daemon *d)
{
	static const struct council_handler handler = { on_peer_up, on_peer_says, on_peer_down,
		on_peer_silent };
	const struct daemoncfg *c = d->config;
	struct council_config config = { .members = c->controllers,
		.name = c->name,
		.n = c->n_controllers,
		.index = c->index,
		.ifaces = (const char *const *)c->interfaces,
		.n_ifaces = c->n_interfaces,
		.cluster = identity_cluster(c->pki),
		.identity = d->identity,
		.heartbeat = d->heartbeat,
		.link = d->link };
	int rc;

	if (c->n_controllers < 2 && !c->raft)
		return 0; /* alone, and nobody can come */
	rc = council_new(&d->loop, &config, &handler, d, &d->council);
	return rc ? fail(d, "the other controllers", rc, NULL) : 0;
}

static int open_doors(struct daemon *d)
{
	static const struct link_handler link_handler = { on_link_up, on_link_message,
		on_link_down };
	static const struct api_desk_handler api_handler = { on_step, on_office, on_link_figures,
		on_relay, on_abreast, on_leads, on_figures };
	struct fencer_config fencer = { .paths = (const char *const *)d->config->fence_path };
	struct api_desk_config api = { .name = d->config->name,
		.version = PICKET_VERSION,
		.socket = d->config->socket,
		.group = d->config->group,
		.address = d->config->api,
		.pki = d->config->pki,
		.controllers = d->members };
	char *why = NULL;
	int rc;

	rc = fencer_new(&d->loop, &fencer, on_fenced, d, &d->fencer);
	if (!rc)
		rc = link_listen(
			&d->loop, d->identity, d->config->link, &link_handler, d, &d->link);
	if (rc)
		return fail(d, d->config->link, rc, NULL);
	rc = api_desk_new(&d->loop, &api, &api_handler, d, &d->api, &why);
	return rc ? fail(d, d->config->socket, rc, why) : 0;
}

static int open_all(struct daemon *d)
{
	struct director_config director = { .name = d->config->name,
		.index = d->config->index,
		.cluster = identity_cluster(d->config->pki),
		.node = d->config->node,
		.certificate = authority_read,
		.zone = zone_offset };
	owned(free) char *boot_id = NULL;
	char *why = NULL;
	size_t len;
	int rc;

	director.members = d->members = daemoncfg_controllers(d->config);
	d->electorate = (struct electorate){ on_step, d };
	for (size_t i = 0; i < d->config->n_controllers; i++) {
		director.controllers[i] = d->config->controllers[i].name;
		director.voters.now |= 1u << i;
	}
	rc = file_read(BOOT_ID, 64, &boot_id, &len);
	if (rc)
		return fail(d, BOOT_ID, rc, NULL);
	boot_id[strcspn(boot_id, "\n")] = '\0';
	director.boot_id = boot_id;
	if (getrandom(&director.life, sizeof(director.life), 0) != sizeof(director.life))
		return fail(d, "random numbers", -errno, NULL);
	director.life = (director.life >> 1) | 1; /* JSON's integers are signed; 0 is nobody's */
	d->director = director_new(&director);
	d->alerter = alerter_new(d->config->name, on_warn, d);
	rc = file_folder(d->config->state_dir, 0700);
	if (rc)
		return fail(d, d->config->state_dir, rc, NULL);
	rc = identity_load(d->config->pki, &d->identity, &why);
	if (rc)
		return fail(d, d->config->pki, rc, why);
	rc = open_kernel(d);
	if (!rc)
		rc = open_doors(d);
	if (!rc)
		rc = open_council(d);
	return rc ? rc : open_store(d);
}

static void on_renewal(void *ctx, bool good, const char *text)
{
	log_say(&((struct daemon *)ctx)->log, good ? LOG_NOTICE : LOG_WARNING, NULL, "%s", text);
}

static void on_trusts(void *ctx, json_t *what)
{
	step(ctx, &(struct event){ .kind = EVENT_TRUSTS, .json = what });
}

static void watch(struct daemon *d)
{
	d->renewer = (struct renewer){ d->identity, d->config->pki, d->api, d->link, on_renewal,
		on_trusts, d };
	uv_timer_init(&d->loop, &d->due);
	uv_timer_init(&d->loop, &d->grants);
	uv_signal_init(&d->loop, &d->term);
	uv_signal_init(&d->loop, &d->intr);
	d->due.data = d->grants.data = d->term.data = d->intr.data = d;
	uv_signal_start(&d->term, on_signal, SIGTERM);
	uv_signal_start(&d->intr, on_signal, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	on_grants(&d->grants);
}

static void close_all(struct daemon *d)
{
	alerter_free(d->alerter);
	api_desk_free(d->api);
	council_free(d->council);
	link_free(d->link);
	fencer_free(d->fencer);
	if (d->store)
		store_close(d->store);
	if (d->heartbeat)
		heartbeat_free(d->heartbeat);
	renewer_done(&d->renewer);
	identity_free(d->identity);
	director_free(d->director);
	json_decref(d->members);
	daemoncfg_free(d->config);
}

int main(int argc, char **argv)
{
	static struct daemon d;
	int rc = daemoncfg_begin(argc, argv, PICKET_VERSION, &d.config);

	if (rc)
		return rc - 1;
	if (log_init(&d.log, "picketd", d.config->log_level)) {
		fprintf(stderr, "picketd: log_level '%s': not err, warning, notice, info, debug\n",
			d.config->log_level);
		return 1;
	}
	uv_loop_init(&d.loop);
	rc = open_all(&d);
	if (!rc) {
		watch(&d);
		sd_notify(0, "READY=1");
		uv_run(&d.loop, UV_RUN_DEFAULT);
		rc = d.exit_status;
	}
	close_all(&d);
	return rc ? 1 : 0;
}
