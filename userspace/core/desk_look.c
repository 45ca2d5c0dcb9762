/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the desk tells: slices of the status, the configuration and its past, audit, tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "core/compare.h"
#include "core/desk_inside.h"
#include "core/exporter.h"
#include "core/model/value.h"
#include "core/openapi.h"

#define AUDIT_SHOWN 100

static void good_tagged(struct desk *d, struct desk_case *of, json_t *json, const char *text)
{
	owned(free) char *etag = own_printf("%llu", (unsigned long long)d->office->revision);
	struct desk_reply reply = { .status = 200, .json = json, .text = text, .etag = etag };

	if (text)
		reply.type = "application/yaml; charset=utf-8";
	if (*of->if_none_match && strstr(of->if_none_match, etag) &&
		strlen(of->if_none_match) == strlen(etag) + 2) {
		json_decref(json);
		reply = (struct desk_reply){ .status = 304, .etag = etag, .text = "" };
	}
	desk_say(d, of, &reply);
}

/* ---- from the status
 * ------------------------------------------------------------------------------ */

static json_t *named(json_t *list, const char *name)
{
	size_t i;
	json_t *v;

	json_array_foreach (list, i, v) {
		const char *is = json_string_value(json_object_get(v, "name"));

		if (is && !strcmp(is, name))
			return v;
	}
	return NULL;
}

/* A beat that was answered renewed the lease for this controller's part: the youngest one counts.
 */
static json_t *lease_json(struct desk *d, json_t *node, json_t *status)
{
	json_t *link, *age, *life = json_object_get(status, "lease_ms");
	const char *state = json_string_value(json_object_get(node, "state"));
	double youngest = -1;
	json_t *lease = json_pack("{s:O, s:O, s:b}", "node", json_object_get(node, "name"),
		"incarnation", json_object_get(node, "incarnation"), "granted",
		json_is_true(json_object_get(status, "granting")) && state &&
			(!strcmp(state, "online") || !strcmp(state, "suspected")));
	size_t l;

	json_array_foreach (json_object_get(node, "links"), l, link) {
		json_t *cell = json_object();

		if (d->handler.on_link)
			d->handler.on_link(d->ctx,
				(uint32_t)json_integer_value(json_object_get(node, "id")),
				(unsigned)l, cell);
		age = json_object_get(cell, "age_ms");
		if (age && (youngest < 0 || json_number_value(age) < youngest))
			youngest = json_number_value(age);
		json_decref(cell);
	}
	if (youngest < 0)
		return lease;
	json_object_set_new(lease, "heard_ms_ago", json_real(youngest));
	if (life && json_is_true(json_object_get(lease, "granted")))
		json_object_set_new(lease, "ends_in_ms",
			json_real(json_number_value(life) > youngest
					  ? json_number_value(life) - youngest
					  : 0));
	return lease;
}

static json_t *leases_json(struct desk *d, json_t *status)
{
	json_t *list = json_array(), *node;
	size_t i;

	json_array_foreach (json_object_get(status, "nodes"), i, node)
		json_array_append_new(list, lease_json(d, node, status));
	return json_pack("{s:O, s:b, s:O*, s:o}", "controller",
		json_object_get(status, "controller"), "granting",
		json_is_true(json_object_get(status, "granting")), "lease_ms",
		json_object_get(status, "lease_ms"), "leases", list);
}

