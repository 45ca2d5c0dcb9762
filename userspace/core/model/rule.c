// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/rule.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/model/rule_date.h"
#include "core/model/value.h"

/* Rules may stand in rules, and refer to each other, even in rings: no more rules than this are
 * looked at for one answer, and no deeper. */
#define RULES_MAX 2000
#define DEPTH_MAX 32

struct effort {
	unsigned rules, depth;
};

static bool one_of(const char *s, const char *const names[])
{
	for (; s && *names; names++)
		if (!strcasecmp(s, *names))
			return true;
	return false;
}

static int compare_integers(const char *a, const char *b)
{
	long long x, y;

	if (value_integer(a, &x) == -EINVAL || value_integer(b, &y) == -EINVAL)
		return strcasecmp(a, b);
	return x < y ? -1 : x > y;
}

static int compare_numbers(const char *a, const char *b)
{
	char *end_a, *end_b;
	double x = strtod(a, &end_a), y = strtod(b, &end_b);

	if (end_a == a || end_b == b)
		return strcasecmp(a, b);
	return x < y ? -1 : x > y;
}

static int compare(const char *a, const char *b, const char *type)
{
	if (!a || !b)
		return !!a - !!b;
	if (!strcasecmp(type, "integer"))
		return compare_integers(a, b);
	if (!strcasecmp(type, "number"))
		return compare_numbers(a, b);
	if (!strcasecmp(type, "version"))
		return value_version_compare(a, b);
	return strcasecmp(a, b);
}

/* An order without a type is one of numbers, equality is one of strings. */
static const char *usual_type(const char *op, const char *a, const char *b)
{
	static const char *const orders[] = { "lt", "lte", "gt", "gte", NULL };

	if (!one_of(op, orders))
		return "string";
	return (a && strchr(a, '.')) || (b && strchr(b, '.')) ? "number" : "integer";
}

static bool accepts(const char *op, const char *a, const char *b, const char *type)
{
	int order;

	if (!strcmp(op, "defined"))
		return a;
	if (!strcmp(op, "not_defined"))
		return !a;
	order = compare(a, b, type ? type : usual_type(op, a, b));
	if (!strcmp(op, "eq"))
		return order == 0;
	if (!strcmp(op, "ne"))
		return order != 0;
	if (!a || !b)
		return false;
	if (!strcmp(op, "lt"))
		return order < 0;
	if (!strcmp(op, "lte"))
		return order <= 0;
	if (!strcmp(op, "gt"))
		return order > 0;
	return !strcmp(op, "gte") && order >= 0;
}

/* "role-%1" with what the constraint's pattern matched put in; NULL: nothing to put in. */
static char *filled_in(const struct rule_input *in, const char *name)
{
	size_t len = strlen(name) + 1;
	char *out, *p;

	if (!in->match_text || !strchr(name, '%'))
		return NULL;
	for (const char *s = name; *s; s++) {
		if (s[0] == '%' && isdigit((unsigned char)s[1]))
			len += strlen(in->match_text);
	}
	p = out = own_alloc(len);
	for (const char *s = name; *s; s++) {
		unsigned i = (unsigned)(s[1] - '0');
		size_t part;

		if (*s != '%' || !isdigit((unsigned char)s[1])) {
			*p++ = *s;
			continue;
		}
		s++;
		if (i >= in->n_matches || in->matches[i].rm_so < 0)
			continue;
		part = (size_t)(in->matches[i].rm_eo - in->matches[i].rm_so);
		memcpy(p, in->match_text + in->matches[i].rm_so, part);
		p += part;
	}
	return out;
}

static bool attribute_passes(const struct element *e, const struct rule_input *in)
{
	const char *attribute = element_get(e, "attribute"), *op = element_get(e, "operation");
	const char *source = element_get(e, "value-source"), *value = element_get(e, "value");
	const struct table *table = NULL;
	owned(free) char *name = NULL;

	if (!attribute || !op)
		return false;
	name = filled_in(in, attribute);
	if (source && !strcasecmp(source, "param"))
		table = in->rsc_params;
	else if (source && !strcasecmp(source, "meta"))
		table = in->rsc_meta;
	if (table && value) {
		const char *found = table_get(table, value);

		value = found ? found : value;
	}
	return accepts(op, table_get(in->node_attributes, name ? name : attribute), value,
		element_get(e, "type"));
}

