/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

#include "base/child.h"
#include "base/file.h"
#include "base/http.h"
#include "base/lines.h"
#include "core/model/alert.h"
#include "edge/alerter.h"

#define QUEUE_MAX 256 /* messages that wait for one alert */
#define SECRET_MAX 4096
#define ENVIRONMENT_MAX 24
#define NICE 5
#define LOOK_MS 100
#define END_S 1 /* for what is being told when we end */

struct letter {
	json_t *alert, *message; /* copies of its own: a json_t is no thread's but one's */
	struct letter *next;
};

/* One alert's queue and the thread that empties it: a server that hangs holds up nobody else. */
struct box {
	struct alerter *alerter;
	char *name;
	pthread_t thread;
	struct letter *first, **last;
	unsigned n;
	struct box *next;
};

struct alerter {
	char *controller;
	void (*warn)(void *ctx, const char *text);
	void *ctx;
	struct box *boxes;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool ending;
	bool told; /* in this leadership, of who is dead */
	struct alerter_counts counts;
};

static void letter_free(struct letter *l)
{
	json_decref(l->alert);
	json_decref(l->message);
	free(l);
}

static void count(struct alerter *a, uint64_t *what)
{
	pthread_mutex_lock(&a->lock);
	(*what)++;
	pthread_mutex_unlock(&a->lock);
}

