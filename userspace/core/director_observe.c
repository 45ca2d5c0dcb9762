/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Observe mode: what would be done is planned and told, and nothing is done. */
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "core/director_inside.h"
#include "core/model/value.h"

#define CHANGES_MAX 12 /* that one event tells of */

bool director_observes(const struct director *d)
{
	return d->site && value_true(site_property(d->site, "observe", "false"), false);
}

static void change(struct lines *text, const struct plan_change *c)
{
	lines_add(text, "%s%s %s", text->len ? "; " : "", c->action,
		c->resource ? c->resource
		: c->node   ? c->node
			    : "");
	if (c->source && c->dest)
		lines_add(text, " (%s -> %s)", c->source, c->dest);
	else if (c->resource && c->node)
		lines_add(text, " (%s)", c->node);
	if (c->blocked)
		lines_add(text, ", which is blocked");
}

/* Told once: the same wish, again and again, is no news. */
static void tell(struct director *d, const char *node, char *text)
{
	if (d->observed && !strcmp(d->observed, text)) {
		free(text);
		return;
	}
	director_note(d, "would-do", node, NULL, "observe mode: %s", text);
	free(d->observed);
	d->observed = text;
}

void director_observed(struct director *d, const struct plan *plan)
{
	struct lines text = { 0 };

	for (size_t i = 0; i < plan->n_changes && i < CHANGES_MAX; i++)
		change(&text, &plan->changes[i]);
	if (plan->n_changes > CHANGES_MAX)
		lines_add(&text, "; and %zu more", plan->n_changes - CHANGES_MAX);
	if (text.len)
		tell(d, NULL, own_printf("would be done now: %s", text.data));
	else
		tell(d, NULL, own_string("nothing would be done now"));
	free(text.data);
}

/* What its loss would bring about is what the policy says to it. */
void director_observed_loss(struct director *d, const char *node, const char *why)
{
	json_t *wishes = json_pack("{s:{s:s}}", "nodes", node, "down"), *answer = NULL, *c;
	struct lines text = { 0 };
	size_t i;

	if (director_whatif(d, wishes, &answer) == 200)
		json_array_foreach (json_object_get(answer, "changes"), i, c) {
			const char *resource = json_string_value(json_object_get(c, "resource"));

			if (i < CHANGES_MAX && resource)
				lines_add(&text, "; %s %s",
					json_string_value(json_object_get(c, "action")), resource);
		}
	tell(d, node,
		own_printf("%s would be blocked and fenced now (%s)%s", node, why,
			text.data ? text.data : ""));
	free(text.data);
	json_decref(wishes);
	json_decref(answer);
}
