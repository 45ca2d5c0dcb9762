/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picket-agent: runs a node's resources as the leader orders, and keeps the node's lease. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>

#include <systemd/sd-daemon.h>
#include <uv.h>

#include "base/log.h"
#include "base/own.h"
#include "core/worker.h"
#include "edge/agentcfg.h"
#include "edge/cgroup.h"
#include "edge/credential.h"
#include "edge/deadman.h"
#include "edge/executor.h"
#include "edge/history.h"
#include "edge/identity.h"
#include "edge/keeper.h"
#include "edge/lease.h"
#include "edge/link.h"
#include "edge/local.h"
#include "edge/local_errand.h"

#define GOODBYE_MS 300 /* for the last words to be sent */
struct agent {
	uv_loop_t loop;
	struct log log;
	struct agentcfg *config;
	struct identity *identity;
	struct cgroup *cgroup;
	struct executor_config executor_config;
	struct executor *executor;
	struct history *state, *records;
	struct worker *worker;
	struct link_client *link;
	struct keeper keeper;
	struct deadman *deadman;
	struct local *local;
	struct local_errand *errand;
	json_t *kept_state, *kept_controllers;
	uv_timer_t due, alive, goodbye;
	uv_signal_t term, interrupt;
	uint64_t watchdog_ms, watchdog_next_ms;
	struct credential credential;
	char node_id[16];
	char refusals[PICKET_CONTROLLERS_MAX][128]; /* said already */
	int lock, status;                           /* status: of the program */
};

static void pump(struct agent *agent);

static struct worker_time now(void)
{
	struct timespec boot, real;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &real);
	return (struct worker_time){
		(uint64_t)boot.tv_sec * 1000 + (uint64_t)boot.tv_nsec / 1000000, real.tv_sec
	};
}

/* Every call of the worker begins with the truth about the lease. */
static struct worker *worker_of(struct agent *agent)
{
	bool cut = !agent->keeper.lease || lease_isolated(agent->keeper.lease) ||
		   lease_expired(agent->keeper.lease);

	worker_lease(agent->worker, cut ? 0 : lease_deadline(agent->keeper.lease) / 1000000);
	return agent->worker;
}

static void on_due(uv_timer_t *timer)
{
	struct agent *agent = timer->data;

	worker_tick(worker_of(agent), now());
	pump(agent);
}

/* Once with each beat, which tells how old the word is. */
static uint64_t alive_ms(const struct agent *agent)
{
	uint64_t ms = worker_allegiance(agent->worker)->interval_us / 1000;

	return !agent->keeper.lease || ms > 1000 ? 1000 : ms ? ms : 1;
}

static void on_alive(uv_timer_t *timer)
{
	struct agent *agent = timer->data;
	uint64_t ms = uv_now(&agent->loop);

	if (agent->keeper.lease)
		lease_alive(agent->keeper.lease);
	deadman_tick(agent->deadman, agent->keeper.lease && !lease_expired(agent->keeper.lease)
					     ? lease_deadline(agent->keeper.lease)
					     : 0);
	if (agent->link)
		credential_tick(&agent->credential, now().epoch_s);
	if (agent->watchdog_ms && ms >= agent->watchdog_next_ms) {
		sd_notify(0, "WATCHDOG=1");
		agent->watchdog_next_ms = ms + agent->watchdog_ms / 3;
	}
	uv_timer_set_repeat(timer, alive_ms(agent)); /* another configuration may be in force */
}

static void alive_start(struct agent *agent)
{
	uv_timer_start(&agent->alive, on_alive, 0, alive_ms(agent));
}

/* ---- the verdict ----------------------------------------------------------------------------- */

static enum picket_verdict verdict_of(const struct agent *agent)
{
	static const enum picket_verdict verdicts[] = { [AGENTCFG_ISOLATE] = PICKET_VERDICT_ISOLATE,
		[AGENTCFG_REBOOT] = PICKET_VERDICT_REBOOT,
		[AGENTCFG_NONE] = PICKET_VERDICT_ISOLATE,
		[AGENTCFG_PANIC] = PICKET_VERDICT_PANIC,
		[AGENTCFG_POWEROFF] = PICKET_VERDICT_POWEROFF };

