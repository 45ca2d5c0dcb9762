/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <systemd/sd-bus.h>

#include "edge/executor_systemd.h"

#define SERVICE "org.freedesktop.systemd1"
#define OBJECT "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define UNIT "org.freedesktop.systemd1.Unit"
#define PRIVATE_BUS "unix:path=/run/systemd/private" /* systemd's own door: no bus daemon needed   \
						      */
#define DROP_IN "50-picket.conf"
#define RECHECK_MS 250 /* between looks at a unit on its way */

struct executor_systemd_call {
	struct executor_systemd_call *next;
	struct executor_systemd *systemd;
	char *unit;
	enum operation_kind as;
	bool recurring;
	uint64_t timeout_ms;
	uv_timer_t deadline, again;
	unsigned handles;
	sd_bus_slot *slot; /* the question under way */
	char *path;        /* the unit's object */
	char *job;         /* the job that is waited for */
	struct outcome outcome;
	void (*on_done)(void *ctx, struct outcome *outcome);
	void *ctx;
	bool ended;
};

struct executor_systemd {
	uv_loop_t *loop;
	sd_bus *bus;
	uv_poll_t *poll; /* while connected */
	uv_timer_t timer;
	struct executor_systemd_call *calls;
};

static void bus_watch(struct executor_systemd *s);
static void unit_ask(struct executor_systemd_call *call);
static void unit_begin(struct executor_systemd_call *call);

/* ---- the drop-in
 * ------------------------------------------------------------------------------------ */

static char *drop_in_folder(const char *unit)
{
	return own_printf("/run/systemd/system/%s.d", unit);
}

/* While picket runs the unit, systemd must neither restart it by itself nor outlive us at shutdown
 * in the wrong order. 1: written; 0: was there. */
static int drop_in_write(const char *unit)
{
	owned(free) char *folder = drop_in_folder(unit),
			 *path = own_printf("%s/%s", folder, DROP_IN);
	bool service = strlen(unit) > 8 && !strcmp(unit + strlen(unit) - 8, ".service");
	FILE *f;

	if (!access(path, F_OK))
		return 0;
	if (mkdir(folder, 0755) && errno != EEXIST)
		return -errno;
	f = fopen(path, "we");
	if (!f)
		return -errno;
	fprintf(f, "[Unit]\nDescription=%s, run by picket\nBefore=picket-agent.service\n%s", unit,
		service ? "\n[Service]\nRestart=no\n" : "");
	return fclose(f) ? -errno : 1;
}

static bool drop_in_remove(const char *unit)
{
	owned(free) char *folder = drop_in_folder(unit),
			 *path = own_printf("%s/%s", folder, DROP_IN);
	bool was = !unlink(path);

	rmdir(folder); /* refused when somebody else has something there */
	return was;
}

/* ---- the end of a call --------------------------------------------------------------------------
 */

static void on_call_closed(uv_handle_t *handle)
{
	struct executor_systemd_call *call = handle->data;

	if (--call->handles)
		return;
	outcome_done(&call->outcome);
	free(call->unit);
	free(call->path);
	free(call->job);
	free(call);
}

static void call_free(struct executor_systemd_call *call)
{
	for (struct executor_systemd_call **at = &call->systemd->calls; *at; at = &(*at)->next) {
		if (*at == call) {
			*at = call->next;
			break;
		}
	}
	call->slot = sd_bus_slot_unref(call->slot);
	uv_close((uv_handle_t *)&call->deadline, on_call_closed);
	uv_close((uv_handle_t *)&call->again, on_call_closed);
}

static void on_ended(uv_timer_t *timer)
{
	struct executor_systemd_call *call = timer->data;
	struct outcome outcome = call->outcome;
	void (*on_done)(void *, struct outcome *) = call->on_done;
	void *ctx = call->ctx;

	call->outcome = (struct outcome){ 0 };
	call_free(call);
	on_done(ctx, &outcome);
	outcome_done(&outcome);
}

/* From the loop, not from within sd-bus or the caller. */
static void call_end(
	struct executor_systemd_call *call, enum outcome_status status, int rc, char *reason)
{
	if (call->ended) {
		free(reason);
		return;
	}
	call->ended = true;
	call->slot = sd_bus_slot_unref(call->slot);
	uv_timer_stop(&call->again);
	/* Stopped: the unit is its owner's again. Nobody waits for that. */
	if (call->as == OPERATION_STOP && status == OUTCOME_DONE && rc == OUTCOME_OK &&
		drop_in_remove(call->unit) && call->systemd->bus) {
		sd_bus_call_method_async(call->systemd->bus, NULL, SERVICE, OBJECT, MANAGER,
			"Reload", NULL, NULL, NULL);
		bus_watch(call->systemd);
	}
	outcome_say(&call->outcome, status, rc, reason);
	uv_timer_start(&call->deadline, on_ended, 0, 0);
}