static const char *text_of(json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

/* ---- a webhook ------------------------------------------------------------------------------ */

static char *secret_read(const char *path, char **why)
{
	char *secret = NULL;
	size_t len;
	int r = file_read(path, SECRET_MAX, &secret, &len);

	if (r) {
		*why = own_printf("%s: %s", path, strerror(-r));
		return NULL;
	}
	secret[strcspn(secret, "\r\n")] = '\0';
	return secret;
}

static int http_try(struct letter *l, const char *body, uint64_t *ret_pause_ms, char **why)
{
	const char *path = json_string_value(json_object_get(l->alert, "secret-file"));
	owned(free) char *secret = path ? secret_read(path, why) : NULL;
	owned(free) char *id = own_printf("Idempotency-Key: %s", text_of(l->message, "id"));
	owned(free) char *now = own_printf("%lld", (long long)time(NULL)), *signature = NULL;
	const char *headers[] = { id, NULL, NULL };
	struct http_config config = { .ca = json_string_value(json_object_get(l->alert, "ca")),
		.body_max = 4096 };
	struct http_request request = { .method = "POST",
		.url = text_of(l->alert, "url"),
		.body = body,
		.headers = headers,
		.timeout_ms = alert_timeout_ms(l->alert) };
	struct http_answer answer = { 0 };
	char mac[ALERT_HEX];
	struct http *http;
	int r;

	if (path && !secret)
		return -ENOKEY;
	if (secret) {
		alert_sign(secret, now, body, mac);
		explicit_bzero(secret, strlen(secret));
		headers[1] = signature = own_printf("X-Picket-Signature: t=%s,v1=%s", now, mac);
	}
	r = http_new(&config, &http);
	if (r)
		return r;
	r = http_send(http, &request, &answer);
	if (r) {
		*why = own_string(http_reason(http));
	} else if (answer.status / 100 != 2) {
		*why = own_printf("the server answers with status %d", answer.status);
		if (answer.retry_after_ms > 0)
			*ret_pause_ms = (uint64_t)answer.retry_after_ms;
		/* It understood, and does not want it: once more would change nothing. */
		r = answer.status / 100 == 4 && answer.status != 408 && answer.status != 429
			    ? -EBADMSG
			    : -EAGAIN;
	}
	http_answer_done(&answer);
	http_free(http);
	return r;
}

/* ---- a program ------------------------------------------------------------------------------ */

struct run {
	struct alerter *alerter;
	struct child *child;
	int r;
	char **why;
};

static bool ending(struct alerter *a)
{
	bool yes;

	pthread_mutex_lock(&a->lock);
	yes = a->ending;
	pthread_mutex_unlock(&a->lock);
	return yes;
}

static void on_look(uv_timer_t *timer)
{
	struct run *run = timer->data;

	if (run->child && ending(run->alerter))
		child_kill(run->child, SIGKILL);
}

static void on_done(void *ctx, const struct child_result *c)
{
	struct run *run = ctx;

	run->child = NULL;
	run->r = 0;
	if (c->error)
		*run->why = own_printf("it cannot be run: %s", strerror(-c->error));
	else if (c->timed_out)
		*run->why = own_string("it did not end in time, and was killed");
	else if (c->code)
		*run->why =
			own_printf("it ended with %s %d: %.200s", c->signal ? "signal" : "status",
				c->signal ? c->signal : c->code, c->err ? c->err : "");
	if (*run->why)
		run->r = -EAGAIN;
}

/* Pacemaker's alert agents (its alert API, version 1.1.15) find their own names. */
static const char *crm_kind(const char *kind)
{
	if (!strncmp(kind, "fence", 5) || !strcmp(kind, "node-dead"))
		return "fencing";
	if (!strncmp(kind, "operation", 9) || !strcmp(kind, "order"))
		return "resource";
	return "node";
}

static size_t environment(struct letter *l, char *list[ENVIRONMENT_MAX + 1])
{
	json_t *event = json_object_get(l->message, "event");
	const char *kind = text_of(event, "kind"), *node = text_of(event, "node");
	const char *text = text_of(event, "text"), *resource = text_of(event, "resource");
	long long ms = json_integer_value(json_object_get(event, "time_ms"));
	owned(free) char *proof = json_dumps(json_object_get(event, "proof"), JSON_COMPACT);
	const char *recipient = text_of(l->alert, "recipient");
	size_t n = 0;

	list[n++] = own_string("PATH=/usr/sbin:/usr/bin:/sbin:/bin");
	list[n++] = own_printf("PICKET_ID=%s", text_of(l->message, "id"));
	list[n++] = own_printf("PICKET_CLUSTER=%s", text_of(l->message, "cluster"));
	list[n++] = own_printf("PICKET_EVENT=%s", kind);
	list[n++] = own_printf("PICKET_NODE=%s", node);
	list[n++] = own_printf("PICKET_RESOURCE=%s", resource);
	list[n++] = own_printf("PICKET_TEXT=%s", text);
	list[n++] = own_printf("PICKET_TIME_MS=%lld", ms);
	list[n++] = own_printf("PICKET_PROOF=%s", proof ? proof : "");
	list[n++] = own_printf(
		"PICKET_AGAIN=%d", json_is_true(json_object_get(event, "again")) ? 1 : 0);
	list[n++] = own_printf("CRM_alert_version=1.1.15");
	list[n++] = own_printf("CRM_alert_kind=%s", crm_kind(kind));
	list[n++] = own_printf("CRM_alert_node=%s", node);
	list[n++] = own_printf("CRM_alert_rsc=%s", resource);
	list[n++] = own_printf("CRM_alert_task=%s", kind);
	list[n++] = own_printf("CRM_alert_desc=%s", text);
	list[n++] = own_printf("CRM_alert_rc=%d",
		!strcmp(kind, "fence-failed") || !strcmp(kind, "operation-failed"));
	list[n++] = own_printf("CRM_alert_recipient=%s", recipient);
	list[n++] = own_printf("CRM_alert_timestamp=%lld.%03lld", ms / 1000, ms % 1000);
	list[n++] = own_printf("CRM_alert_timestamp_epoch=%lld", ms / 1000);
	list[n] = NULL;
	return n;
}

static int program_try(struct alerter *a, struct letter *l, const char *body, char **why)
{
	const char *argv[] = { text_of(l->alert, "program"), NULL };
	char *list[ENVIRONMENT_MAX + 1];
	struct child_spec spec = { .argv = argv,
		.envp = (const char *const *)list,
		.input = body,
		.input_size = strlen(body),
		.timeout_ms = alert_timeout_ms(l->alert),
		.output_max = 4096 };
	struct run run = { .alerter = a, .r = -EIO, .why = why };
	size_t n = environment(l, list);
	uv_timer_t look;
	uv_loop_t loop;
	int r;

	uv_loop_init(&loop);
	uv_timer_init(&loop, &look);
	look.data = &run;
	r = child_start(&loop, &spec, on_done, &run, &run.child);
	if (!r) {
		uv_timer_start(&look, on_look, LOOK_MS, LOOK_MS);
		uv_unref((uv_handle_t *)&look);
		uv_run(&loop, UV_RUN_DEFAULT);
		r = run.r;
	}
	uv_close((uv_handle_t *)&look, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	while (n)
		free(list[--n]);
	return r;
}

/* ---- a queue's thread ------------------------------------------------------------------------ */

/* True: it is over, go home. */
static bool pause_ms(struct alerter *a, uint64_t ms)
{
	struct timespec until;
	bool ending;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&a->lock);
	while (!a->ending && !pthread_cond_timedwait(&a->changed, &a->lock, &until))
		;
	ending = a->ending;
	pthread_mutex_unlock(&a->lock);
	return ending;
}

static void failed(struct box *box, struct letter *l, unsigned tries, const char *why)
{
	owned(free) char *text = own_printf("alert %s: %s (%s) was not told, after %u %s: %s",
		box->name, text_of(json_object_get(l->message, "event"), "kind"),
		text_of(l->message, "id"), tries, tries == 1 ? "try" : "tries", why);

	count(box->alerter, &box->alerter->counts.failed);
	box->alerter->warn(box->alerter->ctx, text);
}

static void deliver(struct box *box, struct letter *l)
{
	owned(free) char *body = json_dumps(l->message, JSON_COMPACT);
	bool program = json_object_get(l->alert, "program") != NULL;
	unsigned retries = alert_retries(l->alert);

	for (unsigned n = 1;; n++) {
		owned(free) char *why = NULL;
		uint64_t wait_ms = alert_pause_ms(n);
		int r = program ? program_try(box->alerter, l, body, &why)
				: http_try(l, body, &wait_ms, &why);

		if (!r) {
			count(box->alerter, &box->alerter->counts.delivered);
			return;
		}
		if (n > retries || r == -EBADMSG) {
			failed(box, l, n, why ? why : strerror(-r));
			return;
		}
		count(box->alerter, &box->alerter->counts.retried);
		if (pause_ms(box->alerter, wait_ms))
			return;
	}
}

static struct letter *letter_next(struct box *box)
{
	struct alerter *a = box->alerter;
	struct letter *l;

	pthread_mutex_lock(&a->lock);
	while (!a->ending && !box->first)
		pthread_cond_wait(&a->changed, &a->lock);
	l = a->ending ? NULL : box->first;
	if (l) {
		box->first = l->next;
		box->n--;
		if (!box->first)
			box->last = &box->first;
	}
	pthread_mutex_unlock(&a->lock);
	return l;
}

static void *box_run(void *ctx)
{
	struct box *box = ctx;
	struct letter *l;

	/* Whoever decides and fences goes first. */
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
	while ((l = letter_next(box))) {
		deliver(box, l);
		letter_free(l);
	}
	return NULL;
}

static struct box *box_of(struct alerter *a, const char *name)
{
	sigset_t all, before;
	struct box *b;
	int r;

	for (b = a->boxes; b; b = b->next)
		if (!strcmp(b->name, name))
			return b;
	b = own_new(struct box);
	b->alerter = a;
	b->name = own_string(name);
	b->last = &b->first;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the main thread's */
	r = pthread_create(&b->thread, NULL, box_run, b);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r) {
		free(b->name);
		free(b);
		return NULL;
	}
	b->next = a->boxes;
	a->boxes = b;
	return b;
}