	return verdicts[agent->config->verdict];
}

/* This incarnation has lost its right to run anything. */
static void verdict(struct agent *agent, const char *why)
{
	static const char *const words[] = { "the data interfaces are cut off", "this node reboots",
		"nothing is done (verdict: none)", "this node panics", "this node goes off" };
	int r;

	log_error(&agent->log, "%s: %s", why, words[agent->config->verdict]);
	if (agent->config->verdict == AGENTCFG_NONE)
		return;
	if (agent->keeper.lease && lease_isolate(agent->keeper.lease, true))
		log_error(&agent->log, "the data interfaces could not be cut off");
	r = agent->config->verdict == AGENTCFG_ISOLATE ? 0 : deadman_strike(verdict_of(agent));
	if (r)
		log_error(&agent->log, "that cannot be done from here: %s", strerror(-r));
}

/* ---- the lease ------------------------------------------------------------------------------- */

static void on_expired(struct agent *agent, uint64_t incarnation)
{
	json_t *message;

	if (worker_allegiance(agent->worker)->goes_on) {
		log_warning(&agent->log, "the lease has run out: nothing is started here until it "
					 "is granted again");
		return;
	}
	verdict(agent, "the lease has run out: no majority of controllers granted it in time");
	message =
		json_pack("{s:s, s:I}", "type", "expired", "incarnation", (json_int_t)incarnation);
	for (unsigned i = 0; i < agent->config->n_controllers; i++)
		link_client_send(agent->link, i, message);
	json_decref(message);
}

static void on_lease_event(void *ctx, const struct picket_event *event)
{
	struct agent *agent = ctx;

	if (event->kind == PICKET_EVENT_EXPIRED)
		on_expired(agent, event->incarnation);
	else if (event->kind == PICKET_EVENT_RENEWED)
		log_notice(&agent->log, "this node holds a lease, incarnation %llu",
			(unsigned long long)event->incarnation);
	else if (event->kind == PICKET_EVENT_REFUSED)
		log_warning(&agent->log, "controller %u hears this node and does not grant",
			event->controller);
	worker_tick(worker_of(agent), now());
	pump(agent);
}

static void on_warn(void *ctx, const char *text)
{
	log_warning(&((struct agent *)ctx)->log, "%s", text);
}

/* ---- what controllers say -------------------------------------------------------------------- */

/* Who the controllers are: told to the kernel first, kept, and only then acknowledged. */
static void take_controllers(struct agent *agent, unsigned controller, json_t *message)
{
	json_t *known, *kept;

	if (!json_object_get(message, "serial"))
		return;
	if (keeper_controllers(&agent->keeper, message)) {
		kept = keeper_state(&agent->keeper, json_object_get(message, "list"),
			identity_cluster(agent->config->pki));
		history_put(agent->state, "controllers", kept);
		json_decref(kept);
	}
	known = json_pack("{s:s, s:I}", "type", "controllers-known", "serial",
		(json_int_t)agent->keeper.serial);
	link_client_send(agent->link, controller, known);
	json_decref(known);
}

static void take_welcome(struct agent *agent, unsigned controller, json_t *message)
{
	const struct allegiance *a = worker_allegiance(agent->worker);
	uint64_t known_term = a->term;

	worker_welcome(worker_of(agent), (int)controller, message, now());
	snprintf(agent->node_id, sizeof(agent->node_id), "%u", a->node);
	log_info(&agent->log, "controller %s welcomes this node, incarnation %llu, term %llu",
		keeper_name(&agent->keeper, controller), (unsigned long long)a->incarnation,
		(unsigned long long)a->term);
	agent->refusals[controller][0] = '\0';
	take_controllers(agent, controller, message);
	if (keeper_welcome(&agent->keeper, controller, message, known_term)) {
		agent->status = 1;
		uv_stop(&agent->loop);
	}
	alive_start(agent);
	local_errand_connected(agent->errand, true);
}