static void call_fail(struct executor_systemd_call *call, const char *what, int r)
{
	call_end(call, OUTCOME_FAILED, OUTCOME_ERROR, own_printf("%s: %s", what, strerror(-r)));
}

static void on_deadline(uv_timer_t *timer)
{
	struct executor_systemd_call *call = timer->data;

	call_end(call, OUTCOME_TIMEOUT, OUTCOME_ERROR,
		own_printf("%s of %s did not end within %llu ms", operation_name(call->as),
			call->unit, (unsigned long long)call->timeout_ms));
}

/* ---- the connection
 * ------------------------------------------------------------------------------ */

static void on_poll_closed(uv_handle_t *handle)
{
	free(handle);
}

static void bus_close(struct executor_systemd *s)
{
	if (!s->bus)
		return;
	uv_poll_stop(s->poll);
	uv_close((uv_handle_t *)s->poll, on_poll_closed);
	s->poll = NULL;
	uv_timer_stop(&s->timer);
	s->bus = sd_bus_close_unref(s->bus);
}

/* Calls in flight fail with the connection: whoever ordered them will ask how it stands. */
static void bus_lost(struct executor_systemd *s, int r)
{
	bus_close(s);
	for (struct executor_systemd_call *call = s->calls; call; call = call->next) {
		call->slot = sd_bus_slot_unref(call->slot);
		if (!call->ended)
			call_fail(call, "the connection to systemd was lost", r);
	}
}

static void bus_work(struct executor_systemd *s)
{
	int r;

	do
		r = s->bus ? sd_bus_process(s->bus, NULL) : 0;
	while (r > 0);
	if (r < 0)
		bus_lost(s, r);
	else
		bus_watch(s);
}

static void on_bus(uv_poll_t *poll, int status, int events)
{
	bus_work(poll->data);
}

static void on_bus_timer(uv_timer_t *timer)
{
	bus_work(timer->data);
}

/* sd-bus says what it waits for; it changes with every message. */
static void bus_watch(struct executor_systemd *s)
{
	int events = s->bus ? sd_bus_get_events(s->bus) : 0, want = 0;
	uint64_t until = UINT64_MAX;
	struct timespec now;
	uint64_t now_us;

	if (!s->bus)
		return;
	want |= events & POLLIN ? UV_READABLE : 0;
	want |= events & POLLOUT ? UV_WRITABLE : 0;
	uv_poll_start(s->poll, want | UV_DISCONNECT, on_bus);
	if (sd_bus_get_timeout(s->bus, &until) < 0 || until == UINT64_MAX) {
		uv_timer_stop(&s->timer);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	uv_update_time(s->loop);
	uv_timer_start(
		&s->timer, on_bus_timer, until > now_us ? (until - now_us + 999) / 1000 : 0, 0);
}

/* A job has ended: whose was it? */
static int on_job_removed(sd_bus_message *m, void *ctx, sd_bus_error *error)
{
	struct executor_systemd *s = ctx;
	const char *job, *unit, *result;
	uint32_t id;

	if (sd_bus_message_read(m, "uoss", &id, &job, &unit, &result) < 0)
		return 0;
	for (struct executor_systemd_call *call = s->calls; call; call = call->next) {
		if (call->ended || !call->job || strcmp(call->job, job))
			continue;
		free(call->job);
		call->job = NULL;
		if (!strcmp(result, "done") || !strcmp(result, "skipped"))
			unit_ask(call);
		else
			call_end(call, OUTCOME_DONE, OUTCOME_ERROR,
				own_printf("systemd: the job of %s ended: %s", call->unit, result));
	}
	return 0;
}

static int bus_open(struct executor_systemd *s)
{
	sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r < 0)
		return r;
	r = sd_bus_set_address(bus, PRIVATE_BUS);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0) {
		bus = sd_bus_unref(bus);
		r = sd_bus_open_system(&bus);
	}
	if (r < 0)
		return r;
	s->bus = bus;
	r = sd_bus_match_signal_async(
		bus, NULL, NULL, OBJECT, MANAGER, "JobRemoved", on_job_removed, NULL, s);
	if (r >= 0)
		r = sd_bus_call_method_async(
			bus, NULL, SERVICE, OBJECT, MANAGER, "Subscribe", NULL, NULL, "");
	if (r < 0) {
		s->bus = sd_bus_close_unref(bus);
		return r;
	}
	s->poll = own_new(uv_poll_t);
	uv_poll_init(s->loop, s->poll, sd_bus_get_fd(bus));
	s->poll->data = s;
	return 0;
}

