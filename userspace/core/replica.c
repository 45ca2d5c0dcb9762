/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/member.h"
#include "core/replica.h"

/* A write on its way: first the leader takes it (serial), then our copy catches up. */
struct errand {
	json_t *message;
	bool accepted, forgotten;
	uint64_t serial; /* from which on it is to be seen */
	char *denied;
};

struct replica {
	char *node, *prefix;
	uint64_t serial, last_id;
	json_t *attributes; /* key -> {store, node, set, name, value} */
	json_t *nodes, *resources, *planned, *failures;
	bool quorate;
	struct errand *errands;
	size_t n, cap;
};

static const char *const stores[] = { "transient", "permanent", "private", "utilization",
	"property", "resource-utilization" };

struct replica *replica_new(const char *node, const char *prefix)
{
	struct replica *r = own_new(struct replica);

	r->node = own_string(node);
	r->prefix = own_string(prefix);
	r->attributes = json_object();
	r->nodes = json_array();
	r->resources = json_array();
	r->planned = json_array();
	r->failures = json_array();
	return r;
}

static void errand_done(struct errand *errand)
{
	json_decref(errand->message);
	free(errand->denied);
}

void replica_free(struct replica *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		errand_done(&r->errands[i]);
	free(r->errands);
	json_decref(r->attributes);
	json_decref(r->nodes);
	json_decref(r->resources);
	json_decref(r->planned);
	json_decref(r->failures);
	free(r->node);
	free(r->prefix);
	free(r);
}

static bool is(json_t *object, const char *key, const char *value)
{
	return !strcmp(member_text(object, key), value);
}

/* ---- attributes ------------------------------------------------------------------------------ */

static char *key_of(json_t *a)
{
	return own_printf("%s\n%s\n%s\n%s", member_text(a, "store"), member_text(a, "node"),
		member_text(a, "set"), member_text(a, "name"));
}

static void put(json_t *attributes, json_t *a)
{
	owned(free) char *key = key_of(a);
	json_t *value = json_object_get(a, "value");

	if (!value || json_is_null(value))
		json_object_del(attributes, key);
	else
		json_object_set(attributes, key, a);
}

/* What the leader told, and over it what we have written since. */
static json_t *seen(const struct replica *r)
{
	json_t *all = json_copy(r->attributes);

	for (size_t i = 0; i < r->n; i++)
		if (!r->errands[i].denied && is(r->errands[i].message, "type", "attribute"))
			put(all, r->errands[i].message);
	return all;
}

/* ---- errands --------------------------------------------------------------------------------- */

static struct errand *errand_find(const struct replica *r, const char *id)
{
	for (size_t i = 0; i < r->n; i++)
		if (is(r->errands[i].message, "id", id))
			return &r->errands[i];
	return NULL;
}

static bool settled(const struct replica *r, const struct errand *e)
{
	return e->denied || (e->accepted && e->serial <= r->serial);
}

/* Those that are settled and that nobody waits for. */
static void sweep(struct replica *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (r->errands[i].forgotten && settled(r, &r->errands[i]))
			errand_done(&r->errands[i]);
		else
			r->errands[kept++] = r->errands[i];
	}
	r->n = kept;
}

static int refuse(char **why, const char *sentence)
{
	*why = own_string(sentence);
	return -EINVAL;
}

static bool store_known(const char *store)
{
	for (size_t i = 0; i < sizeof(stores) / sizeof(*stores); i++)
		if (!strcmp(stores[i], store))
			return true;
	return false;
}

int replica_write(struct replica *r, json_t *request, json_t **ret_message, char **why)
{
	json_t *value = json_object_get(request, "value"), *message;
	owned(free) char *id = NULL;

	if (!is(request, "type", "attribute") && !is(request, "type", "request"))
		return refuse(why, "neither an attribute nor a request");
	if (is(request, "type", "attribute")) {
		if (!store_known(member_text(request, "store")) || !*member_text(request, "name"))
			return refuse(why, "an attribute without a store or a name");
		if (strchr(member_text(request, "name"), '\n') ||
			strchr(member_text(request, "node"), '\n'))
			return refuse(why, "a line break in a name");
		if (value && !json_is_null(value) &&
			(!json_is_string(value) || json_string_length(value) > REPLICA_VALUE_MAX))
			return refuse(why, "a value that is too long, or not a string");
	}
	if (r->n == REPLICA_ERRANDS_MAX) {
		refuse(why, "too many changes wait for the leader");
		return -ENOSPC;
	}
	id = own_printf("%s-%llu", r->prefix, (unsigned long long)++r->last_id);
	message = json_copy(request);
	json_object_set_new(message, "id", json_string(id));
	own_grow(r->errands, r->n, r->cap);
	r->errands[r->n++] = (struct errand){ .message = message };
	*ret_message = message;
	return 0;
}

