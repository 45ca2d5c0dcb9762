// SPDX-License-Identifier: GPL-2.0-or-later
#include <regex.h>
#include <strings.h>

#include "core/model/rule.h"
#include "core/policy/engine_bundle.h"
#include "core/policy/engine_stage.h"
#include "core/policy/engine_unpack.h"

struct location *location_new(struct engine *e, const char *id, struct resource *r, int score,
	struct node *node, enum node_discovery discovery)
{
	struct location *l = engine_alloc(e, sizeof(*l));

	l->id = id;
	l->resource = r;
	l->discovery = discovery;
	if (discovery == DISCOVER_EXCLUSIVE)
		r->exclusive_discovery = true;
	if (node)
		location_add(e, l, node, score);
	engine_grow(e, e->locations, e->n_locations, e->cap_locations);
	e->locations[e->n_locations++] = l;
	engine_grow(e, r->locations, r->n_locations, r->cap_locations);
	r->locations[r->n_locations++] = l;
	return l;
}

void location_add(struct engine *e, struct location *l, struct node *node, int score)
{
	engine_grow(e, l->scores, l->n, l->cap);
	l->scores[l->n++] = (struct location_score){ node, score };
}

static enum node_discovery discovery_read(const char *s)
{
	if (s && !strcasecmp(s, "never"))
		return DISCOVER_NEVER;
	if (s && !strcasecmp(s, "exclusive"))
		return DISCOVER_EXCLUSIVE;
	return DISCOVER_ALWAYS;
}

/* Nothing is promoted without having been unpromoted: a rule for that role holds for all. */
static enum role filter_role(const char *s)
{
	return role_read(s) == ROLE_PROMOTED ? ROLE_PROMOTED : ROLE_UNKNOWN;
}

/* A pattern's groups in the name of an attribute: "%1". */
static const char *expand(struct engine *e, const char *s, const struct rule_input *in)
{
	const char *percent = s ? strchr(s, '%') : NULL;
	unsigned i;

	if (!percent || !in->match_text || percent[1] < '0' || percent[1] > '9')
		return s;
	i = (unsigned)(percent[1] - '0');
	if (i >= in->n_matches || in->matches[i].rm_so < 0)
		return s;
	s = engine_printf(e, "%.*s%.*s%s", (int)(percent - s), s,
		(int)(in->matches[i].rm_eo - in->matches[i].rm_so),
		in->match_text + in->matches[i].rm_so, percent + 2);
	return expand(e, s, in);
}

static void unpack_rule(struct engine *e, const struct element *rule, struct resource *r,
	enum node_discovery discovery, const struct rule_input *match, const char *role)
{
	const struct element *other = index_get(e->ids, INDEX_ELEMENT, element_get(rule, "id-ref"));
	const char *attribute, *score;
	struct location *l;

	if (other)
		rule = other;
	score = element_get(rule, "score");
	attribute = expand(e, element_get(rule, "score-attribute"), match);
	l = location_new(e, element_get(rule, "id"), r, 0, NULL, discovery);
	if (element_get(rule, "role"))
		role = element_get(rule, "role");
	l->role = filter_role(role);
	for (unsigned i = 0; i < e->n_nodes; i++) {
		struct node *node = e->by_name[i];
		struct rule_input in = *match;
		const char *value = attribute ? node_attribute(node, attribute) : score;

		in.node_attributes = &node->attributes;
		in.rsc_params = resource_parameters(e, r, node);
		if (!rule_passes(e->ids, rule, &in, &e->recheck))
			continue;
		location_add(e, l, node,
			attribute && !value ? -SCORE_INFINITY : value_score(value, NULL));
	}
}

static void unpack_one(struct engine *e, const struct element *xml, struct resource *r,
	const char *role, const char *score, const struct rule_input *match)
{
	const char *name = element_get(xml, "node");
	enum node_discovery discovery = discovery_read(element_get(xml, "resource-discovery"));

	if (!score)
		score = element_get(xml, "score");
	if (!role)
		role = element_get(xml, "role");
	if (name && score) {
		struct node *node = node_by_name(e, name);

		if (node)
			location_new(e, element_get(xml, "id"), r, value_score(score, NULL), node,
				discovery)
				->role = filter_role(role);
		return;
	}
	for (const struct element *x = element_child(xml, "rule"); x;
		x = element_sibling(x, "rule")) {
		struct rule_input in = *match;

		in.rsc_meta = &r->meta;
		unpack_rule(e, x, r, discovery, &in, role);
	}
}

