/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/sse.h"

typedef int (*sse_event_fn)(void *ctx, const char *event, const char *id, const char *data);

void sse_init(struct sse *sse)
{
	*sse = (struct sse){ 0 };
}

void sse_done(struct sse *sse)
{
	free(sse->line);
	free(sse->data);
	*sse = (struct sse){ 0 };
}

static int sse_append(char **text, size_t *len, size_t *cap, const char *more, size_t n)
{
	if (*len + n > SSE_EVENT_MAX)
		return -EMSGSIZE;
	if (*len + n + 1 > *cap) {
		*cap = 2 * (*len + n + 1);
		*text = own_array(*text, *cap, 1);
	}
	memcpy(*text + *len, more, n);
	*len += n;
	(*text)[*len] = '\0';
	return 0;
}

static int sse_field(struct sse *sse, char *name)
{
	char *value = strchr(name, ':');
	int r;

	if (value)
		*value++ = '\0';
	else
		value = name + strlen(name);
	if (*value == ' ')
		value++;
	if (!strcmp(name, "event"))
		snprintf(sse->event, sizeof(sse->event), "%s", value);
	else if (!strcmp(name, "id"))
		snprintf(sse->id, sizeof(sse->id), "%s", value);
	if (strcmp(name, "data"))
		return 0; /* comments and what we do not know */
	r = sse_append(&sse->data, &sse->data_len, &sse->data_cap, value, strlen(value));
	return r ? r : sse_append(&sse->data, &sse->data_len, &sse->data_cap, "\n", 1);
}

static int sse_line(struct sse *sse, sse_event_fn on_event, void *ctx)
{
	int r = 0;

	if (sse->line_len) {
		r = sse_field(sse, sse->line);
	} else if (sse->data_len) {
		sse->data[--sse->data_len] = '\0';
		r = on_event(ctx, *sse->event ? sse->event : "message", sse->id, sse->data);
		sse->data_len = 0;
		*sse->event = '\0';
	} else {
		*sse->event = '\0';
	}
	sse->line_len = 0;
	return r;
}

int sse_feed(struct sse *sse, const char *bytes, size_t len, sse_event_fn on_event, void *ctx)
{
	int r = 0;

	for (size_t i = 0; !r && i < len; i++) {
		char c = bytes[i], before = sse->last;

		sse->last = c;
		if (c == '\n' && before == '\r')
			continue;
		if (c == '\n' || c == '\r')
			r = sse_line(sse, on_event, ctx);
		else
			r = sse_append(&sse->line, &sse->line_len, &sse->line_cap, &c, 1);
	}
	return r;
}