static json_t *links_json(struct desk *d, json_t *status)
{
	json_t *nodes = json_array(), *controllers = json_array(), *node, *link, *list;
	const char *self = json_string_value(json_object_get(status, "controller"));
	json_t *silence = json_object_get(status, "silence_ms");
	size_t i, l;

	json_array_foreach (json_object_get(status, "controllers"), i, node)
		json_array_append(controllers, json_object_get(node, "name"));
	if (!json_array_size(controllers))
		json_array_append_new(controllers, json_string(self));
	json_array_foreach (json_object_get(status, "nodes"), i, node) {
		list = json_array();
		json_array_foreach (json_object_get(node, "links"), l, link) {
			json_t *by = json_object(), *all = json_object_get(link, "by"), *state;
			json_t *cell = json_pack("{s:O}", "state", json_object_get(link, "state"));
			const char *name;

			json_object_foreach (all, name, state)
				json_object_set_new(by, name, json_pack("{s:O}", "state", state));
			if (!json_object_get(by, self))
				json_object_set_new(by, self, cell);
			else
				json_decref(cell);
			if (d->handler.on_link)
				d->handler.on_link(d->ctx,
					(uint32_t)json_integer_value(json_object_get(node, "id")),
					(unsigned)l, json_object_get(by, self));
			json_array_append_new(
				list, json_pack("{s:i, s:o}", "link", (int)l, "by", by));
		}
		json_array_append_new(nodes, json_pack("{s:O, s:o}", "name",
						     json_object_get(node, "name"), "links", list));
	}
	return json_pack("{s:o, s:o, s:O*}", "controllers", controllers, "nodes", nodes,
		"silence_ms", silence);
}

static json_t *transitions_json(json_t *status, json_t *events)
{
	json_t *failovers = json_array(), *e;
	size_t i;

	json_array_foreach (json_object_get(events, "events"), i, e) {
		const char *kind = json_string_value(json_object_get(e, "kind"));

		if (kind && !strcmp(kind, "failover"))
			json_array_append(failovers, e);
	}
	return json_pack("{s:O, s:o}", "actions", json_object_get(status, "actions"), "failovers",
		failovers);
}

static json_t *job_json(json_t *job, json_t *status)
{
	json_int_t left = (json_int_t)json_array_size(json_object_get(status, "actions"));
	json_int_t total = json_integer_value(json_object_get(job, "total"));

	if (!strcmp(json_string_value(json_object_get(job, "state")), "done"))
		return json_incref(job);
	if (left > total)
		json_object_set_new(job, "total", json_integer(total = left));
	json_object_set_new(job, "left", json_integer(left));
	json_object_set_new(job, "progress",
		json_real(total  ? (double)(total - left) / (double)total
			  : left ? 0.0
				 : 1.0));
	if (!left)
		json_object_set_new(job, "state", json_string("done"));
	return json_incref(job);
}

json_t *desk_job_add(struct desk *d, const struct desk_case *of)
{
	char id[24];

	snprintf(id, sizeof(id), "%llu-%llu", (unsigned long long)d->now_ms,
		(unsigned long long)++d->job);
	json_array_append_new(
		d->jobs, json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:i, s:i, s:f}", "id", id,
				 "what", of->match.route->id, "path", of->path, "user",
				 of->who.user, "started_ms", (json_int_t)d->now_ms, "state",
				 "running", "total", 0, "left", 0, "progress", 0.0));
	if (json_array_size(d->jobs) > DESK_JOBS_MAX)
		json_array_remove(d->jobs, 0);
	return json_array_get(d->jobs, json_array_size(d->jobs) - 1);
}

static json_t *job_find(struct desk *d, const char *id)
{
	size_t i;
	json_t *job;

	json_array_foreach (d->jobs, i, job)
		if (!strcmp(json_string_value(json_object_get(job, "id")), id))
			return job;
	return NULL;
}

static void then_event_slices(
	struct desk *d, struct desk_case *of, unsigned status, json_t *json, const char *text)
{
	json_t *answer = transitions_json(of->gathered, json);

	json_decref(json);
	desk_good(d, of, answer);
}

static json_t *jobs_json(struct desk *d, json_t *status)
{
	json_t *list = json_array(), *job;
	size_t i;

	json_array_foreach (d->jobs, i, job)
		json_array_append_new(list, job_json(job, status));
	return json_pack("{s:o}", "jobs", list);
}

static void exporter_say(struct desk *d, struct desk_case *of, json_t *status)
{
	owned(free) char *text = exporter_ha_cluster(status);
	struct desk_reply reply = {
		.status = 200, .text = text, .type = "text/plain; version=0.0.4; charset=utf-8"
	};

	json_decref(status);
	desk_say(d, of, &reply);
}