void replica_repeat(struct replica *r, void (*on_message)(void *ctx, json_t *message), void *ctx)
{
	for (size_t i = 0; i < r->n; i++)
		if (!r->errands[i].accepted && !r->errands[i].denied)
			on_message(ctx, r->errands[i].message);
}

bool replica_done(const struct replica *r, const char *id, const char **ret_denied)
{
	const struct errand *e = errand_find(r, id);

	if (!e || !settled(r, e))
		return false;
	*ret_denied = e->denied;
	return true;
}

void replica_forget(struct replica *r, const char *id)
{
	struct errand *e = errand_find(r, id);

	if (e)
		e->forgotten = true;
	sweep(r);
}

/* ---- what the leader says -------------------------------------------------------------------- */

static void take_list(json_t *message, const char *key, json_t **list)
{
	json_t *given = json_object_get(message, key);

	if (!json_is_array(given))
		return;
	json_decref(*list);
	*list = json_incref(given);
}

static void take_replica(struct replica *r, json_t *message)
{
	json_t *a;
	size_t i;

	if (json_is_true(json_object_get(message, "full")))
		json_object_clear(r->attributes);
	json_array_foreach (json_object_get(message, "attributes"), i, a) {
		if (json_is_object(a))
			put(r->attributes, a);
	}
	take_list(message, "nodes", &r->nodes);
	take_list(message, "resources", &r->resources);
	take_list(message, "planned", &r->planned);
	take_list(message, "failures", &r->failures);
	if (json_object_get(message, "quorate"))
		r->quorate = json_is_true(json_object_get(message, "quorate"));
	r->serial = (uint64_t)json_integer_value(json_object_get(message, "serial"));
}

void replica_take(struct replica *r, json_t *message)
{
	struct errand *e = errand_find(r, member_text(message, "id"));
	json_int_t serial = json_integer_value(json_object_get(message, "serial"));

	if (is(message, "type", "replica")) {
		take_replica(r, message);
	} else if (is(message, "type", "accepted") && e && !e->accepted) {
		e->accepted = true;
		e->serial = serial > 0 ? (uint64_t)serial : 0;
	} else if (is(message, "type", "denied") && e && !e->denied) {
		e->denied = own_string(member_text(message, "reason"));
	}
	sweep(r);
}

/* ---- questions ---------------------------------------------------------------------------------
 */

static json_t *answer_one(const struct replica *r, json_t *request)
{
	owned(free) char *key = key_of(request);
	json_t *all = seen(r);
	json_t *a = json_object_get(all, key);
	json_t *answer = a ? json_pack("{s:O}", "value", json_object_get(a, "value"))
			   : json_pack("{s:b}", "missing", 1);

	json_decref(all);
	return answer;
}

static bool wanted(json_t *request, json_t *a, const char *key)
{
	return !json_object_get(request, key) || is(a, key, member_text(request, key));
}

static json_t *answer_many(const struct replica *r, json_t *request)
{
	json_t *all = seen(r), *items = json_array(), *a;
	const char *key;

	json_object_foreach (all, key, a) {
		if (wanted(request, a, "store") && wanted(request, a, "name") &&
			wanted(request, a, "node"))
			json_array_append(items, a);
	}
	json_decref(all);
	return json_pack("{s:o}", "items", items);
}

json_t *replica_answer(const struct replica *r, json_t *request)
{
	json_t *all;

	if (is(request, "ask", "attribute"))
		return answer_one(r, request);
	if (is(request, "ask", "attributes"))
		return answer_many(r, request);
	if (is(request, "ask", "nodes"))
		return json_pack("{s:O, s:s, s:b}", "nodes", r->nodes, "local", r->node, "quorate",
			(int)r->quorate);
	if (is(request, "ask", "resources"))
		return json_pack("{s:O}", "resources", r->resources);
	if (!is(request, "ask", "all"))
		return NULL;
	all = answer_many(r, request);
	json_object_set(all, "nodes", r->nodes);
	json_object_set(all, "resources", r->resources);
	json_object_set(all, "planned", r->planned);
	json_object_set(all, "failures", r->failures);
	json_object_set_new(all, "local", json_string(r->node));
	json_object_set_new(all, "quorate", json_boolean(r->quorate));
	return all;
}
