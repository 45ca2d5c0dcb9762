// SPDX-License-Identifier: GPL-2.0-or-later
/* Status, order: which entry of the operation history came first. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/value.h"
#include "core/policy/status_inside.h"

#define UUID_LEN 36
#define BLANKS " \t\n\v\f\r"

/* A number and the colon behind it. */
static bool read_number(const char **at, int *ret)
{
	long long n;
	const char *end = value_digits(*at, &n);
	char *other;

	if (!end) { /* -1, or blanks before it */
		n = strtol(*at, &other, 10);
		end = other;
	}
	if (end == *at || *end != ':')
		return false;
	*ret = (int)n;
	*at = end + 1;
	return true;
}

/* "action:transition:expected:uuid"; the last one must not be empty. */
static bool read_key(const char *key, int *transition, int *expected, const char **uuid)
{
	int action;

	if (!key || !read_number(&key, &action) || !read_number(&key, transition) ||
		!read_number(&key, expected))
		return false;
	while (isspace((unsigned char)*key))
		key++;
	*uuid = key;
	return *key;
}

/* "status:exit;key". */
static bool read_magic(const char *magic, int *transition, const char **uuid)
{
	const char *key = magic ? strchr(magic, ';') : NULL;
	int expected;

	return key && read_key(key + 1, transition, &expected, uuid);
}

/* As far as they are words. */
static bool same_uuid(const char *a, const char *b)
{
	size_t n = strcspn(a, BLANKS), m = strcspn(b, BLANKS);

	n = n < UUID_LEN ? n : UUID_LEN;
	m = m < UUID_LEN ? m : UUID_LEN;
	return n == m && !memcmp(a, b, n);
}

int status_expected(const struct element *op)
{
	const char *uuid;
	int transition, expected;

	if (!read_key(element_get(op, "transition-key"), &transition, &expected, &uuid))
		return -1;
	return expected;
}

/* One of both is pending and has no call number: the transitions that asked for them tell. */
static int order_by_transition(
	const struct element *a, const struct element *b, long long call_a, long long call_b)
{
	const char *uuid_a, *uuid_b;
	int id_a, id_b;

	if (!read_magic(element_get(a, "transition-magic"), &id_a, &uuid_a) ||
		!read_magic(element_get(b, "transition-magic"), &id_b, &uuid_b))
		return 0;
	if (!same_uuid(uuid_a, uuid_b) || id_a == id_b) {
		/* Of two planners, or of one transition: the pending one is the newer. */
		if (call_b == -1)
			return -1;
		return call_a == -1 ? 1 : 0;
	}
	/* -1 is a shutdown, and always the last. */
	if ((id_a >= 0 && id_a < id_b) || id_b == -1)
		return -1;
	return (id_b >= 0 && id_a > id_b) || id_a == -1 ? 1 : 0;
}

int status_order(const struct element *a, const struct element *b, bool same_node)
{
	const char *id_a = element_get(a, "id"), *id_b = element_get(b, "id");
	const char *on_a = element_get(a, "on_node"), *on_b = element_get(b, "on_node");
	long long call_a, call_b;

	if (on_a && on_b)
		same_node = !strcmp(on_a, on_b);
	if (same_node && id_a && id_b && !strcmp(id_a, id_b))
		return 0;
	call_a = value_number(element_get(a, "call-id"), -1);
	call_b = value_number(element_get(b, "call-id"), -1);
	if (call_a == -1 && call_b == -1)
		return 0;
	if (same_node && call_a >= 0 && call_a < call_b)
		return -1;
	if (same_node && call_b >= 0 && call_a > call_b)
		return 1;
	if (call_a >= 0 && call_b >= 0 && (!same_node || call_a == call_b)) {
		long long t_a = value_number(element_get(a, "last-rc-change"), -1);
		long long t_b = value_number(element_get(b, "last-rc-change"), -1);

		if (t_a >= 0 && t_a < t_b)
			return -1;
		return t_b >= 0 && t_a > t_b ? 1 : 0;
	}
	return order_by_transition(a, b, call_a, call_b);
}

const struct element **status_sorted(const struct element *lrm_resource, unsigned *ret_n)
{
	const struct element **ops = NULL;
	unsigned n = 0, cap = 0;

	for (const struct element *op = element_child(lrm_resource, "lrm_rsc_op"); op;
		op = element_sibling(op, "lrm_rsc_op")) {
		own_grow(ops, n, cap);
		ops[n++] = op;
	}
	/* Of those that cannot be told apart the later one in the text comes first. */
	for (unsigned i = 0; i < n / 2; i++) {
		const struct element *op = ops[i];

		ops[i] = ops[n - 1 - i];
		ops[n - 1 - i] = op;
	}
	/* A few entries, mostly in order already. */
	for (unsigned i = 1; i < n; i++) {
		const struct element *op = ops[i];
		unsigned at = i;

		for (; at > 0 && status_order(ops[at - 1], op, true) > 0; at--)
			ops[at] = ops[at - 1];
		ops[at] = op;
	}
	*ret_n = n;
	return ops;
}

const char *status_key(const struct element *op)
{
	const char *key = element_get(op, "operation_key");

	return key ? key : element_get(op, "id");
}
