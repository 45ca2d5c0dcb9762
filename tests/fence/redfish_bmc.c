/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * redfish_bmc: a management controller that speaks Redfish over HTTPS, for tests and the lab. It
 * knows one or more systems, whose power is a hook's, a file's, or its own business, and has quirks
 * and faults that can be changed while it runs. See usage() below.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "quirks.h"

enum { SYSTEMS_MAX = 16, SESSIONS_MAX = 64, BODY_MAX = 65536 };

struct host { /* one system */
	const char *id, *uuid, *serial, *name, *type, *hook, *state;
	const char *resets;     /* separated by ':' */
	bool on;                /* without hook and state file */
	const char *transition; /* "PoweringOn", "PoweringOff" or NULL */
	bool lie;               /* says Off and is not */
	unsigned version;       /* for ETags */
};

struct bmc {
	const char *user, *password, *quirks_file;
	struct host hosts[SYSTEMS_MAX];
	size_t n_hosts;
	char *sessions[SESSIONS_MAX]; /* tokens */
	unsigned requests, busy_given;
	time_t quirks_changed;
	int log;
	pthread_mutex_t lock;
};

/* What is known of one request. */
struct request {
	struct bmc *bmc;
	struct MHD_Connection *connection;
	const char *method, *path;
	char body[BODY_MAX];
	size_t size;
	char reset[32], power[64], host[64];
};

/* ---- power ----------------------------------------------------------------------------------- */