static void unpack_pattern(struct engine *e, const struct element *xml, const char *pattern)
{
	bool invert = *pattern == '!';
	regex_t regex;

	if (regcomp(&regex, pattern + invert, REG_EXTENDED))
		return;
	for (unsigned i = 0; i < e->top.n; i++) {
		struct resource *r = e->top.items[i];
		struct rule_input in = engine_rule_input(e, NULL, NULL);
		regmatch_t matches[10];
		bool hit = !regexec(&regex, r->id, 10, matches, 0);

		if (hit == invert)
			continue;
		if (hit) {
			in.match_text = r->id;
			in.matches = matches;
			in.n_matches = regex.re_nsub + 1 < 10 ? (unsigned)regex.re_nsub + 1 : 10;
		}
		unpack_one(e, xml, r, NULL, NULL, &in);
	}
	regfree(&regex);
}

void location_unpack(struct engine *e, const struct element *xml)
{
	struct rule_input in = engine_rule_input(e, NULL, NULL);
	const char *pattern = element_get(xml, "rsc-pattern");
	struct rsets sets = constraint_sets(e, xml);
	struct rset set;

	for (unsigned i = 0; i < sets.n; i++)
		for (unsigned j = 0; j < sets.items[i].n; j++)
			unpack_one(e, xml, sets.items[i].items[j], sets.items[i].role,
				sets.items[i].score, &in);
	if (sets.n)
		return;
	if (pattern) {
		unpack_pattern(e, xml, pattern);
		return;
	}
	set = constraint_set(e, element_get(xml, "rsc"));
	for (unsigned i = 0; i < set.n; i++)
		unpack_one(e, xml, set.items[i], NULL, NULL, &in);
}

static void apply_here(struct engine *e, struct resource *r, const struct location *l, bool reset)
{
	if (l->role > ROLE_UNKNOWN && l->role != r->next_role)
		return;
	for (unsigned i = 0; i < l->n; i++) {
		struct slot *slot = resource_slot(e, r, l->scores[i].node);
		int score = reset ? 0 : l->scores[i].score;

		if (!slot->allowed) {
			slot->allowed = 1;
			slot->score = score;
		} else {
			slot->score = score_add(slot->score, score);
		}
		if (slot->discovery < l->discovery) {
			if (l->discovery == DISCOVER_EXCLUSIVE)
				r->exclusive_discovery = true;
			slot->discovery = l->discovery;
		}
		score_note(e, r, l->scores[i].node, score, "location", l->id);
	}
}

static void apply_bundle(struct engine *e, struct resource *r, const struct location *l)
{
	struct bundle *b = r->bundle;

	for (unsigned i = 0; i < b->n; i++) {
		if (b->replicas[i].container)
			apply_here(e, b->replicas[i].container, l, false);
		if (b->replicas[i].ip)
			apply_here(e, b->replicas[i].ip, l, false);
	}
	if (b->child && (l->role == ROLE_UNPROMOTED || l->role == ROLE_PROMOTED)) {
		location_apply(e, b->child, l);
		engine_grow(e, b->child->locations, b->child->n_locations, b->child->cap_locations);
		b->child->locations[b->child->n_locations++] = (struct location *)l;
	}
}

void location_apply(struct engine *e, struct resource *r, const struct location *l)
{
	apply_here(e, r, l, false);
	if (r->kind == BUNDLE) {
		apply_bundle(e, r, l);
		return;
	}
	for (unsigned i = 0; i < r->children.n; i++) {
		/* A group's members go where the first one goes: it alone gets the score. */
		if (r->kind == GROUP && i > 0 && r->group_colocated)
			apply_here(e, r->children.items[i], l, true);
		else
			location_apply(e, r->children.items[i], l);
	}
}
