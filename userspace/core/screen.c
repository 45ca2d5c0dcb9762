/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "base/own.h"
#include "base/lines.h"
#include "core/screen.h"

enum tone { TONE_PLAIN, TONE_GOOD, TONE_WARN, TONE_BAD, TONE_DIM, TONE_HEAD };

struct screen {
	struct lines text;
	bool colour;
};

static const char *tone_code(const struct screen *s, enum tone tone)
{
	static const char *const codes[] = { "", "\033[32m", "\033[33m", "\033[31m", "\033[2m",
		"\033[1m" };

	return s->colour ? codes[tone] : "";
}

static const char *tone_end(const struct screen *s, enum tone tone)
{
	return s->colour && tone != TONE_PLAIN ? "\033[0m" : "";
}

static void screen_say(struct screen *s, enum tone tone, const char *text, size_t width)
{
	lines_add(&s->text, "%s", tone_code(s, tone));
	lines_pad(&s->text, text, width);
	lines_add(&s->text, "%s", tone_end(s, tone));
}

static const char *get(json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static bool flag(json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static size_t column(json_t *list, const char *key, size_t least)
{
	size_t i, width = least;
	json_t *item;

	json_array_foreach (list, i, item) {
		size_t n = lines_width(get(item, key));

		width = n > width ? n : width;
	}
	return width;
}

/* ---- nodes
 * --------------------------------------------------------------------------------------- */

static enum tone node_tone(const char *state)
{
	if (!strcmp(state, "online"))
		return TONE_GOOD;
	if (!strcmp(state, "lost"))
		return TONE_BAD;
	if (!strcmp(state, "stopped") || !strcmp(state, "unseen"))
		return TONE_DIM;
	return TONE_WARN;
}

static void node_links(struct screen *s, json_t *node)
{
	json_t *links = json_object_get(node, "links"), *link;
	size_t i;

	json_array_foreach (links, i, link) {
		bool heard = !strcmp(get(link, "state"), "heard");

		lines_add(&s->text, " ");
		screen_say(s, heard ? TONE_PLAIN : TONE_BAD, heard ? "heard" : "silent", 6);
	}
}

static void node_marks(struct screen *s, json_t *node)
{
	static const char *const marks[] = { "standby", "maintenance", "stopping" };

	for (size_t i = 0; i < 3; i++) {
		if (!flag(node, marks[i]))
			continue;
		lines_add(&s->text, " ");
		screen_say(s, TONE_WARN, marks[i], 0);
	}
	if (!strcmp(get(node, "state"), "online") && !flag(node, "connected")) {
		lines_add(&s->text, " ");
		screen_say(s, TONE_WARN, "agent not connected", 0);
	}
}

static void screen_node(struct screen *s, json_t *node, size_t width)
{
	const char *state = get(node, "state");
	json_int_t incarnation = json_integer_value(json_object_get(node, "incarnation"));
	owned(free) char *life = own_printf("%" JSON_INTEGER_FORMAT, incarnation);

	lines_add(&s->text, "  ");
	screen_say(s, TONE_PLAIN, get(node, "name"), width);
	lines_add(&s->text, "  ");
	screen_say(s, node_tone(state), state, 9);
	lines_add(&s->text, "  ");
	screen_say(s, TONE_DIM, incarnation ? life : "-", 11);
	node_links(s, node);
	node_marks(s, node);
	lines_add(&s->text, "\n");
	if (*get(node, "why"))
		lines_add(&s->text, "  %*s  why: %s\n", (int)width, "", get(node, "why"));
	if (*get(node, "todo")) {
		lines_add(&s->text, "  %*s  ", (int)width, "");
		screen_say(s, TONE_BAD, "to do: ", 0);
		lines_add(&s->text, "%s\n", get(node, "todo"));
	}
}

static void screen_nodes(struct screen *s, json_t *nodes)
{
	size_t i, width = column(nodes, "name", 4), links = 0;
	json_t *node;

	json_array_foreach (nodes, i, node) {
		size_t n = json_array_size(json_object_get(node, "links"));

		links = n > links ? n : links;
	}
	lines_add(&s->text, "%s  ", tone_code(s, TONE_HEAD));
	lines_pad(&s->text, "node", width);
	lines_add(&s->text, "  state      incarnation");
	for (i = 0; i < links; i++)
		lines_add(&s->text, " link %zu", i);
	lines_add(&s->text, "%s\n", tone_end(s, TONE_HEAD));
	json_array_foreach (nodes, i, node)
		screen_node(s, node, width);
}

/* ---- resources
 * ------------------------------------------------------------------------------------ */

static void resource_place(struct screen *s, json_t *resource)
{
	json_t *on = json_object_get(resource, "on"), *place;
	size_t i;

	if (!json_array_size(on))
		screen_say(s, TONE_BAD, "stopped", 0);
	json_array_foreach (on, i, place) {
		const char *state = get(place, "state");
		bool good = !strcmp(state, "started") || !strcmp(state, "promoted") ||
			    !strcmp(state, "unpromoted");

		lines_add(&s->text, "%s", i ? ", " : "");
		screen_say(s, good ? TONE_GOOD : TONE_BAD, state, 0);
		lines_add(&s->text, " on %s", get(place, "node"));
	}
	if (*get(resource, "why"))
		lines_add(&s->text, ": %s", get(resource, "why"));
}

static void resource_failures(struct screen *s, json_t *resource)
{
	const char *node;
	json_t *n;

	json_object_foreach (json_object_get(resource, "failures"), node, n) {
		json_int_t count = json_integer_value(n);
		owned(free) char *failed =
			count >= 1000000 ? own_printf("failed on %s, not tried there again", node)
					 : own_printf("failed %" JSON_INTEGER_FORMAT "x on %s",
						   count, node);

		lines_add(&s->text, "; ");
		screen_say(s, TONE_WARN, failed, 0);
	}
}

static void screen_resources(struct screen *s, json_t *resources)
{
	size_t i, width = column(resources, "name", 10), type = column(resources, "type", 4);
	const char *group = "";
	json_t *resource;

	lines_add(&s->text, "\n%s  ", tone_code(s, TONE_HEAD));
	lines_pad(&s->text, "resource", width);
	lines_add(&s->text, "  ");
	lines_pad(&s->text, "type", type);
	lines_add(&s->text, "  where%s\n", tone_end(s, TONE_HEAD));
	json_array_foreach (resources, i, resource) {
		const char *clone = get(resource, "clone");
		const char *of = *clone ? clone : get(resource, "group");

		if (*of && strcmp(of, group))
			lines_add(&s->text, "  %s:%s\n", of,
				!*clone                        ? ""
				: flag(resource, "promotable") ? " (promotable clone)"
							       : " (clone)");
		group = of;
		lines_add(&s->text, "  %s", *of ? "  " : "");
		screen_say(s, TONE_PLAIN, get(resource, "name"), width - (*of ? 2 : 0));
		lines_add(&s->text, "  ");
		screen_say(s, TONE_DIM, get(resource, "type"), type);
		lines_add(&s->text, "  ");
		resource_place(s, resource);
		resource_failures(s, resource);
		lines_add(&s->text, "\n");
	}
}

static void screen_actions(struct screen *s, json_t *actions)
{
	json_t *action;
	size_t i;

	lines_add(&s->text, "\n%s  now%s\n", tone_code(s, TONE_HEAD), tone_end(s, TONE_HEAD));
	json_array_foreach (actions, i, action)
		lines_add(&s->text, "  %s: %s%s%s on %s\n",
			flag(action, "running") ? "running" : "next", get(action, "op"),
			*get(action, "resource") ? " of " : "", get(action, "resource"),
			get(action, "node"));
}

/* ---- the verdict
 * ---------------------------------------------------------------------------------- */

struct counts {
	size_t nodes, lost, away, silent, stopped, failed, waiting;
	const char *lost_name, *away_name, *silent_name, *stopped_name;
};

static void count_nodes(struct counts *c, json_t *nodes)
{
	json_t *node, *link;
	size_t i, k;

	c->nodes = json_array_size(nodes);
	json_array_foreach (nodes, i, node) {
		const char *state = get(node, "state");

		if (!strcmp(state, "lost") && !c->lost++)
			c->lost_name = get(node, "name");
		else if (strcmp(state, "lost") && strcmp(state, "online") && !c->away++)
			c->away_name = get(node, "name");
		if (strcmp(state, "online"))
			continue;
		json_array_foreach (json_object_get(node, "links"), k, link)
			if (strcmp(get(link, "state"), "heard") && !c->silent++)
				c->silent_name = get(node, "name");
	}
}

static void count_resources(struct counts *c, json_t *resources)
{
	json_t *resource;
	size_t i;

	json_array_foreach (resources, i, resource) {
		if (!json_array_size(json_object_get(resource, "on")) && !c->stopped++)
			c->stopped_name = get(resource, "name");
		c->failed += json_object_size(json_object_get(resource, "failures")) != 0;
	}
}

static void verdict_part(
	struct lines *t, size_t n, const char *name, const char *one, const char *many)
{
	if (!n)
		return;
	lines_add(t, "%s", t->len ? "; " : "");
	if (n == 1)
		lines_add(t, "%s %s", name, one);
	else
		lines_add(t, "%zu %s", n, many);
}

static void screen_verdict(struct screen *s, json_t *status)
{
	const char *cluster = get(status, "cluster");
	struct counts c = { 0 };
	struct lines t = { 0 };
	enum tone tone;

	count_nodes(&c, json_object_get(status, "nodes"));
	count_resources(&c, json_object_get(status, "resources"));
	verdict_part(&t, c.lost, c.lost_name, "is lost and not proven dead",
		"nodes are lost and not proven dead");
	verdict_part(&t, c.stopped, c.stopped_name, "is not running", "resources are not running");
	verdict_part(&t, c.away, c.away_name, "is not online", "nodes are not online");
	verdict_part(&t, c.silent, c.silent_name, "is silent on one link", "links are silent");
	if (flag(status, "observe"))
		lines_add(&t, "%sobserve mode: what would be done is told, and not done",
			t.len ? "; " : "");
	tone = c.lost || c.stopped ? TONE_BAD : t.len ? TONE_WARN : TONE_GOOD;
	if (!*cluster && !c.nodes) {
		tone = TONE_WARN;
		lines_add(&t, "no configuration yet; picket apply FILE gives one");
	} else if (!flag(status, "leader")) {
		tone = TONE_WARN;
		lines_add(&t, "%sthis controller does not lead: what it shows may be old",
			t.len ? "; " : "");
	}
	if (!t.len)
		lines_add(&t, "%zu node%s, all is well", c.nodes, c.nodes == 1 ? "" : "s");
	lines_add(&s->text, "%s%s%s: ", tone_code(s, TONE_HEAD), *cluster ? cluster : "picket",
		tone_end(s, TONE_HEAD));
	screen_say(s, tone, t.data, 0);
	lines_add(&s->text, "\n");
	lines_done(&t);
}

/* What holds nobody up today, and would when it matters. */
static void screen_faults(struct screen *s, json_t *faults)
{
	json_t *fault;
	size_t i;

	if (json_array_size(faults))
		lines_add(&s->text, "\n  broken\n");
	json_array_foreach (faults, i, fault) {
		lines_add(&s->text, "  ");
		screen_say(s, TONE_BAD, json_string_value(fault), 0);
		lines_add(&s->text, "\n");
	}
}

char *screen_status(json_t *status, bool colour)
{
	struct screen s = { .colour = colour };
	json_t *nodes = json_object_get(status, "nodes");
	json_t *resources = json_object_get(status, "resources");
	json_t *actions = json_object_get(status, "actions");
	owned(free) char *line = own_printf("controller %s%s, term %" JSON_INTEGER_FORMAT
					    ", revision %" JSON_INTEGER_FORMAT "\n",
		get(status, "controller"), flag(status, "leader") ? " leads" : "",
		json_integer_value(json_object_get(status, "term")),
		json_integer_value(json_object_get(status, "revision")));

	screen_verdict(&s, status);
	screen_say(&s, TONE_DIM, line, 0);
	if (json_array_size(nodes)) {
		lines_add(&s.text, "\n");
		screen_nodes(&s, nodes);
	}
	if (json_array_size(resources))
		screen_resources(&s, resources);
	if (json_array_size(actions))
		screen_actions(&s, actions);
	screen_faults(&s, json_object_get(status, "faults"));
	return s.text.data;
}

/* ---- events
 * --------------------------------------------------------------------------------------- */

static enum tone event_tone(const char *kind)
{
	static const char *const bad[] = { "node-lost", "fence-failed", "operation-failed",
		"configuration-refused", "node-refused", "order-unanswered", "fence-test-failed",
		"fault" };
	static const char *const good[] = { "node-online", "node-dead", "fence-off", "link-heard",
		"configured" };
	static const char *const warn[] = { "node-suspected", "link-silent", "node-blocked",
		"fence-started" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (!strcmp(kind, bad[i]))
			return TONE_BAD;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!strcmp(kind, good[i]))
			return TONE_GOOD;
	for (size_t i = 0; i < sizeof(warn) / sizeof(*warn); i++)
		if (!strcmp(kind, warn[i]))
			return TONE_WARN;
	return TONE_PLAIN;
}

char *screen_event(json_t *event, long offset_s, bool colour)
{
	struct screen s = { .colour = colour };
	int64_t ms =
		json_integer_value(json_object_get(event, "time_ms")) + (int64_t)offset_s * 1000;
	int64_t day = (ms % 86400000 + 86400000) % 86400000;

	lines_add(&s.text, "%02d:%02d:%02d.%03d  ", (int)(day / 3600000), (int)(day / 60000 % 60),
		(int)(day / 1000 % 60), (int)(day % 1000));
	screen_say(&s, event_tone(get(event, "kind")), get(event, "kind"), 18);
	lines_add(&s.text, " %s", get(event, "text"));
	return s.text.data;
}