static int hook_run(const struct host *h, const char *what)
{
	char *argv[] = { (char *)h->hook, (char *)h->id, (char *)what, NULL };
	int status = 0;
	pid_t pid;

	if (posix_spawn(&pid, h->hook, NULL, NULL, argv, environ) != 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void power_set(struct host *h, bool on)
{
	if (h->hook) {
		hook_run(h, on ? "on" : "off");
	} else if (h->state) {
		owned(fd) int fd = open(h->state, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

		(void)!write(fd, on ? "on\n" : "off\n", on ? 3 : 4);
	}
	h->on = on;
	h->version++;
}

/* The word of PowerState, or NULL for null. */
static const char *power_word(const struct host *h)
{
	char text[16];

	if (h->transition)
		return h->transition;
	if (h->lie)
		return "Off";
	if (h->state) {
		if (!file_text(h->state, text, sizeof(text)))
			return NULL;
		return strncmp(text, "on", 2) == 0    ? "On"
		       : strncmp(text, "off", 3) == 0 ? "Off"
						      : NULL;
	}
	if (h->hook) {
		int r = hook_run(h, "status");

		return r == 0 ? "On" : r == 2 ? "Off" : NULL;
	}
	return h->on ? "On" : "Off";
}

struct later {
	struct host *host;
	long off_ms, on_ms; /* negative: not at all */
};

static void *power_later(void *arg)
{
	struct later *l = arg;

	if (l->off_ms >= 0) {
		l->host->transition = l->off_ms ? "PoweringOff" : NULL;
		sleep_ms(l->off_ms);
		power_set(l->host, false);
		l->host->transition = NULL;
	}
	if (l->on_ms >= 0) {
		if (l->off_ms < 0)
			l->host->transition = "PoweringOn";
		sleep_ms(l->on_ms);
		power_set(l->host, true);
		l->host->transition = NULL;
	}
	free(l);
	return NULL;
}

static void power_after(struct host *h, long off_ms, long on_ms)
{
	struct later *l = own_new(struct later);
	pthread_t thread;

	*l = (struct later){ h, off_ms, on_ms };
	if (off_ms > 0)
		h->transition = "PoweringOff";
	if (off_ms < 0)
		h->transition = "PoweringOn";
	pthread_create(&thread, NULL, power_later, l);
	pthread_detach(thread);
}

static void power_reset(struct bmc *bmc, struct host *h, const char *type)
{
	long off_ms = quirk_number(bmc->quirks_file, "off_delay_ms"),
	     on_ms = quirk_number(bmc->quirks_file, "on_delay_ms");

	if (quirk_number(bmc->quirks_file, "stuck"))
		return;
	if (strcmp(type, "ForceOff") == 0) {
		h->lie = quirk_number(bmc->quirks_file, "lying_off");
		if (h->lie)
			return;
		if (off_ms)
			power_after(h, off_ms, -1);
		else
			power_set(h, false);
	} else if (strcmp(type, "On") == 0 || strcmp(type, "ForceOn") == 0) {
		h->lie = false;
		if (on_ms)
			power_after(h, -1, on_ms);
		else
			power_set(h, true);
	} else if (strcmp(type, "PowerCycle") == 0 || strcmp(type, "ForceRestart") == 0) {
		power_after(h, 50, 1500);
	} else if (strcmp(type, "Nmi") == 0 && h->hook) {
		hook_run(h, "nmi");
	}
}

/* ---- answers --------------------------------------------------------------------------------- */

static void log_request(const struct request *q, int status)
{
	struct timespec ts;
	owned(free) char *text = NULL, *line = NULL;
	json_t *o;

	if (q->bmc->log < 0)
		return;
	clock_gettime(CLOCK_BOOTTIME, &ts);
	o = json_pack("{s:I, s:s, s:s, s:i}", "t", (json_int_t)ts.tv_sec * 1000000000 + ts.tv_nsec,
		"method", q->method, "path", q->path, "status", status);
	if (q->host[0])
		json_object_set_new(o, "system", json_string(q->host));
	if (q->reset[0])
		json_object_set_new(o, "reset", json_string(q->reset));
	if (q->power[0])
		json_object_set_new(o, "power", json_string(q->power));
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	line = own_printf("%s\n", text ? text : "{}");
	(void)!write(q->bmc->log, line, strlen(line));
}

struct stream {
	char *text; /* owned */
	size_t size;
	bool endless;
};

/* One byte a second, or the same text for ever. */
static ssize_t on_stream(void *ctx, uint64_t at, char *to, size_t max)
{
	struct stream *s = ctx;

	if (s->endless) {
		memset(to, ' ', max);
		return (ssize_t)max;
	}
	if (at >= s->size)
		return MHD_CONTENT_READER_END_OF_STREAM;
	sleep_ms(1000);
	*to = s->text[at];
	return 1;
}

static void stream_free(void *ctx)
{
	free(((struct stream *)ctx)->text);
	free(ctx);
}

static struct MHD_Response *response_of(const struct request *q, const char *text)
{
	struct stream *s;

	if (!quirk_number(q->bmc->quirks_file, "trickle") &&
		!quirk_number(q->bmc->quirks_file, "huge"))
		return MHD_create_response_from_buffer(
			strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
	s = own_new(struct stream);
	s->text = own_string(text);
	s->size = strlen(text);
	s->endless = quirk_number(q->bmc->quirks_file, "huge");
	return MHD_create_response_from_callback(
		s->endless ? MHD_SIZE_UNKNOWN : s->size, 65536, on_stream, s, stream_free);
}

/* headers: pairs of strings, ended by NULL. */
static enum MHD_Result answer_text(const struct request *q, int status, const char *text, ...)
{
	struct MHD_Response *response = response_of(q, text);
	const char *name;
	enum MHD_Result r;
	va_list ap;

	MHD_add_response_header(response, "Content-Type", "application/json");
	MHD_add_response_header(response, "OData-Version", "4.0");
	va_start(ap, text);
	while ((name = va_arg(ap, const char *)))
		MHD_add_response_header(response, name, va_arg(ap, const char *));
	va_end(ap);
	log_request(q, status);
	r = MHD_queue_response(q->connection, (unsigned)status, response);
	MHD_destroy_response(response);
	return r;
}

static enum MHD_Result answer(const struct request *q, int status, json_t *body)
{
	owned(free) char *text = body ? json_dumps(body, JSON_COMPACT) : own_string("");

	json_decref(body);
	return answer_text(q, status, text, NULL);
}

static enum MHD_Result refuse(const struct request *q, int status, const char *id, const char *text)
{
	return answer(q, status,
		json_pack("{s:{s:s, s:s, s:[{s:s, s:s}]}}", "error", "code",
			"Base.1.8.GeneralError", "message", "See @Message.ExtendedInfo.",
			"@Message.ExtendedInfo", "MessageId", id, "Message", text));
}

/* ---- resources ------------------------------------------------------------------------------- */

static json_t *link_to(const char *format, ...)
{
	char path[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(path, sizeof(path), format, ap);
	va_end(ap);
	return json_pack("{s:s}", "@odata.id", path);
}

static enum MHD_Result get_root(struct request *q)
{
	return answer(q, 200,
		json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:{s:o}}", "@odata.id", "/redfish/v1/",
			"Id", "RootService", "RedfishVersion", "1.6.0", "Systems",
			link_to("/redfish/v1/Systems"), "SessionService",
			link_to("/redfish/v1/SessionService"), "AccountService",
			link_to("/redfish/v1/AccountService"), "Links", "Sessions",
			link_to("/redfish/v1/SessionService/Sessions")));
}

static enum MHD_Result get_systems(struct request *q)
{
	json_t *members = json_array();

	for (size_t i = 0; i < q->bmc->n_hosts; i++)
		json_array_append_new(
			members, link_to("/redfish/v1/Systems/%s", q->bmc->hosts[i].id));
	return answer(q, 200,
		json_pack("{s:s, s:s, s:I, s:o}", "@odata.id", "/redfish/v1/Systems", "@odata.type",
			"#ComputerSystemCollection.ComputerSystemCollection", "Members@odata.count",
			(json_int_t)json_array_size(members), "Members", members));
}

static json_t *resets_of(const struct bmc *bmc, const struct host *h)
{
	char text[256], *save = NULL;
	json_t *list = json_array();

	if (!quirk(bmc->quirks_file, "resets", text, sizeof(text)))
		snprintf(text, sizeof(text), "%s", h->resets);
	for (char *t = strtok_r(text, ":", &save); t; t = strtok_r(NULL, ":", &save))
		json_array_append_new(list, json_string(t));
	return list;
}

static json_t *reset_action(const struct bmc *bmc, const struct host *h)
{
	char target[128], info[128];
	json_t *action;

	snprintf(target, sizeof(target), "/redfish/v1/Systems/%s/Actions/ComputerSystem.Reset",
		h->id);
	action = json_pack("{s:s}", "target", target);
	if (quirk_number(bmc->quirks_file, "action_info")) {
		snprintf(info, sizeof(info), "/redfish/v1/Systems/%s/ResetActionInfo", h->id);
		json_object_set_new(action, "@Redfish.ActionInfo", json_string(info));
	} else if (!quirk_number(bmc->quirks_file, "no_allowable")) {
		json_object_set_new(action, "ResetType@Redfish.AllowableValues", resets_of(bmc, h));
	}
	return action;
}

static enum MHD_Result get_system(struct request *q, struct host *h)
{
	char path[128], etag[32], forced[64];
	const char *word = power_word(h);
	json_t *o;
	owned(free) char *text = NULL;

	if (quirk(q->bmc->quirks_file, "power_state", forced, sizeof(forced)))
		word = forced;
	snprintf(path, sizeof(path), "/redfish/v1/Systems/%s", h->id);
	snprintf(etag, sizeof(etag), "\"%u\"", h->version);
	snprintf(q->power, sizeof(q->power), "%s", word ? word : "null");
	snprintf(q->host, sizeof(q->host), "%s", h->id);
	o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:o}}", "@odata.id", path,
		"@odata.type", "#ComputerSystem.v1_13_0.ComputerSystem", "Id", h->id, "Name",
		"System", "UUID", h->uuid, "SerialNumber", h->serial, "HostName", h->name,
		"SystemType", h->type, "Actions", "#ComputerSystem.Reset", reset_action(q->bmc, h));
	if (!word || strcmp(word, "null") == 0)
		json_object_set_new(o, "PowerState", json_null());
	else if (strcmp(word, "missing") != 0)
		json_object_set_new(o, "PowerState", json_string(word));
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return answer_text(q, 200, text, "ETag", etag, NULL);
}