static void take_timing(struct agent *agent, json_t *message)
{
	worker_learn(worker_of(agent), message);
	if (agent->keeper.lease)
		lease_interval_set(
			agent->keeper.lease, worker_allegiance(agent->worker)->interval_us);
}

static void take_order(struct agent *agent, unsigned controller, json_t *message)
{
	owned(free) char *why = NULL;

	if (worker_order(worker_of(agent), (int)controller, message, now(), &why))
		log_error(&agent->log, "an order of controller %s that cannot be answered: %s",
			keeper_name(&agent->keeper, controller), why);
}

static void take_ping(struct agent *agent, unsigned controller, json_t *message)
{
	json_t *pong = json_copy(message);

	json_object_set_new(pong, "type", json_string("pong"));
	json_object_set_new(
		pong, "term", json_integer((json_int_t)worker_allegiance(agent->worker)->term));
	link_client_send(agent->link, controller, pong);
	json_decref(pong);
}

/* Controllers that do not lead refuse every time: that is said once. */
static void take_refusal(struct agent *agent, unsigned controller, json_t *message)
{
	const char *reason = json_string_value(json_object_get(message, "reason"));
	bool must_die = json_is_true(json_object_get(message, "must_die"));
	char *said = agent->refusals[controller];

	reason = reason ? reason : "no reason given";
	log_say(&agent->log,
		must_die               ? LOG_ERR
		: strcmp(said, reason) ? LOG_NOTICE
				       : LOG_DEBUG,
		NULL, "controller %s refuses this node: %s",
		keeper_name(&agent->keeper, controller), reason);
	snprintf(said, sizeof(agent->refusals[0]), "%s", reason);
	if (must_die)
		verdict(agent, "this incarnation was blocked");
}

/* A revoke names whom it means: one that comes late must not hit a later incarnation. */
static void take_revoke(struct agent *agent, json_t *message)
{
	json_int_t incarnation = json_integer_value(json_object_get(message, "incarnation"));

	if (!incarnation || (uint64_t)incarnation == worker_allegiance(agent->worker)->incarnation)
		verdict(agent, "the controllers have taken this node's lease back");
}

static void on_link_message(void *ctx, unsigned controller, json_t *message)
{
	struct agent *agent = ctx;
	const char *type = json_string_value(json_object_get(message, "type"));
	json_int_t term = json_integer_value(json_object_get(message, "term"));

	if (!type || uv_is_active((uv_handle_t *)&agent->goodbye) ||
		credential_take(&agent->credential, message))
		return;
	if (term > 0 && strcmp(type, "order"))
		worker_term(worker_of(agent), (uint64_t)term);
	if (!strcmp(type, "welcome"))
		take_welcome(agent, controller, message);
	else if (!strcmp(type, "rekey"))
		keeper_rekey(&agent->keeper, controller, message);
	else if (!strcmp(type, "controllers"))
		take_controllers(agent, controller, message);
	else if (!strcmp(type, "order"))
		take_order(agent, controller, message);
	else if (!strcmp(type, "ping"))
		take_ping(agent, controller, message);
	else if (!strcmp(type, "timing"))
		take_timing(agent, message);
	else if (!strcmp(type, "refuse"))
		take_refusal(agent, controller, message);
	else if (!strcmp(type, "revoke"))
		take_revoke(agent, message);
	else if (!strcmp(type, "replica") || !strcmp(type, "accepted") || !strcmp(type, "denied"))
		local_errand_take(agent->errand, message);
	else
		log_debug(&agent->log, "a message of type %s is not known here", type);
	pump(agent);
}

