/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include <criterion/criterion.h>

#include "core/replica.h"

static json_t *attribute(const char *node, const char *name, const char *value)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s?}", "type", "attribute", "store", "transient",
		"node", node, "name", name, "value", value);
}

static void tell(struct replica *r, int serial, bool full, json_t *attributes)
{
	json_t *m = json_pack("{s:s, s:i, s:b, s:o}", "type", "replica", "serial", serial, "full",
		full, "attributes", attributes);

	replica_take(r, m);
	json_decref(m);
}

static const char *write_one(struct replica *r, json_t *request)
{
	owned(free) char *why = NULL;
	json_t *message = NULL;

	cr_assert_eq(replica_write(r, request, &message, &why), 0, "%s", why);
	json_decref(request);
	return json_string_value(json_object_get(message, "id"));
}

static void answer(struct replica *r, const char *type, const char *id, int serial)
{
	json_t *m = json_pack(
		"{s:s, s:s, s:i, s:s}", "type", type, "id", id, "serial", serial, "reason", "no");

	replica_take(r, m);
	json_decref(m);
}

/* The value, "-" without one; good until the next call. */
static const char *read_one(struct replica *r, const char *node, const char *name)
{
	static char out[64];
	json_t *ask = json_pack("{s:s, s:s, s:s, s:s}", "ask", "attribute", "store", "transient",
		"node", node, "name", name);
	json_t *a = replica_answer(r, ask);
	const char *value = json_string_value(json_object_get(a, "value"));

	snprintf(out, sizeof(out), "%s", value ? value : "-");
	json_decref(ask);
	json_decref(a);
	return out;
}

Test(replica, what_is_told_is_read)
{
	owned(replica) struct replica *r = replica_new("n1", "x");

	tell(r, 1, true, json_pack("[o,o]", attribute("n1", "a", "1"), attribute("n2", "a", "2")));
	cr_assert_str_eq(read_one(r, "n1", "a"), "1");
	cr_assert_str_eq(read_one(r, "n2", "a"), "2");
	cr_assert_str_eq(read_one(r, "n3", "a"), "-");
	tell(r, 2, false, json_pack("[o]", attribute("n1", "a", NULL)));
	cr_assert_str_eq(read_one(r, "n1", "a"), "-");
	cr_assert_str_eq(read_one(r, "n2", "a"), "2");
	tell(r, 3, true, json_array());
	cr_assert_str_eq(read_one(r, "n2", "a"), "-");
}

Test(replica, who_writes_reads_it_at_once_and_afterwards)
{
	owned(replica) struct replica *r = replica_new("n1", "x");
	owned(free) char *id = own_string(write_one(r, attribute("n1", "a", "9")));
	const char *denied = NULL;

	cr_assert_str_eq(read_one(r, "n1", "a"), "9");
	cr_assert_not(replica_done(r, id, &denied));
	answer(r, "accepted", id, 5);
	cr_assert_not(replica_done(r, id, &denied)); /* our copy is not there yet */
	tell(r, 5, false, json_pack("[o]", attribute("n1", "a", "9")));
	cr_assert(replica_done(r, id, &denied));
	cr_assert_null(denied);
	replica_forget(r, id);
	cr_assert_str_eq(read_one(r, "n1", "a"), "9");
	tell(r, 6, false, json_pack("[o]", attribute("n1", "a", "10")));
	cr_assert_str_eq(read_one(r, "n1", "a"), "10");
}

Test(replica, what_is_denied_is_gone)
{
	owned(replica) struct replica *r = replica_new("n1", "x");
	owned(free) char *id = own_string(write_one(r, attribute("n1", "a", "9")));
	const char *denied = NULL;

	answer(r, "denied", id, 0);
	cr_assert(replica_done(r, id, &denied));
	cr_assert_str_eq(denied, "no");
	cr_assert_str_eq(read_one(r, "n1", "a"), "-");
}

static void count(void *ctx, json_t *message)
{
	(*(int *)ctx)++;
}

Test(replica, what_nobody_answered_is_said_again_though_nobody_waits)
{
	owned(replica) struct replica *r = replica_new("n1", "x");
	owned(free) char *a = own_string(write_one(r, attribute("n1", "a", "1")));
	int n = 0;

	write_one(r, attribute("n1", "b", NULL));
	replica_forget(r, a);
	replica_repeat(r, count, &n);
	cr_assert_eq(n, 2);
	cr_assert_str_eq(read_one(r, "n1", "a"), "1");
	answer(r, "accepted", a, 0);
	n = 0;
	replica_repeat(r, count, &n);
	cr_assert_eq(n, 1);
}

Test(replica, later_writes_lie_over_earlier_ones)
{
	owned(replica) struct replica *r = replica_new("n1", "x");

	write_one(r, attribute("n1", "a", "1"));
	write_one(r, attribute("n1", "a", "2"));
	cr_assert_str_eq(read_one(r, "n1", "a"), "2");
	write_one(r, attribute("n1", "a", NULL));
	cr_assert_str_eq(read_one(r, "n1", "a"), "-");
}

Test(replica, nonsense_is_refused_and_errands_are_bounded)
{
	owned(replica) struct replica *r = replica_new("n1", "x");
	static const char *const cases[] = { "{}", "{\"type\":\"order\"}",
		"{\"type\":\"attribute\"}",
		"{\"type\":\"attribute\",\"store\":\"cellar\",\"name\":\"a\"}",
		"{\"type\":\"attribute\",\"store\":\"private\",\"name\":\"a\\nb\"}",
		"{\"type\":\"attribute\",\"store\":\"private\",\"name\":\"a\",\"value\":7}" };
	json_t *message = NULL;
	char *why;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_t *bad = json_loads(cases[i], 0, NULL);

		cr_assert_eq(replica_write(r, bad, &message, &why), -EINVAL, "case %zu", i);
		cr_assert_null(replica_answer(r, bad));
		free(why);
		json_decref(bad);
	}
	for (int i = 0; i < REPLICA_ERRANDS_MAX; i++)
		write_one(r, attribute("n1", "a", "1"));
	json_t *one = attribute("n1", "a", "1");

	cr_assert_eq(replica_write(r, one, &message, &why), -ENOSPC);
	free(why);
	json_decref(one);
}

Test(replica, questions_choose)
{
	owned(replica) struct replica *r = replica_new("n1", "x");
	json_t *ask = json_pack("{s:s, s:s}", "ask", "attributes", "name", "a"), *a;

	tell(r, 1, true,
		json_pack("[o,o,o]", attribute("n1", "a", "1"), attribute("n2", "a", "2"),
			attribute("n1", "b", "3")));
	a = replica_answer(r, ask);
	cr_assert_eq(json_array_size(json_object_get(a, "items")), 2);
	json_decref(a);
	json_object_set_new(ask, "node", json_string("n2"));
	a = replica_answer(r, ask);
	cr_assert_eq(json_array_size(json_object_get(a, "items")), 1);
	json_decref(a);
	json_decref(ask);
}