static enum MHD_Result get_action_info(struct request *q, struct host *h)
{
	return answer(q, 200,
		json_pack("{s:s, s:[{s:s, s:b, s:o}]}", "Id", "ResetActionInfo", "Parameters",
			"Name", "ResetType", "Required", 1, "AllowableValues",
			resets_of(q->bmc, h)));
}

static enum MHD_Result post_reset(struct request *q, struct host *h)
{
	json_t *body = json_loadb(q->body, q->size, 0, NULL);
	const char *type = json_string_value(json_object_get(body, "ResetType"));
	const char *if_match =
		MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, "If-Match");
	const char *word = power_word(h);
	long wanted = quirk_number(q->bmc->quirks_file, "if_match"),
	     status = quirk_number(q->bmc->quirks_file, "reset_status");
	char etag[32];

	snprintf(q->reset, sizeof(q->reset), "%s", type ? type : "none");
	snprintf(q->host, sizeof(q->host), "%s", h->id);
	json_decref(body);
	snprintf(etag, sizeof(etag), "\"%u\"", h->version);
	if (quirk_number(q->bmc->quirks_file, "read_only"))
		return refuse(
			q, 403, "Base.1.8.InsufficientPrivilege", "There are insufficient rights.");
	if (wanted && (!if_match || strcmp(if_match, etag) != 0))
		return refuse(
			q, (int)wanted, "Base.1.8.PreconditionFailed", "If-Match is required.");
	if (status)
		return refuse(q, (int)status, "Base.1.8.InternalError", "The request failed.");
	if (quirk_number(q->bmc->quirks_file, "refuse_same") && word &&
		(strcmp(word, "Off") == 0) == (strcmp(q->reset, "On") != 0))
		return refuse(q, 400, "iLO.2.8.InvalidOperationForSystemState",
			strcmp(word, "Off") == 0 ? "Power is off" : "Power is on");
	power_reset(q->bmc, h, q->reset);
	if (quirk_number(q->bmc->quirks_file, "tasks"))
		return answer(q, 202,
			json_pack("{s:s, s:s, s:s}", "@odata.id", "/redfish/v1/TaskService/Tasks/1",
				"Id", "1", "TaskState", "New"));
	return answer(q, quirk_number(q->bmc->quirks_file, "empty_200") ? 200 : 204, NULL);
}