static void box_put(struct box *box, struct letter *l)
{
	struct alerter *a = box->alerter;
	struct letter *oldest = NULL;

	pthread_mutex_lock(&a->lock);
	if (box->n == QUEUE_MAX) {
		oldest = box->first;
		box->first = oldest->next;
		box->n--;
		a->counts.dropped++;
	}
	*box->last = l;
	box->last = &l->next;
	box->n++;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	if (oldest)
		letter_free(oldest);
}

struct alerter *alerter_new(
	const char *controller, void (*warn)(void *ctx, const char *text), void *ctx)
{
	struct alerter *a = own_new(struct alerter);
	pthread_condattr_t attributes;

	a->controller = own_string(controller);
	a->warn = warn;
	a->ctx = ctx;
	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&a->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return a;
}

void alerter_tell(struct alerter *a, json_t *alerts, const char *cluster, json_t *event)
{
	const char *name;
	json_t *alert;

	json_object_foreach (alerts, name, alert) {
		struct letter *l;
		struct box *box;

		if (!alert_wants(alert, event))
			continue;
		box = box_of(a, name);
		if (!box)
			continue;
		l = own_new(struct letter);
		l->alert = json_deep_copy(alert);
		/* A message holds the event; what the journal has is not another thread's. */
		l->message = alert_message(name, cluster ? cluster : "", a->controller, event);
		json_object_set_new(l->message, "event", json_deep_copy(event));
		box_put(box, l);
	}
}