/* ---- what a unit is asked
 * -------------------------------------------------------------------------- */

static void again_later(struct executor_systemd_call *call);

static void state_judge(struct executor_systemd_call *call, const char *state)
{
	bool stop = call->as == OPERATION_STOP, start = call->as == OPERATION_START;

	if (!strcmp(state, "active") || !strcmp(state, "reloading"))
		call_end(call, OUTCOME_DONE, stop ? OUTCOME_ERROR : OUTCOME_OK,
			stop ? own_printf("%s is still %s", call->unit, state) : NULL);
	else if (!strcmp(state, "activating") || !strcmp(state, "deactivating"))
		again_later(call);
	else if (!strcmp(state, "failed") && (start || (call->recurring && !stop)))
		call_end(
			call, OUTCOME_DONE, OUTCOME_ERROR, own_printf("%s has failed", call->unit));
	else /* inactive, or failed and so not running */
		call_end(call, OUTCOME_DONE,
			stop    ? OUTCOME_OK
			: start ? OUTCOME_ERROR
				: OUTCOME_NOT_RUNNING,
			start ? own_printf("%s is %s after its start", call->unit, state) : NULL);
}

static bool reply_failed(struct executor_systemd_call *call, sd_bus_message *m, const char *what)
{
	const sd_bus_error *error = sd_bus_message_get_error(m);

	call->slot = sd_bus_slot_unref(call->slot);
	if (!error)
		return false;
	if (strstr(error->name, "NoSuchUnit") || strstr(error->name, "LoadFailed"))
		call_end(call, OUTCOME_NO_AGENT, OUTCOME_NOT_INSTALLED, own_string(error->message));
	else
		call_end(call, OUTCOME_FAILED, OUTCOME_ERROR,
			own_printf("systemd: %s: %s", what, error->message));
	return true;
}

static int on_state(sd_bus_message *m, void *ctx, sd_bus_error *error)
{
	struct executor_systemd_call *call = ctx;
	const char *state = "";
	int r;

	if (reply_failed(call, m, "ActiveState"))
		return 0;
	r = sd_bus_message_enter_container(m, 'v', "s");
	if (r >= 0)
		r = sd_bus_message_read(m, "s", &state);
	if (r < 0)
		call_fail(call, "an answer from systemd", r);
	else
		state_judge(call, state);
	return 0;
}

static void asked(struct executor_systemd_call *call, int r)
{
	if (r < 0)
		call_fail(call, "a question to systemd", r);
	else
		bus_watch(call->systemd);
}

static void unit_ask(struct executor_systemd_call *call)
{
	asked(call, sd_bus_call_method_async(call->systemd->bus, &call->slot, SERVICE, call->path,
			    "org.freedesktop.DBus.Properties", "Get", on_state, call, "ss", UNIT,
			    "ActiveState"));
}

static void on_again(uv_timer_t *timer)
{
	struct executor_systemd_call *call = timer->data;

	if (!call->ended)
		unit_ask(call);
}

static void again_later(struct executor_systemd_call *call)
{
	uv_timer_start(&call->again, on_again, RECHECK_MS, 0);
}

static int on_job(sd_bus_message *m, void *ctx, sd_bus_error *error)
{
	struct executor_systemd_call *call = ctx;
	const char *job;
	int r;

	if (reply_failed(call, m, operation_name(call->as)))
		return 0;
	r = sd_bus_message_read(m, "o", &job);
	if (r < 0)
		call_fail(call, "an answer from systemd", r);
	else
		call->job = own_string(job); /* JobRemoved comes after this answer */
	return 0;
}

static int on_load_state(sd_bus_message *m, void *ctx, sd_bus_error *error)
{
	struct executor_systemd_call *call = ctx;
	const char *state = "", *method = NULL;

	if (reply_failed(call, m, "LoadState"))
		return 0;
	if (sd_bus_message_enter_container(m, 'v', "s") < 0 ||
		sd_bus_message_read(m, "s", &state) < 0)
		state = "";
	if (call->as == OPERATION_START)
		method = "StartUnit";
	else if (call->as == OPERATION_STOP)
		method = "StopUnit";
	else if (call->as == OPERATION_RELOAD)
		method = "ReloadUnit";
	if (!strcmp(state, "not-found") || !strcmp(state, "masked")) {
		if (call->as == OPERATION_STOP) /* what is not there does not run */
			call_end(call, OUTCOME_DONE, OUTCOME_OK, NULL);
		else
			call_end(call, OUTCOME_NO_AGENT, OUTCOME_NOT_INSTALLED,
				own_printf("unit %s is %s", call->unit, state));
	} else if (method) {
		asked(call,
			sd_bus_call_method_async(call->systemd->bus, &call->slot, SERVICE, OBJECT,
				MANAGER, method, on_job, call, "ss", call->unit, "replace"));
	} else {
		unit_ask(call);
	}
	return 0;
}