static enum MHD_Result get_task(struct request *q)
{
	bool fails = quirk_number(q->bmc->quirks_file, "task_fails");

	return answer(q, 200,
		json_pack("{s:s, s:s, s:s, s:[{s:s}]}", "@odata.id",
			"/redfish/v1/TaskService/Tasks/1", "Id", "1", "TaskState",
			fails ? "Exception" : "Completed", "Messages", "Message",
			fails ? "The host did not react." : "Done."));
}

static enum MHD_Result get_accounts(struct request *q)
{
	return answer(q, 200,
		json_pack("{s:[o]}", "Members", link_to("/redfish/v1/AccountService/Accounts/1")));
}

static enum MHD_Result get_account(struct request *q)
{
	return answer(q, 200,
		json_pack("{s:s, s:s, s:s}", "Id", "1", "UserName", q->bmc->user, "RoleId",
			quirk_number(q->bmc->quirks_file, "read_only") ? "ReadOnly"
								       : "Administrator"));
}

/* ---- sessions -------------------------------------------------------------------------------- */

static enum MHD_Result post_session(struct request *q)
{
	json_t *body = json_loadb(q->body, q->size, 0, NULL);
	const char *user = json_string_value(json_object_get(body, "UserName"));
	const char *password = json_string_value(json_object_get(body, "Password"));
	bool good = user && password && strcmp(user, q->bmc->user) == 0 &&
		    strcmp(password, q->bmc->password) == 0 &&
		    !quirk_number(q->bmc->quirks_file, "deny");
	long max = quirk_number(q->bmc->quirks_file, "sessions_max");
	char location[128], token[64], text[256];
	size_t i = 0;

	json_decref(body);
	if (!good)
		return refuse(q, 401, "Base.1.8.ResourceAtUriUnauthorized", "Wrong credentials.");
	while (i < SESSIONS_MAX && q->bmc->sessions[i])
		i++;
	if (i >= (max ? (size_t)max : SESSIONS_MAX))
		return refuse(q, 503, "Base.1.8.SessionLimitExceeded", "Too many sessions.");
	snprintf(token, sizeof(token), "token-%zu-%u", i, q->bmc->requests);
	q->bmc->sessions[i] = own_string(token);
	snprintf(location, sizeof(location), "/redfish/v1/SessionService/Sessions/%zu", i);
	snprintf(text, sizeof(text), "{\"@odata.id\":\"%s\",\"Id\":\"%zu\"}", location, i);
	return answer_text(q, 201, text, "Location", location, "X-Auth-Token", token, NULL);
}