void alerter_note(struct alerter *a, const struct director *director, bool leads, json_t *event)
{
	const char *cluster;
	json_t *alerts = director_alerts(director, &cluster);

	if (alerts && leads)
		alerter_tell(a, alerts, cluster, event);
}

void alerter_again(struct alerter *a, const struct director *director)
{
	json_t *deaths = director_deaths(director), *event;
	size_t i;

	if (deaths && !a->told)
		json_array_foreach (deaths, i, event)
			alerter_note(a, director, true, event);
	a->told = deaths != NULL;
	json_decref(deaths);
}

void alerter_counts(struct alerter *a, struct alerter_counts *ret)
{
	pthread_mutex_lock(&a->lock);
	*ret = a->counts;
	pthread_mutex_unlock(&a->lock);
}

void alerter_figures(struct alerter *a, struct lines *lines)
{
	static const char form[] =
		"# HELP picket_%s %s\n# TYPE picket_%s counter\npicket_%s %llu\n";
	struct alerter_counts c;

	alerter_counts(a, &c);
	const struct {
		const char *name, *help;
		uint64_t n;
	} rows[] = { { "alerts_delivered_total", "Alerts that were told.", c.delivered },
		{ "alerts_failed_total", "Alerts that were given up.", c.failed },
		{ "alerts_dropped_total", "Alerts that fell out of a full queue.", c.dropped },
		{ "alerts_retried_total", "Attempts to tell that failed.", c.retried } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		lines_add(lines, form, rows[i].name, rows[i].help, rows[i].name, rows[i].name,
			(unsigned long long)rows[i].n);
}

void alerter_free(struct alerter *a)
{
	struct timespec until;
	struct box *b;

	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->ending = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += END_S;
	/* A server that hangs is no reason to hang: its thread keeps all this, and ends with us. */
	for (b = a->boxes; b; b = b->next)
		if (pthread_timedjoin_np(b->thread, NULL, &until))
			return;
	while ((b = a->boxes)) {
		struct letter *l;

		a->boxes = b->next;
		while ((l = b->first)) {
			b->first = l->next;
			letter_free(l);
		}
		free(b->name);
		free(b);
	}
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a->controller);
	free(a);
}

void alerter_log(const struct log *log, const json_t *event)
{
	const char *kind = json_string_value(json_object_get(event, "kind"));
	char id[ALERT_ID_HEX] = "";
	struct log_field fields[] = {
		{ "MESSAGE_ID", log->journal && kind ? id : NULL }, /* of use there alone */
		{ "PICKET_EVENT", kind },
		{ "PICKET_NODE", json_string_value(json_object_get(event, "node")) },
		{ "PICKET_RESOURCE", json_string_value(json_object_get(event, "resource")) },
		{ NULL, NULL },
	};

	if (kind)
		alert_kind_id(kind, id);
	log_say(log, LOG_NOTICE, fields, "%s", json_string_value(json_object_get(event, "text")));
}