static bool is_or_absent(const char *wanted, const char *is)
{
	return !wanted || (is && !strcmp(wanted, is));
}

/* Without a provider only agents that have none are meant, unlike class and type: that is how
 * Pacemaker reads it. */
static bool resource_passes(const struct element *e, const struct rule_input *in)
{
	const char *provider = element_get(e, "provider");

	return in->rsc_standard && is_or_absent(element_get(e, "class"), in->rsc_standard) &&
	       !provider == !in->rsc_provider && is_or_absent(provider, in->rsc_provider) &&
	       is_or_absent(element_get(e, "type"), in->rsc_type);
}

static bool operation_passes(const struct element *e, const struct rule_input *in)
{
	const char *name = element_get(e, "name"), *interval = element_get(e, "interval");
	uint64_t ms;

	if (!in->op_name || !name || strcmp(name, in->op_name))
		return false;
	return !interval || (!value_ms(interval, &ms) && ms == in->op_interval_ms);
}

static bool passes(const struct index *ids, const struct element *rule, const struct rule_input *in,
	int64_t *next_change, struct effort *effort);

static bool part_passes(const struct index *ids, const struct element *e,
	const struct rule_input *in, int64_t *next_change, struct effort *effort)
{
	if (element_is(e, "rule"))
		return passes(ids, e, in, next_change, effort);
	if (element_is(e, "date_expression"))
		return rule_date_passes(e, in, next_change);
	if (element_is(e, "rsc_expression"))
		return resource_passes(e, in);
	if (element_is(e, "op_expression"))
		return operation_passes(e, in);
	return element_is(e, "expression") && attribute_passes(e, in);
}

static bool passes(const struct index *ids, const struct element *rule, const struct rule_input *in,
	int64_t *next_change, struct effort *effort)
{
	const char *ref = element_get(rule, "id-ref"), *op;
	const struct element *e;
	bool any;

	if (ref)
		rule = index_get(ids, INDEX_ELEMENT, ref);
	if (!rule || !element_is(rule, "rule") || effort->rules++ > RULES_MAX ||
		effort->depth > DEPTH_MAX)
		return false;
	op = element_get(rule, "boolean-op");
	any = op && !strcasecmp(op, "or");
	effort->depth++;
	for (e = rule->first; e; e = e->next)
		if (part_passes(ids, e, in, next_change, effort) == any)
			break;
	effort->depth--;
	return e ? any : !any;
}

bool rule_passes(const struct index *ids, const struct element *rule, const struct rule_input *in,
	int64_t *next_change)
{
	struct effort effort = { 0 };

	return passes(ids, rule, in, next_change, &effort);
}

bool rule_set_passes(const struct index *ids, const struct element *holder,
	const struct rule_input *in, int64_t *next_change)
{
	const struct element *rule = element_child(holder, "rule");

	if (!rule)
		return true;
	for (; rule; rule = element_sibling(rule, "rule"))
		if (rule_passes(ids, rule, in, next_change))
			return true;
	return false;
}

unsigned rule_preview(const struct index *ids, const struct element *rule,
	const struct rule_input *in, unsigned max, int64_t ret_when[], bool ret_passes[])
{
	struct rule_input at = *in;
	int64_t next = 0;
	bool was = rule_passes(ids, rule, &at, &next);
	unsigned n = 0;

	/* A part of a rule may change without the whole: those instants are passed over. */
	for (unsigned tries = 0; n < max && next && tries < 32 + 8 * max; tries++) {
		bool now;

		at.now.seconds = next;
		next = 0;
		now = rule_passes(ids, rule, &at, &next);
		if (next && next <= at.now.seconds)
			break;
		if (now == was)
			continue;
		ret_when[n] = at.now.seconds;
		ret_passes[n++] = was = now;
	}
	return n;
}
