/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <picket/limits.h>

#include "base/frame.h"
#include "base/own.h"
#include "edge/identity.h"
#include "edge/link.h"
#include "edge/link_message.h"
#include "edge/transport.h"

#define LINK_ADDRESSES_MAX 8
#define LINK_HELLO_MS 5000
#define LINK_OUTPUT_MAX (4 * (size_t)PICKET_FRAME_MAX)

/* One agent's connection: nameless until its hello. */
struct link_peer {
	struct link *link;
	struct transport *transport;
	struct frame frame;
	uv_timer_t timer; /* for the hello */
	char node[PICKET_NAME_MAX + 1]; /* of a controller: with LINK_CONTROLLER before it */
	bool gone; /* freed once the timer is closed */
	struct link_peer *next;
};

struct link {
	uv_loop_t *loop;
	struct identity *identity;
	struct link_handler handler;
	void *ctx;
	struct transport_listener *listeners[LINK_ADDRESSES_MAX];
	size_t n_listeners;
	struct link_peer *first;
	unsigned patience_ms; /* with controllers */
};

static struct link_peer *link_find(const struct link *link, const char *node)
{
	for (struct link_peer *p = link->first; p; p = p->next)
		if (!p->gone && !strcmp(p->node, node))
			return p;
	return NULL;
}

static void peer_on_timer_closed(uv_handle_t *handle)
{
	struct link_peer *p = handle->data;

	frame_done(&p->frame);
	free(p);
}

/* Takes a connection out of the list; its memory goes when the loop has turned. */
static void peer_remove(struct link_peer *p)
{
	struct link_peer **at = &p->link->first;

	p->gone = true;
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	uv_close((uv_handle_t *)&p->timer, peer_on_timer_closed);
}

static void peer_end(struct link_peer *p, const char *why)
{
	struct link *link = p->link;

	if (p->gone)
		return;
	transport_close(give(p->transport));
	peer_remove(p);
	if (*p->node)
		link->handler.on_down(link->ctx, p->node, why);
}

static int peer_hello(struct link_peer *p, json_t *message)
{
	const char *type = json_string_value(json_object_get(message, "type"));
	const char *node = json_string_value(json_object_get(message, "node"));
	const char *controller = json_string_value(json_object_get(message, "controller"));
	const char *name = controller ? controller : node;
	struct link *link = p->link;
	char known[sizeof(p->node)];
	struct link_peer *old;

	if (!type || strcmp(type, "hello") || !name || !*name || strlen(name) >= PICKET_NAME_MAX)
		return -EBADMSG;
	if (!transport_peer_named(p->transport, name) ||
		!(transport_peer_roles(p->transport) &
			(controller ? IDENTITY_CONTROLLER : IDENTITY_NODE)))
		return -EACCES;
	uv_timer_stop(&p->timer);
	if (controller && link->patience_ms)
		transport_patience(p->transport, link->patience_ms);
	snprintf(known, sizeof(known), "%s%s", controller ? LINK_CONTROLLER : "", name);
	old = link_find(link, known);
	if (old)
		peer_end(old, "connected anew");
	memcpy(p->node, known, sizeof(known));
	link->handler.on_up(link->ctx, p->node, message);
	return p->gone ? -ECANCELED : 0;
}

static int peer_on_message(void *ctx, uint8_t *data, size_t len)
{
	struct link_peer *p = ctx;
	json_t *message = link_message_load(data, len);
	int r = 0;

	if (!message)
		return -EBADMSG;
	if (!*p->node)
		r = peer_hello(p, message);
	else
		p->link->handler.on_message(p->link->ctx, p->node, message);
	json_decref(message);
	return p->gone ? -ECANCELED : r;
}

static const char *link_why(int error)
{
	switch (error) {
	case -EMSGSIZE:
		return "message too long";
	case -EACCES:
		return "hello names another node than the certificate";
	default:
		return "not a message";
	}
}

static void peer_on_read(void *ctx, struct transport *transport, const uint8_t *data, size_t len)
{
	struct link_peer *p = ctx;
	int r;

	if (p->gone)
		return;
	r = frame_feed(&p->frame, data, len, peer_on_message, p);
	if (r && !p->gone)
		peer_end(p, link_why(r));
}

static void peer_on_close(void *ctx, struct transport *transport, const char *why)
{
	struct link_peer *p = ctx;

	p->transport = NULL;
	peer_end(p, why);
}

static void peer_on_hello_late(uv_timer_t *timer)
{
	peer_end(timer->data, "no hello in time");
}

static void link_on_open(void *ctx, struct transport *transport)
{
	static const struct transport_handler handler = {
		.on_read = peer_on_read,
		.on_close = peer_on_close,
	};
	struct link *link = ctx;
	struct link_peer *p = own_new(struct link_peer);

	p->link = link;
	p->transport = transport;
	frame_init(&p->frame, PICKET_FRAME_MAX);
	uv_timer_init(link->loop, &p->timer);
	p->timer.data = p;
	uv_timer_start(&p->timer, peer_on_hello_late, LINK_HELLO_MS, 0);
	p->next = link->first;
	link->first = p;
	transport_adopt(transport, &handler, p);
}

static void link_on_unopened(void *ctx, struct transport *transport, const char *why)
{
	/* A stranger, or a broken handshake: no node has gone. The transport has said no. */
}

int link_listen_also(struct link *link, const char *address)
{
	static const struct transport_handler handler = {
		.on_open = link_on_open,
		.on_close = link_on_unopened,
	};
	struct transport_config config = {
		.identity = link->identity,
		.role = IDENTITY_NODE | IDENTITY_CONTROLLER,
		.output_max = LINK_OUTPUT_MAX,
		.connections_max = 2 * PICKET_NODES_MAX,
	};
	int r;

	if (link->n_listeners == LINK_ADDRESSES_MAX)
		return -ENOSPC;
	r = transport_listen(
		link->loop, address, &config, &handler, link, &link->listeners[link->n_listeners]);
	link->n_listeners += !r;
	return r;
}

int link_listen(uv_loop_t *loop, struct identity *identity, const char *address,
	const struct link_handler *handler, void *ctx, struct link **ret)
{
	struct link *link = own_new(struct link);
	int r;

	link->loop = loop;
	link->identity = identity;
	link->handler = *handler;
	link->ctx = ctx;
	r = link_listen_also(link, address);
	if (r) {
		free(link);
		return r;
	}
	*ret = link;
	return 0;
}

unsigned link_port(const struct link *link)
{
	return transport_listener_port(link->listeners[0]);
}

int link_send(struct link *link, const char *node, json_t *message)
{
	struct link_peer *p = link_find(link, node);

	return p ? link_message_write(p->transport, message) : -ENOTCONN;
}

int link_key(struct link *link, const char *node, uint32_t epoch, uint8_t ret[LINK_KEY_LEN])
{
	struct link_peer *p = link_find(link, node);

	return p ? link_message_key(p->transport, epoch, ret) : -ENOTCONN;
}

void link_drop(struct link *link, const char *node, const char *why)
{
	struct link_peer *p = link_find(link, node);

	if (p)
		peer_end(p, why);
}

void link_patience(struct link *link, unsigned ms)
{
	link->patience_ms = ms;
}

void link_free(struct link *link)
{
	if (!link)
		return;
	while (link->first) {
		struct link_peer *p = link->first;

		transport_close(give(p->transport));
		peer_remove(p);
	}
	for (size_t i = 0; i < link->n_listeners; i++)
		transport_listener_free(link->listeners[i]);
	free(link);
}