static enum MHD_Result delete_session(struct request *q, const char *id)
{
	size_t i = strtoul(id, NULL, 10);

	if (i >= SESSIONS_MAX || !q->bmc->sessions[i])
		return refuse(q, 404, "Base.1.8.ResourceMissingAtURI", "No such session.");
	free(give(q->bmc->sessions[i]));
	return answer(q, 204, NULL);
}

static bool authorized(struct request *q)
{
	const char *token =
		MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, "X-Auth-Token");
	char *password = NULL, *user;
	bool good = false;

	if (quirk_number(q->bmc->quirks_file, "deny"))
		return false;
	for (size_t i = 0; token && i < SESSIONS_MAX; i++)
		good = good || (q->bmc->sessions[i] && strcmp(q->bmc->sessions[i], token) == 0);
	if (good || quirk_number(q->bmc->quirks_file, "session_only"))
		return good;
	user = MHD_basic_auth_get_username_password(q->connection, &password);
	good = user && password && strcmp(user, q->bmc->user) == 0 &&
	       strcmp(password, q->bmc->password) == 0;
	MHD_free(user);
	MHD_free(password);
	return good;
}

/* ---- routing --------------------------------------------------------------------------------- */

static enum MHD_Result route_system(struct request *q, const char *rest)
{
	bool get = strcmp(q->method, "GET") == 0;

	for (size_t i = 0; i < q->bmc->n_hosts; i++) {
		struct host *h = &q->bmc->hosts[i];
		size_t n = strlen(h->id);

		if (strncmp(rest, h->id, n) != 0 || (rest[n] && rest[n] != '/'))
			continue;
		if (get && (!rest[n] || !rest[n + 1]))
			return get_system(q, h);
		if (get && strcmp(rest + n, "/ResetActionInfo") == 0)
			return get_action_info(q, h);
		if (!get && strcmp(rest + n, "/Actions/ComputerSystem.Reset") == 0)
			return post_reset(q, h);
	}
	return refuse(q, 404, "Base.1.8.ResourceMissingAtURI", "No such system.");
}

static enum MHD_Result route(struct request *q)
{
	static const char systems[] = "/redfish/v1/Systems/";
	static const char sessions[] = "/redfish/v1/SessionService/Sessions";
	bool get = strcmp(q->method, "GET") == 0 || strcmp(q->method, "HEAD") == 0;
	char path[256];
	size_t n;

	snprintf(path, sizeof(path), "%s", q->path);
	n = strlen(path);
	if (n > 1 && path[n - 1] == '/')
		path[n - 1] = 0;
	if (get && strcmp(path, "/redfish") == 0)
		return answer(q, 200, json_pack("{s:s}", "v1", "/redfish/v1/"));
	if (get && strcmp(path, "/redfish/v1") == 0)
		return get_root(q);
	if (!get && strcmp(path, sessions) == 0)
		return post_session(q);
	if (!authorized(q))
		return refuse(q, 401, "Base.1.8.NoValidSession", "There is no valid session.");
	if (strcmp(q->method, "DELETE") == 0 && strncmp(path, sessions, sizeof(sessions) - 1) == 0)
		return delete_session(q, path + sizeof(sessions));
	if (get && strcmp(path, "/redfish/v1/Systems") == 0)
		return get_systems(q);
	if (strncmp(path, systems, sizeof(systems) - 1) == 0)
		return route_system(q, path + sizeof(systems) - 1);
	if (get && strcmp(path, "/redfish/v1/TaskService/Tasks/1") == 0)
		return get_task(q);
	if (get && strcmp(path, "/redfish/v1/AccountService/Accounts") == 0)
		return get_accounts(q);
	if (get && strcmp(path, "/redfish/v1/AccountService/Accounts/1") == 0)
		return get_account(q);
	return refuse(q, 404, "Base.1.8.ResourceMissingAtURI", "No such resource.");
}

/* ---- faults of the whole service --------------------------------------------------------------
 */