static int on_loaded(sd_bus_message *m, void *ctx, sd_bus_error *error)
{
	struct executor_systemd_call *call = ctx;
	const char *path;
	int r;

	if (reply_failed(call, m, "LoadUnit"))
		return 0;
	r = sd_bus_message_read(m, "o", &path);
	if (r < 0) {
		call_fail(call, "an answer from systemd", r);
		return 0;
	}
	free(call->path);
	call->path = own_string(path);
	asked(call, sd_bus_call_method_async(call->systemd->bus, &call->slot, SERVICE, call->path,
			    "org.freedesktop.DBus.Properties", "Get", on_load_state, call, "ss",
			    UNIT, "LoadState"));
	return 0;
}

static void unit_begin(struct executor_systemd_call *call)
{
	asked(call, sd_bus_call_method_async(call->systemd->bus, &call->slot, SERVICE, OBJECT,
			    MANAGER, "LoadUnit", on_loaded, call, "s", call->unit));
}

static int on_reloaded(sd_bus_message *m, void *ctx, sd_bus_error *error)
{
	struct executor_systemd_call *call = ctx;

	if (!reply_failed(call, m, "Reload"))
		unit_begin(call);
	return 0;
}

/* ---- calls
 * ------------------------------------------------------------------------------------------- */

static void call_begin(struct executor_systemd_call *call)
{
	struct executor_systemd *s = call->systemd;
	int r = s->bus ? 0 : bus_open(s);

	if (r < 0) {
		call_end(call, OUTCOME_NOT_SUPPORTED, OUTCOME_NOT_INSTALLED,
			own_printf("systemd does not answer on this node: %s", strerror(-r)));
		return;
	}
	r = call->as == OPERATION_START ? drop_in_write(call->unit) : 0;
	if (r < 0)
		call_fail(call, "cannot write the unit's drop-in", r);
	else if (r > 0)
		asked(call, sd_bus_call_method_async(s->bus, &call->slot, SERVICE, OBJECT, MANAGER,
				    "Reload", on_reloaded, call, NULL));
	else
		unit_begin(call);
}

struct executor_systemd_call *executor_systemd_run(struct executor_systemd *systemd,
	const char *type, enum operation_kind as, bool recurring, uint64_t timeout_ms,
	void (*on_done)(void *ctx, struct outcome *outcome), void *ctx)
{
	struct executor_systemd_call *call = own_new(struct executor_systemd_call);

	call->systemd = systemd;
	call->unit = strchr(type, '.') ? own_string(type) : own_printf("%s.service", type);
	call->as = as;
	call->recurring = recurring;
	call->timeout_ms = timeout_ms;
	call->on_done = on_done;
	call->ctx = ctx;
	call->next = systemd->calls;
	systemd->calls = call;
	uv_timer_init(systemd->loop, &call->deadline);
	uv_timer_init(systemd->loop, &call->again);
	call->deadline.data = call->again.data = call;
	call->handles = 2;
	uv_update_time(systemd->loop);
	uv_timer_start(&call->deadline, on_deadline, timeout_ms, 0);
	if (as == OPERATION_START || as == OPERATION_STOP || as == OPERATION_MONITOR ||
		as == OPERATION_RELOAD)
		call_begin(call);
	else
		call_end(call, OUTCOME_NOT_SUPPORTED, OUTCOME_UNIMPLEMENTED,
			own_printf("class systemd has no %s", operation_name(as)));
	return call;
}

void executor_systemd_cancel(struct executor_systemd_call *call)
{
	call_end(call, OUTCOME_CANCELLED, OUTCOME_UNKNOWN, own_string("ended by picket"));
}

struct executor_systemd *executor_systemd_new(uv_loop_t *loop)
{
	struct executor_systemd *s = own_new(struct executor_systemd);

	s->loop = loop;
	uv_timer_init(loop, &s->timer);
	s->timer.data = s;
	return s;
}

static void on_systemd_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void executor_systemd_free(struct executor_systemd *s)
{
	if (!s)
		return;
	while (s->calls)
		call_free(s->calls);
	bus_close(s);
	uv_close((uv_handle_t *)&s->timer, on_systemd_closed);
}