static void then_status(
	struct desk *d, struct desk_case *of, unsigned status, json_t *json, const char *text)
{
	const char *id = of->match.route->id, *name = of->match.argument[0];
	json_t *answer = NULL, *of_this;

	if (status != 200 || !strcmp(id, "status")) {
		desk_finish(d, of, status, json, text);
		return;
	}
	if (!strcmp(id, "metrics")) {
		exporter_say(d, of, json);
		return;
	}
	if (!strcmp(id, "actions")) {
		of->gathered = json;
		desk_pass_on(d, of, "GET", "/v1/events", "", of->query, then_event_slices);
		return;
	}
	if (!strcmp(id, "nodes") || !strcmp(id, "resources"))
		answer = json_pack("{s:O}", id, json_object_get(json, id));
	else if (!strcmp(id, "controllers"))
		answer = json_pack("{s:O*, s:O, s:O*}", id, json_object_get(json, id), "leader",
			json_object_get(json, "leader"), "voters_wait",
			json_object_get(json, "voters_wait"));
	else if (!strcmp(id, "links"))
		answer = links_json(d, json);
	else if (!strcmp(id, "leases"))
		answer = leases_json(d, json);
	else if (!strcmp(id, "jobs"))
		answer = jobs_json(d, json);
	else if (!strcmp(id, "job"))
		answer = job_find(d, name) ? job_json(job_find(d, name), json) : NULL;
	else if ((of_this = named(
			  json_object_get(json, !strcmp(id, "node") ? "nodes" : "resources"),
			  name)))
		answer = json_incref(of_this);
	json_decref(json);
	if (answer)
		desk_good(d, of, answer);
	else
		desk_problem(d, of, 404, "There is none of that name", name, NULL);
}

/* ---- from the configuration
 * ----------------------------------------------------------------------- */

void desk_redact(json_t *value)
{
	const char *key;
	size_t i;
	json_t *v;
	void *next;

	json_array_foreach (value, i, v)
		desk_redact(v);
	if (!json_is_object(value))
		return;
	json_object_foreach_safe(value, next, key, v)
	{
		if (value_is_secret(key) && json_is_string(v))
			json_object_set_new(value, key, json_string("********"));
		else
			desk_redact(v);
	}
}

static json_t *fencing_json(json_t *root, json_t *status)
{
	json_t *fencing = json_object_get(root, "fencing"), *devices = json_array(),
	       *nodes = json_object(), *v, *levels, *params;
	const char *name;
	size_t i;

	json_object_foreach (json_object_get(fencing, "devices"), name, v) {
		params = json_object_get(v, "params");
		params = params ? json_deep_copy(params) : json_object();
		desk_redact(params);
		json_array_append_new(
			devices, json_pack("{s:s, s:O*, s:o, s:o}", "name", name, "agent",
					 json_object_get(v, "agent"), "targets",
					 json_object_get(v, "targets")
						 ? json_incref(json_object_get(v, "targets"))
						 : json_array(),
					 "params", params));
	}
	json_array_foreach (json_object_get(status, "nodes"), i, v) {
		name = json_string_value(json_object_get(v, "name"));
		levels = json_object_get(json_object_get(fencing, "topology"), name);
		json_object_set_new(nodes, name,
			json_pack("{s:O, s:O*, s:O*, s:O*, s:o}", "state",
				json_object_get(v, "state"), "proof", json_object_get(v, "proof"),
				"why", json_object_get(v, "why"), "tests",
				json_object_get(v, "fence_tests"), "levels",
				levels ? json_incref(levels) : json_array()));
	}
	return json_pack("{s:o, s:o}", "devices", devices, "nodes", nodes);
}

static void then_fencing(
	struct desk *d, struct desk_case *of, unsigned status, json_t *json, const char *text)
{
	json_t *answer;

	if (status != 200) {
		desk_finish(d, of, status, json, text);
		return;
	}
	answer = fencing_json(of->gathered, json);
	json_decref(json);
	desk_good(d, of, answer);
}

static void then_root(
	struct desk *d, struct desk_case *of, unsigned status, json_t *json, const char *text)
{
	json_t *rules;