static void on_link_up(void *ctx, unsigned controller)
{
	struct agent *agent = ctx;
	json_t *hello = worker_hello(agent->worker);

	json_object_set_new(hello, "node", json_string(agent->config->node));
	if (agent->keeper.lease && lease_expired(agent->keeper.lease))
		json_object_set_new(hello, "expired",
			json_integer((json_int_t)worker_allegiance(agent->worker)->incarnation));
	deadman_hello(agent->deadman, hello);
	link_client_send(agent->link, controller, hello);
	json_decref(hello);
	credential_tell(&agent->credential);
}

static void on_link_down(void *ctx, unsigned controller, const char *why)
{
	struct agent *agent = ctx;
	bool was_up = agent->keeper.epochs[controller] != 0;

	agent->keeper.epochs[controller] = 0;
	if (!keeper_welcomed(&agent->keeper))
		local_errand_connected(agent->errand, false);
	log_say(&agent->log, was_up ? LOG_WARNING : LOG_DEBUG, NULL, "no link to controller %s: %s",
		keeper_name(&agent->keeper, controller), why);
}

/* ---- what the worker wants ------------------------------------------------------------------- */

static void log_result(struct agent *agent, json_t *m)
{
	const char *resource = json_string_value(json_object_get(m, "resource"));
	const char *op = json_string_value(json_object_get(m, "op"));
	const char *status = json_string_value(json_object_get(m, "status"));
	const char *reason = json_string_value(json_object_get(m, "exit_reason"));
	long long rc = json_integer_value(json_object_get(m, "rc"));
	owned(free) char *rc_text = own_printf("%lld", rc);
	struct log_field fields[] = { { "RESOURCE", resource }, { "OPERATION", op },
		{ "RC", rc_text }, { "STATUS", status }, { 0 } };
	bool bad = status && strcmp(status, "done");

	log_say(&agent->log, bad ? LOG_WARNING : LOG_INFO, fields, "%s of %s: %s, rc %lld%s%s",
		op ? op : "order", resource && *resource ? resource : "this node",
		status ? status : "?", rc, reason ? ": " : "", reason ? reason : "");
}

static void tell(struct agent *agent, int controller, json_t *message)
{
	const char *type = json_string_value(json_object_get(message, "type"));

	if (type && !strcmp(type, "result"))
		log_result(agent, message);
	for (unsigned i = 0; i < agent->config->n_controllers; i++)
		if ((controller < 0 && agent->keeper.epochs[i]) || controller == (int)i)
			link_client_send(agent->link, i, message);
}