static unsigned count_request(struct bmc *bmc, bool *ret_busy)
{
	struct stat st = { 0 };
	unsigned n;

	pthread_mutex_lock(&bmc->lock);
	n = ++bmc->requests;
	if (bmc->quirks_file && stat(bmc->quirks_file, &st) == 0 && st.st_ino &&
		(time_t)(st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000) !=
			bmc->quirks_changed) {
		bmc->quirks_changed =
			(time_t)(st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
		bmc->busy_given = 0;
	}
	*ret_busy = bmc->busy_given < (unsigned)quirk_number(bmc->quirks_file, "busy");
	bmc->busy_given += *ret_busy;
	pthread_mutex_unlock(&bmc->lock);
	return n;
}

static enum MHD_Result faulty(struct request *q)
{
	struct bmc *bmc = q->bmc;
	char value[128];
	bool busy;
	unsigned n = count_request(bmc, &busy);
	long every = quirk_number(bmc->quirks_file, "drop_every");

	sleep_ms(quirk_number(bmc->quirks_file, "slow_ms"));
	while (quirk_number(bmc->quirks_file, "mute"))
		sleep_ms(50);
	if (every && n % (unsigned)every == 0) {
		log_request(q, 0);
		return MHD_NO;
	}
	if (busy && !quirk(bmc->quirks_file, "busy_after", value, sizeof(value)))
		return answer_text(q, 503, "", NULL);
	if (busy)
		return answer_text(q, 503, "", "Retry-After", value, NULL);
	if (quirk_number(bmc->quirks_file, "status"))
		return refuse(q, (int)quirk_number(bmc->quirks_file, "status"),
			"Base.1.8.InternalError", "Broken.");
	if (quirk(bmc->quirks_file, "redirect", value, sizeof(value)))
		return answer_text(q, 307, "", "Location", value, NULL);
	if (quirk_number(bmc->quirks_file, "moved")) {
		if (strncmp(q->path, "/moved", 6) != 0) {
			snprintf(value, sizeof(value), "/moved%s", q->path);
			return answer_text(q, 308, "", "Location", value, NULL);
		}
		q->path += 6;
	}
	if (quirk(bmc->quirks_file, "body", value, sizeof(value)))
		return answer_text(q, 200, value, NULL);
	return route(q);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **state)
{
	struct request *q = *state;
	size_t n;

	if (!q) {
		q = own_new(struct request);
		q->bmc = ctx;
		q->connection = connection;
		*state = q;
		return MHD_YES;
	}
	q->method = method;
	q->path = url;
	if (!*size)
		return faulty(q);
	n = *size < sizeof(q->body) - q->size ? *size : sizeof(q->body) - q->size;
	memcpy(q->body + q->size, data, n);
	q->size += n;
	*size = 0;
	return MHD_YES;
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode why)
{
	free(*state);
	*state = NULL;
}

/* ---- command line ---------------------------------------------------------------------------- */

__attribute__((noreturn)) static void usage(int status)
{
	fputs("redfish_bmc: a simulated management controller (Redfish over HTTPS)\n"
	      "  --listen ADDRESS:PORT   default 127.0.0.1:0; port 0 takes a free one\n"
	      "  --port-file FILE        write the port there when ready\n"
	      "  --cert FILE --key FILE  PEM\n"
	      "  --user NAME --password TEXT\n"
	      "  --log FILE              append one JSON line per request: t (CLOCK_BOOTTIME ns),\n"
	      "                          method, path, status, and system, reset, power where it "
	      "applies\n"
	      "  --quirks FILE           name=value lines, read anew for each request:\n"
	      "     slow_ms mute drop_every busy busy_after status redirect moved body trickle "
	      "huge\n"
	      "     deny session_only sessions_max read_only tasks task_fails if_match (412 or "
	      "428)\n"
	      "     action_info no_allowable resets (a:b:c) reset_status refuse_same empty_200\n"
	      "     stuck lying_off off_delay_ms on_delay_ms power_state (a word, null or "
	      "missing)\n"
	      "  --system KEY=VALUE,...  repeatable; keys id uuid serial host type hook state "
	      "resets\n"
	      "     hook  PROGRAM, called as PROGRAM ID on|off|nmi|status (status: 0 on, 2 off)\n"
	      "     state FILE that holds \"on\" or \"off\"; written here only if there is no "
	      "hook\n",
		status ? stderr : stdout);
	exit(status);
}

static void take_system(struct bmc *bmc, char *text)
{
	struct host *h = &bmc->hosts[bmc->n_hosts++];

	if (bmc->n_hosts > SYSTEMS_MAX)
		usage(2);
	*h = (struct host){
		.id = "1",
		.uuid = "00000000-0000-4000-8000-000000000001",
		.serial = "S1",
		.name = "",
		.type = "Physical",
		.on = true,
		.resets = "On:ForceOff:GracefulShutdown:ForceRestart:PowerCycle:Nmi:PushPowerButton"
	};
	while (*text) {
		static const char *const names[] = { "id", "uuid", "serial", "host", "type", "hook",
			"state", "resets", NULL };
		const char **const slots[] = { &h->id, &h->uuid, &h->serial, &h->name, &h->type,
			&h->hook, &h->state, &h->resets };
		char *value = NULL;
		int i = getsubopt(&text, (char *const *)names, &value);

		if (i < 0 || !value)
			usage(2);
		*slots[i] = value;
	}
}

static int listen_at(char *text, const char *port_file)
{
	char *colon = strrchr(text, ':'), port[16];
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST },
			*list = NULL;
	struct sockaddr_storage at;
	socklen_t size = sizeof(at);
	int fd, one = 1;
	FILE *f;

	if (!colon)
		usage(2);
	*colon = 0;
	if (*text == '[' && colon[-1] == ']')
		colon[-1] = 0, text++;
	if (getaddrinfo(text, colon + 1, &hints, &list) != 0)
		return -1;
	fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, list->ai_addr, list->ai_addrlen) < 0 || listen(fd, 64) < 0)
		return -1;
	freeaddrinfo(list);
	getsockname(fd, (struct sockaddr *)&at, &size);
	getnameinfo((struct sockaddr *)&at, size, NULL, 0, port, sizeof(port), NI_NUMERICSERV);
	f = port_file ? fopen(port_file, "we") : NULL;
	if (f) {
		fprintf(f, "%s\n", port);
		fclose(f);
	}
	return fd;
}