	if (status != 200) {
		desk_finish(d, of, status, json, text);
	} else if (!strcmp(of->match.route->id, "fencing")) {
		of->gathered = json;
		desk_pass_on(d, of, "GET", "/v1/status", "", of->query, then_fencing);
	} else if (!strcmp(of->match.route->id, "constraints")) {
		rules = json_object_get(json, "constraints");
		rules = json_pack(
			"{s:o}", "constraints", rules ? json_incref(rules) : json_array());
		json_decref(json);
		desk_good(d, of, rules);
	} else {
		json_t *copy = json_deep_copy(json);

		json_decref(json);
		if (!(of->who.rights & ROUTE_ADMIN))
			desk_redact(copy);
		good_tagged(d, of, copy, NULL);
	}
}

static void look_configuration(struct desk *d, struct desk_case *of)
{
	const char *format = desk_query(of, "format"), *number = desk_query(of, "revision");
	json_t *r = office_revision(d->office, number ? strtoull(number, NULL, 10) : 0);
	bool text = (format && !strcmp(format, "text")) || number;

	if (!text)
		desk_pass_on(d, of, "GET", "/v1/configuration", "", of->query, then_root);
	else if (!(of->who.rights & ROUTE_ADMIN))
		desk_problem(d, of, 403, "That is not allowed",
			"The text as it was written may hold secrets: an administrator may read "
			"it. Without format=text, it is told without them.",
			NULL);
	else if (r)
		good_tagged(d, of, NULL, json_string_value(json_object_get(r, "text")));
	else if (number)
		desk_problem(d, of, 404, "That revision is not kept",
			"/v1/configuration/history lists those that are.", NULL);
	else
		good_tagged(d, of, NULL, "");
}

static void look_history(struct desk *d, struct desk_case *of)
{
	json_t *list = json_array(), *r;
	size_t i;

	json_array_foreach (d->office->revisions, i, r)
		json_array_insert_new(list, 0,
			json_pack("{s:O, s:O*, s:O*, s:O*, s:I}", "revision",
				json_object_get(r, "revision"), "at_ms",
				json_object_get(r, "at_ms"), "user", json_object_get(r, "user"),
				"name", json_object_get(r, "name"), "bytes",
				(json_int_t)json_string_length(json_object_get(r, "text"))));
	desk_good(d, of, json_pack("{s:o}", "revisions", list));
}

static void look_diff(struct desk *d, struct desk_case *of)
{
	const char *from = desk_query(of, "from"), *to = desk_query(of, "to");
	json_t *a = office_revision(d->office, from ? strtoull(from, NULL, 10) : 0);
	json_t *b = office_revision(d->office, to ? strtoull(to, NULL, 10) : 0);

	if (!(of->who.rights & ROUTE_ADMIN))
		desk_problem(d, of, 403, "That is not allowed",
			"Texts of configurations may hold secrets: an administrator may read them.",
			NULL);
	else if (!a || !b)
		desk_problem(d, of, 404, "That revision is not kept",
			"/v1/configuration/history lists those that are.", NULL);
	else
		desk_good(d, of,
			json_pack("{s:O, s:O, s:o}", "from", json_object_get(a, "revision"), "to",
				json_object_get(b, "revision"), "lines",
				compare_lines(json_string_value(json_object_get(a, "text")),
					json_string_value(json_object_get(b, "text")), 3)));
}

/* ---- of our own
 * ----------------------------------------------------------------------------------- */

static void look_whoami(struct desk *d, struct desk_case *of)
{
	json_t *rights = json_array();

	for (unsigned r = ROUTE_READ; r <= ROUTE_ADMIN; r <<= 1)
		if (of->who.rights & r)
			json_array_append_new(rights, json_string(warden_right_name(r)));
	desk_good(d, of,
		json_pack("{s:s, s:o, s:O*, s:s, s:s}", "user", of->who.user, "rights", rights,
			"scope", of->who.scope, "controller", d->name, "version", d->version));
}

static void look_authority(struct desk *d, struct desk_case *of)
{
	json_t *answer = NULL;

	if (d->handler.on_join(d->ctx, NULL, false, NULL, of, &answer) == 200)
		desk_good(d, of, answer);
	else
		desk_problem(d, of, 404, "No CA here", "", NULL);
}

