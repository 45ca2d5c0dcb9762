/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include <picket/limits.h>

#include "core/allegiance.h"

#define U "%llu"
#define N(x) ((unsigned long long)(x))

static uint64_t kept_number(json_t *kept, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(kept, key));

	return n > 0 ? (uint64_t)n : 0;
}

int allegiance_load(struct allegiance *allegiance, json_t *kept, const char *boot_id, char **why)
{
	struct allegiance a = { 0 };
	const char *boot = json_string_value(json_object_get(kept, "boot_id"));

	assert(strlen(boot_id) < sizeof(a.boot_id));
	strcpy(a.boot_id, boot_id);
	if (kept && (!boot || json_integer_value(json_object_get(kept, "version")) != 1)) {
		*why = own_string("not a state of this version");
		return -EINVAL;
	}
	a.cluster = kept_number(kept, "cluster");
	a.node = (uint32_t)kept_number(kept, "node");
	if (kept && !strcmp(boot, boot_id)) {
		a.incarnation = kept_number(kept, "incarnation");
		a.term = kept_number(kept, "term");
		a.index = kept_number(kept, "index");
		a.lease_ns = kept_number(kept, "lease_ns");
		a.interval_us = (uint32_t)kept_number(kept, "interval_us");
		a.goes_on = json_is_true(json_object_get(kept, "goes_on"));
	}
	*allegiance = a;
	return 0;
}

json_t *allegiance_json(const struct allegiance *a)
{
	return json_pack("{s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "version", 1,
		"boot_id", a->boot_id, "incarnation", (json_int_t)a->incarnation, "term",
		(json_int_t)a->term, "index", (json_int_t)a->index, "cluster",
		(json_int_t)a->cluster, "node", (json_int_t)a->node, "interval_us",
		(json_int_t)a->interval_us, "lease_ns", (json_int_t)a->lease_ns, "goes_on",
		a->goes_on);
}

bool allegiance_term(struct allegiance *allegiance, uint64_t term)
{
	if (term <= allegiance->term)
		return false;
	allegiance->term = term;
	allegiance->index = 0;
	return true;
}

bool allegiance_admit(struct allegiance *allegiance, uint64_t incarnation)
{
	if (incarnation <= allegiance->incarnation)
		return false;
	allegiance->incarnation = incarnation;
	return true;
}

void allegiance_learn(struct allegiance *a, json_t *welcome)
{
	uint64_t cluster = kept_number(welcome, "cluster"), node = kept_number(welcome, "node");
	uint64_t lease = kept_number(welcome, "lease_ns"),
		 interval = kept_number(welcome, "interval_us");

	if (cluster)
		a->cluster = cluster;
	if (node && node < PICKET_NODES_MAX)
		a->node = (uint32_t)node;
	if (lease && lease <= PICKET_LEASE_MAX_NS)
		a->lease_ns = lease;
	if (interval >= PICKET_INTERVAL_MIN_US && interval <= PICKET_INTERVAL_MAX_US)
		a->interval_us = (uint32_t)interval;
	if (json_object_get(welcome, "goes_on"))
		a->goes_on = json_is_true(json_object_get(welcome, "goes_on"));
}

int allegiance_obey(struct allegiance *a, const struct operation *o, char **why)
{
	if (o->term < a->term || (o->term == a->term && o->index < a->index)) {
		*why = own_printf("refused: order " U "/" U " is older than " U "/" U
				  ", already seen",
			N(o->term), N(o->index), N(a->term), N(a->index));
		return -ESTALE;
	}
	if (!a->incarnation || o->incarnation != a->incarnation) {
		*why = own_printf("refused: order for incarnation " U ", this is " U,
			N(o->incarnation), N(a->incarnation));
		return -EPERM;
	}
	a->term = o->term;
	a->index = o->index;
	return 0;
}