static void on_goodbye(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void leave(struct agent *agent)
{
	log_notice(&agent->log, "this node leaves the cluster: nothing is left running here");
	deadman_release(agent->deadman);
	if (agent->keeper.lease)
		lease_incarnation_set(agent->keeper.lease, 0);
	uv_timer_start(&agent->goodbye, on_goodbye, GOODBYE_MS, 0);
}

static void carry_out(struct agent *agent, const struct worker_action *a)
{
	switch (a->kind) {
	case WORKER_RUN:
		executor_run(agent->executor, a->run, a->operation, a->as, a->timeout_ms,
			a->after_pid, a->after_pid_start);
		break;
	case WORKER_KILL:
		executor_kill(agent->executor, a->run);
		break;
	case WORKER_CLEAR:
		executor_clear(agent->executor, a->run, a->operation);
		break;
	case WORKER_SEND:
		tell(agent, a->controller, a->message);
		break;
	case WORKER_STORE:
		history_put(agent->records, a->resource, a->message);
		break;
	case WORKER_STATE:
		history_put(agent->state, "state", a->message);
		break;
	case WORKER_LEAVE:
		leave(agent);
		break;
	}
}

static void pump(struct agent *agent)
{
	struct worker_action action;
	uint64_t due, ms;

	while (worker_next(agent->worker, &action))
		carry_out(agent, &action);
	due = worker_due(agent->worker);
	ms = now().now_ms;
	if (!due) {
		uv_timer_stop(&agent->due);
		return;
	}
	uv_update_time(&agent->loop);
	uv_timer_start(&agent->due, on_due, due > ms ? due - ms : 0, 0);
}

static void on_started(void *ctx, unsigned run, int64_t pid, int64_t pid_start)
{
	/* Called from within pump(), which goes on with what this adds. */
	worker_started(((struct agent *)ctx)->worker, run, pid, pid_start);
}

static void on_ran(void *ctx, unsigned run, struct outcome *outcome)
{
	struct agent *agent = ctx;

	worker_ran(worker_of(agent), run, outcome, now());
	pump(agent);
}

static void on_cleared(void *ctx, unsigned run, bool empty, const char *note)
{
	struct agent *agent = ctx;

	worker_cleared(worker_of(agent), run, empty, note, now());
	pump(agent);
}

/* ---- what was kept --------------------------------------------------------------------------- */

static void on_state(void *ctx, const char *name, json_t *document)
{
	struct agent *agent = ctx;

	if (!strcmp(name, "state"))
		agent->kept_state = json_incref(document);
	else if (!strcmp(name, "controllers"))
		agent->kept_controllers = json_incref(document);
}

static void on_record(void *ctx, const char *name, json_t *document)
{
	struct agent *agent = ctx;
	owned(free) char *why = NULL;
	int r = worker_load(agent->worker, document, now(), &why);

	if (r == -ESTALE) { /* of another boot: what it tells of has ended with that */
		history_put(agent->records, name, NULL);
	} else if (r) {
		log_error(&agent->log, "history of %s: %s; moved aside, controllers will probe",
			name, why);
		history_aside(agent->records, name);
	}
}

static void on_disk_problem(void *ctx, const char *sentence)
{
	log_error(&((struct agent *)ctx)->log, "%s", sentence);
}

static int state_open(struct agent *agent)
{
	static const struct history_handler state = { on_state, on_disk_problem },
					    records = { on_record, on_disk_problem };
	const struct worker_config config = { agent->config->jobs, agent->config->monitors };
	owned(free) char *why = NULL, *dir = own_printf("%s/history", agent->config->state_dir);
	owned(free) char *lock = own_printf("%s/lock", agent->config->state_dir);
	struct allegiance allegiance = { 0 };
	char boot[ALLEGIANCE_BOOT_ID];
	int r = history_boot_id(boot, sizeof(boot));

	if (!r)
		r = history_open(
			&agent->loop, agent->config->state_dir, &state, agent, &agent->state, &why);
	if (r) {
		log_error(&agent->log, "%s", why ? why : "no boot id");
		return r;
	}
	agent->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (agent->lock < 0 || flock(agent->lock, LOCK_EX | LOCK_NB)) {
		log_error(&agent->log, "%s: %s", lock,
			errno == EWOULDBLOCK ? "another agent runs with this state_dir"
					     : strerror(errno));
		return -EBUSY;
	}
	if (allegiance_load(&allegiance, agent->kept_state, boot, &why)) {
		log_error(&agent->log, "%s/state.json: %s; begun anew", agent->config->state_dir,
			why);
		allegiance_load(&allegiance, NULL, boot, &why);
	}
	agent->worker = worker_new(&config, &allegiance);
	r = history_open(&agent->loop, dir, &records, agent, &agent->records, &why);
	if (r)
		log_error(&agent->log, "%s", why);
	return r;
}

/* ---- begin and end --------------------------------------------------------------------------- */

/* A restart, or the machine's shutdown: nothing is stopped. Controllers are told that the silence
 * that follows is not a crash. */
static void on_signal(uv_signal_t *signal, int number)
{
	struct agent *agent = signal->data;
	json_t *stopping =
		json_pack("{s:s, s:b, s:b, s:I}", "type", "stopping", "clean", 0, "detach", 1,
			"incarnation", (json_int_t)worker_allegiance(agent->worker)->incarnation);

	log_notice(&agent->log, "signal %d: ends, resources stay as they are", number);
	sd_notify(0, "STOPPING=1");
	tell(agent, -1, stopping);
	json_decref(stopping);
	uv_timer_start(&agent->goodbye, on_goodbye, GOODBYE_MS, 0);
	uv_signal_stop(signal);
}

static void cgroup_begin(struct agent *agent)
{
	owned(free) char *why = NULL;
	const char *where = agent->config->cgroup;

	if (!strcmp(where, "none"))
		why = own_string("switched off");
	else if (!cgroup_open(strcmp(where, "auto") ? where : NULL, "picket", &agent->cgroup, &why))
		return;
	log_warning(&agent->log,
		"no cgroup for resources (%s): process groups only, and what a stop "
		"leaves behind will not be seen",
		why);
}

static void executor_begin(struct agent *agent)
{
	static const struct executor_handler handler = { on_started, on_ran, on_cleared };
	const struct agentcfg *c = agent->config;

	agent->executor_config = (struct executor_config){ .node = c->node,
		.node_uuid = agent->node_id,
		.ocf_root = c->ocf_root,
		.init_dir = c->init_dir,
		.helpers = c->helpers,
		.socket = c->socket,
		.cgroup = agent->cgroup,
		.left = (enum executor_left)c->leftovers };
	executor_new(&agent->loop, &agent->executor_config, &handler, agent, &agent->executor);
}

static int link_begin(struct agent *agent)
{
	static const struct link_client_handler handler = { on_link_up, on_link_message,
		on_link_down };
	struct link_controller controllers[PICKET_CONTROLLERS_MAX];
	const struct agentcfg *c = agent->config;
	owned(free) char *why = NULL;
	int r = identity_load(c->pki, &agent->identity, &why);

	if (r) {
		log_error(&agent->log, "%s", why);
		return r;
	}
	if (!identity_named(agent->identity, c->node))
		log_warning(&agent->log, "the certificate in %s does not name %s", c->pki, c->node);
	for (unsigned i = 0; i < c->n_controllers; i++)
		controllers[i] =
			(struct link_controller){ c->controllers[i].name, c->controllers[i].link };
	r = link_client_new(&agent->loop, agent->identity, c->bind, controllers, c->n_controllers,
		&handler, agent, &agent->link);
	agent->credential =
		(struct credential){ agent->identity, c->pki, agent->link, &agent->log };
	if (r)
		log_error(&agent->log, "links to the controllers: %s", strerror(-r));
	return r;
}

static void on_errand(void *ctx, json_t *message)
{
	tell(ctx, -1, message);
}

static int local_begin(struct agent *agent)
{
	owned(free) char *life = own_printf("%llx", (unsigned long long)uv_hrtime());
	int r;

	agent->errand = local_errand_new(&agent->loop, agent->config->node, life, on_errand, agent);
	r = local_listen(&agent->loop, agent->config->socket, local_errand_request, agent->errand,
		&agent->local);
	if (r)
		log_error(&agent->log, "%s: %s", agent->config->socket, strerror(-r));
	return r;
}

static void on_deadman(void *ctx, bool good, const char *sentence)
{
	struct agent *agent = ctx;
	owned(free) char *text = agent->deadman ? deadman_text(agent->deadman) : NULL;

	log_say(&agent->log, good ? LOG_NOTICE : LOG_WARNING, NULL, "%s", sentence);
	sd_notifyf(0, "STATUS=%s", text ? text : sentence);
}

static void on_sends(void *ctx, bool module)
{
	struct agent *agent = ctx;

	if (agent->keeper.lease)
		lease_hush(agent->keeper.lease, module);
}

static int deadman_begin(struct agent *agent)
{
	const struct agentcfg *c = agent->config;
	const struct deadman_config config = { NULL, NULL,
		c->verdict == AGENTCFG_NONE ? DEADMAN_OFF : (enum deadman_module)c->module,
		strcmp(c->watchdog, "off") ? c->watchdog : NULL,
		c->verdict == AGENTCFG_NONE ? 0 : verdict_of(agent), on_deadman, on_sends, agent };
	int r = deadman_new(&config, &agent->deadman);

	if (r)
		log_error(&agent->log, "no picket.ko, and module: require: %s", strerror(-r));
	return r;
}

static int agent_begin(struct agent *agent)
{
	uint64_t usec = 0;
	int r;

	uv_loop_init(&agent->loop);
	uv_timer_init(&agent->loop, &agent->due);
	uv_timer_init(&agent->loop, &agent->alive);
	uv_timer_init(&agent->loop, &agent->goodbye);
	uv_signal_init(&agent->loop, &agent->term);
	uv_signal_init(&agent->loop, &agent->interrupt);
	agent->due.data = agent->alive.data = agent->term.data = agent->interrupt.data = agent;
	signal(SIGPIPE, SIG_IGN);
	r = state_open(agent);
	if (r)
		return r;
	snprintf(agent->node_id, sizeof(agent->node_id), "%u",
		worker_allegiance(agent->worker)->node);
	cgroup_begin(agent);
	executor_begin(agent);
	r = deadman_begin(agent);
	agent->keeper = (struct keeper){ .loop = &agent->loop,
		.log = &agent->log,
		.config = agent->config,
		.worker = agent->worker,
		.deadman = agent->deadman,
		.verdict = verdict_of(agent),
		.on_event = on_lease_event,
		.warn = on_warn,
		.ctx = agent };
	keeper_restore(
		&agent->keeper, agent->kept_controllers, identity_cluster(agent->config->pki));
	if (!r)
		r = local_begin(agent);
	if (!r)
		r = link_begin(agent);
	if (r)
		return r;
	agent->keeper.link = agent->link;
	/* A lease that outlived our restart is taken up before anything else can fail. */
	if (worker_allegiance(agent->worker)->incarnation && keeper_begin(&agent->keeper))
		return -EIO;
	uv_signal_start(&agent->term, on_signal, SIGTERM);
	uv_signal_start(&agent->interrupt, on_signal, SIGINT);
	if (sd_watchdog_enabled(0, &usec) > 0)
		agent->watchdog_ms = usec / 1000;
	alive_start(agent);
	return 0;
}

static void agent_end(struct agent *agent)
{
	executor_free(agent->executor);
	local_free(agent->local);
	local_errand_free(agent->errand);
	link_client_free(agent->link);
	deadman_free(agent->deadman);
	lease_free(agent->keeper.lease);
	history_free(agent->records);
	history_free(agent->state);
	uv_close((uv_handle_t *)&agent->due, NULL);
	uv_close((uv_handle_t *)&agent->alive, NULL);
	uv_close((uv_handle_t *)&agent->goodbye, NULL);
	uv_close((uv_handle_t *)&agent->term, NULL);
	uv_close((uv_handle_t *)&agent->interrupt, NULL);
	uv_run(&agent->loop, UV_RUN_DEFAULT);
	uv_loop_close(&agent->loop);
	worker_free(agent->worker);
	identity_free(agent->identity);
	cgroup_free(agent->cgroup);
	json_decref(agent->kept_state);
	json_decref(agent->kept_controllers);
	agentcfg_free(agent->config);
}

int main(int argc, char **argv)
{
	struct agent agent = { .lock = -1 };
	int r = agentcfg_begin(argc, argv, PICKET_VERSION, &agent.config);

	if (r)
		return r - 1;
	log_init(&agent.log, "picket-agent", agent.config->log_level);
	if (agent_begin(&agent)) {
		agent.status = 1;
	} else {
		log_notice(&agent.log, "node %s, boot %s", agent.config->node,
			worker_allegiance(agent.worker)->boot_id);
		sd_notify(0, "READY=1");
		worker_tick(worker_of(&agent), now());
		pump(&agent);
		uv_run(&agent.loop, UV_RUN_DEFAULT);
	}
	agent_end(&agent);
	return agent.status;
}