enum { LISTEN, PORT_FILE, CERT, KEY, USER, PASSWORD, LOG, QUIRKS, N_TEXTS, SYSTEM, HELP };

int main(int argc, char **argv)
{
	static const struct option options[] = { { "listen", 1, NULL, LISTEN },
		{ "port-file", 1, NULL, PORT_FILE }, { "cert", 1, NULL, CERT },
		{ "key", 1, NULL, KEY }, { "user", 1, NULL, USER },
		{ "password", 1, NULL, PASSWORD }, { "log", 1, NULL, LOG },
		{ "quirks", 1, NULL, QUIRKS }, { "system", 1, NULL, SYSTEM },
		{ "help", 0, NULL, HELP }, { 0 } };
	char cert[16384] = "", key[16384] = "", none[] = "id=1", at[] = "127.0.0.1:0";
	char *texts[N_TEXTS] = { [LISTEN] = at };
	struct bmc bmc = { .log = -1, .lock = PTHREAD_MUTEX_INITIALIZER };
	struct MHD_Daemon *daemon;
	sigset_t set;
	int c, fd;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == SYSTEM)
			take_system(&bmc, optarg);
		else if (c >= N_TEXTS)
			usage(c == HELP ? 0 : 2);
		else
			texts[c] = optarg;
	}
	bmc.user = texts[USER] ? texts[USER] : "admin";
	bmc.password = texts[PASSWORD] ? texts[PASSWORD] : "secret";
	bmc.quirks_file = texts[QUIRKS];
	if (!file_text(texts[CERT], cert, sizeof(cert)) || !file_text(texts[KEY], key, sizeof(key)))
		usage(2);
	if (!bmc.n_hosts)
		take_system(&bmc, none);
	if (texts[LOG])
		bmc.log = open(texts[LOG], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = listen_at(texts[LISTEN], texts[PORT_FILE]);
	if (fd < 0) {
		perror("redfish_bmc: listen");
		return 1;
	}
	daemon = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
					  MHD_USE_TLS | MHD_USE_ERROR_LOG,
		0, NULL, NULL, on_request, &bmc, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_HTTPS_MEM_CERT, cert, MHD_OPTION_HTTPS_MEM_KEY, key,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
	if (!daemon) {
		fputs("redfish_bmc: cannot start (certificate and key?)\n", stderr);
		return 1;
	}
	sigwait(&set, &c);
	_exit(0); /* a mute request would keep its thread for ever */
}