static void look_audit(struct desk *d, struct desk_case *of)
{
	const char *asked = desk_query(of, "limit");
	size_t n = json_array_size(d->office->records), i;
	size_t limit = asked ? strtoul(asked, NULL, 10) : AUDIT_SHOWN;
	json_t *list = json_array(), *answer;
	uint64_t broken = 0;
	bool intact = office_intact(d->office, &broken);

	for (i = limit < n ? n - limit : 0; i < n; i++)
		json_array_append(list, json_array_get(d->office->records, i));
	answer = json_pack("{s:b, s:I, s:s, s:s, s:o}", "intact", intact, "count",
		(json_int_t)d->office->count, "head", d->office->head, "base", d->office->base,
		"records", list);
	if (!intact)
		json_object_set_new(answer, "broken_at", json_integer((json_int_t)broken));
	desk_good(d, of, answer);
}

static void look_tokens(struct desk *d, struct desk_case *of)
{
	json_t *list = json_array(), *token, *shown;
	const char *id;

	json_object_foreach (d->office->tokens, id, token) {
		shown = json_copy(token);
		json_object_del(shown, "hash");
		json_object_set_new(shown, "id", json_string(id));
		json_array_append_new(list, shown);
	}
	desk_good(d, of, json_pack("{s:o}", "tokens", list));
}

static void look_backup(struct desk *d, struct desk_case *of)
{
	json_t *r = office_revision(d->office, 0);

	desk_good(d, of,
		json_pack("{s:i, s:I, s:I, s:O*, s:O}", "schema", 1, "at_ms", (json_int_t)d->now_ms,
			"revision", (json_int_t)d->office->revision, "configuration",
			json_object_get(r, "text"), "tokens", d->office->tokens));
}

static void look_openapi(struct desk *d, struct desk_case *of)
{
	if (!d->openapi)
		d->openapi = openapi_new(d->schemas, d->version);
	desk_good(d, of, json_incref(d->openapi));
}

static void look_status(struct desk *d, struct desk_case *of)
{
	desk_pass_on(d, of, "GET", "/v1/status", "", of->query, then_status);
}

static void look_root(struct desk *d, struct desk_case *of)
{
	desk_pass_on(d, of, "GET", "/v1/configuration", "", of->query, then_root);
}

static void look_director(struct desk *d, struct desk_case *of)
{
	desk_pass_on(d, of, of->method, of->path, of->text, of->query, desk_finish);
}

static void look_metrics(struct desk *d, struct desk_case *of)
{
	const char *names = desk_query(of, "names");

	if (names && !strcmp(names, "ha_cluster"))
		look_status(d, of);
	else
		look_director(d, of);
}

bool desk_look(struct desk *d, struct desk_case *of)
{
	static const struct {
		const char *id;
		void (*look)(struct desk *d, struct desk_case *of);
	} rows[] = {
		{ "healthz", look_director },
		{ "readyz", look_director },
		{ "events", look_director },
		{ "whatif", look_director },
		{ "model", look_director },
		{ "tickets", look_director },
		{ "authorityRotation", look_director },
		{ "metrics", look_metrics },
		{ "openapi", look_openapi },
		{ "whoami", look_whoami },
		{ "authority", look_authority },
		{ "status", look_status },
		{ "nodes", look_status },
		{ "node", look_status },
		{ "links", look_status },
		{ "leases", look_status },
		{ "controllers", look_status },
		{ "resources", look_status },
		{ "resource", look_status },
		{ "actions", look_status },
		{ "jobs", look_status },
		{ "job", look_status },
		{ "constraints", look_root },
		{ "fencing", look_root },
		{ "configuration", look_configuration },
		{ "configurationHistory", look_history },
		{ "configurationDiff", look_diff },
		{ "audit", look_audit },
		{ "tokens", look_tokens },
		{ "backup", look_backup },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].id, of->match.route->id)) {
			rows[i].look(d, of);
			return true;
		}
	return false;
}
