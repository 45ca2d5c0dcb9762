/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A controller without a mind of its own, for tests of picket-agent: real link, real heartbeat.
 *
 *   controller PKI ADDRESS:PORT PIN-PREFIX INTERFACE NODE-ID LEASE-MS INTERVAL-US
 *
 * Reads one JSON object a line: {"welcome": {...}} what the next hello is answered with,
 * {"send": {...}} a message to the node, {"grant": true|false}, {"drop": true}.
 * Writes one a line: what the node says, {"event": "up"|"down"}, {"lease": "heard"|"silent"}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>
#include <uv.h>

#include "base/own.h"
#include "edge/heartbeat.h"
#include "edge/identity.h"
#include "edge/link.h"

#define CLUSTER 0x7065ULL

struct controller {
	uv_loop_t loop;
	struct link *link;
	struct heartbeat *heartbeat;
	json_t *welcome;
	char *node;
	uint32_t node_id, epoch, interval_us;
	uint64_t lease_ns;
	bool grant;
	char line[1 << 20];
	size_t len;
	uv_timer_t timer;
	uv_poll_t input;
};

static void say(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	puts(text);
	fflush(stdout);
	free(text);
	json_decref(object);
}

static void on_event(void *ctx, const struct picket_event *event)
{
	if (event->kind == PICKET_EVENT_HEARD || event->kind == PICKET_EVENT_SILENT)
		say(json_pack(
			"{s:s}", "lease", event->kind == PICKET_EVENT_HEARD ? "heard" : "silent"));
}

static void on_timer(uv_timer_t *timer)
{
	struct controller *c = timer->data;
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	heartbeat_grant_until(c->heartbeat,
		c->grant ? (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + c->lease_ns
			 : 0);
}

static void on_up(void *ctx, const char *node, json_t *hello)
{
	struct controller *c = ctx;
	json_t *welcome = json_deep_copy(c->welcome);
	struct heartbeat_node config = { .key_epoch = ++c->epoch,
		.admitted = true,
		.incarnation =
			(uint64_t)json_integer_value(json_object_get(welcome, "incarnation")),
		.interval_us = c->interval_us,
		.misses = 4,
		.links_mask = 1 };

	free(c->node);
	c->node = own_string(node);
	say(json_pack("{s:s, s:O}", "event", "up", "hello", hello));
	if (!welcome)
		return;
	if (link_key(c->link, node, config.key_epoch, config.key) ||
		heartbeat_node_set(c->heartbeat, c->node_id, &config))
		abort();
	json_object_set_new(welcome, "type", json_string("welcome"));
	json_object_set_new(welcome, "node", json_integer(c->node_id));
	json_object_set_new(welcome, "cluster", json_integer(CLUSTER));
	json_object_set_new(welcome, "key_epoch", json_integer(config.key_epoch));
	json_object_set_new(welcome, "interval_us", json_integer(c->interval_us));
	json_object_set_new(welcome, "lease_ns", json_integer((json_int_t)c->lease_ns));
	link_send(c->link, node, welcome);
	json_decref(welcome);
}

static void on_message(void *ctx, const char *node, json_t *message)
{
	say(json_incref(message));
}

static void on_down(void *ctx, const char *node, const char *why)
{
	say(json_pack("{s:s, s:s}", "event", "down", "why", why));
}

static void command(struct controller *c, json_t *line)
{
	json_t *value;

	if ((value = json_object_get(line, "welcome"))) {
		json_decref(c->welcome);
		c->welcome = json_incref(value);
	}
	if ((value = json_object_get(line, "send")) && c->node)
		say(json_pack("{s:i}", "sent", link_send(c->link, c->node, value)));
	if ((value = json_object_get(line, "grant"))) {
		c->grant = json_is_true(value);
		on_timer(&c->timer);
	}
	if (json_object_get(line, "drop") && c->node)
		link_drop(c->link, c->node, "test");
}

static void on_input(uv_poll_t *poll, int status, int events)
{
	struct controller *c = poll->data;
	ssize_t n = read(STDIN_FILENO, c->line + c->len, sizeof(c->line) - c->len - 1);
	char *end;

	if (n <= 0) {
		uv_stop(&c->loop);
		return;
	}
	c->len += (size_t)n;
	c->line[c->len] = '\0';
	while ((end = memchr(c->line, '\n', c->len))) {
		json_t *line = json_loadb(c->line, (size_t)(end - c->line), 0, NULL);

		if (!line)
			abort();
		command(c, line);
		json_decref(line);
		c->len -= (size_t)(end + 1 - c->line);
		memmove(c->line, end + 1, c->len);
	}
}

int main(int argc, char **argv)
{
	static const struct link_handler handler = { on_up, on_message, on_down };
	static struct controller c;
	struct heartbeat_config config = { .cluster = CLUSTER, .n_ifaces = 1 };
	struct identity *identity;
	char *why = NULL;
	int r;

	if (argc != 8)
		return 2;
	uv_loop_init(&c.loop);
	c.node_id = (uint32_t)atoi(argv[5]);
	c.lease_ns = (uint64_t)atoi(argv[6]) * 1000000;
	c.interval_us = (uint32_t)atoi(argv[7]);
	config.pin_prefix = argv[3];
	config.ifaces = (const char **)&argv[4];
	config.lease_ns = c.lease_ns;
	if (identity_load(argv[1], &identity, &why)) {
		fprintf(stderr, "controller: %s\n", why);
		return 1;
	}
	r = heartbeat_new(&c.loop, &config, on_event, &c, &c.heartbeat);
	if (!r)
		r = link_listen(&c.loop, identity, argv[2], &handler, &c, &c.link);
	if (r) {
		fprintf(stderr, "controller: %s\n", strerror(-r));
		return 1;
	}
	uv_timer_init(&c.loop, &c.timer);
	c.timer.data = c.input.data = &c;
	c.grant = true;
	uv_timer_start(&c.timer, on_timer, 0, c.lease_ns / 4000000);
	uv_poll_init(&c.loop, &c.input, STDIN_FILENO);
	uv_poll_start(&c.input, UV_READABLE, on_input);
	say(json_pack("{s:i}", "port", (int)link_port(c.link)));
	uv_run(&c.loop, UV_RUN_DEFAULT);
	heartbeat_uninstall(&config);
	return 0;
}
