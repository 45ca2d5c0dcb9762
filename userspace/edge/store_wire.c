/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <jansson.h>

#include <picket/limits.h>

#include "base/frame.h"
#include "base/own.h"
#include "edge/identity.h"
#include "edge/store_inside.h"
#include "edge/transport.h"

#define WIRE_HELLO_MAX 4096
#define WIRE_HANDSHAKE_MS 2000
#define WIRE_QUEUE_MAX (4 << 20) /* bytes on the way in one direction before reading stops */
#define WIRE_READ_SIZE 65536
#define WIRE_VERSION 1

/*
 * The library wants a plain stream for each connection. It gets one end of a socket pair; from the
 * other end (near) bytes go through TLS to the other voter, and back.
 */
struct relay {
	struct store_wire *wire;
	struct transport *transport;
	struct raft_uv_connect *connect; /* until the library has its answer */
	uv_pipe_t near;
	bool near_open, ended, held; /* held: near is not read until TLS has drained */
	struct frame hello;
	struct relay *next, **link;
};

struct store_wire {
	struct store *store;
	struct identity *identity;
	char *address;
	struct transport_listener *listener;
	struct relay *first;
	raft_uv_accept_cb accept;
	raft_uv_transport_close_cb closed;
	uv_timer_t timer; /* the library hears of the end from the loop */
};

char *store_wire_address(const struct store_peer *peer)
{
	return own_printf("%s@%s", peer->name, peer->address);
}

/* ---- relay
 * ---------------------------------------------------------------------------------------- */

static void relay_free(struct relay *relay)
{
	frame_done(&relay->hello);
	free(relay);
}

static void relay_on_near_closed(uv_handle_t *handle)
{
	relay_free(handle->data);
}

/* Lets go of both sides; the library notices when it reads or writes. */
static void relay_end(struct relay *relay, int status)
{
	struct raft_uv_connect *connect = give(relay->connect);

	if (relay->ended)
		return;
	relay->ended = true;
	*relay->link = relay->next;
	if (relay->next)
		relay->next->link = relay->link;
	transport_close(give(relay->transport));
	if (relay->near_open)
		uv_close((uv_handle_t *)&relay->near, relay_on_near_closed);
	else
		relay_free(relay);
	if (connect)
		connect->cb(connect, NULL, status);
}

static struct relay *relay_new(struct store_wire *wire)
{
	struct relay *relay = own_new(struct relay);

	relay->wire = wire;
	relay->near.data = relay;
	frame_init(&relay->hello, WIRE_HELLO_MAX);
	relay->next = wire->first;
	relay->link = &wire->first;
	if (relay->next)
		relay->next->link = &relay->next;
	wire->first = relay;
	return relay;
}

struct relay_output {
	uv_write_t request;
	struct relay *relay;
	uint8_t data[];
};

static void relay_on_given(uv_write_t *request, int status)
{
	struct relay_output *output = request->data;
	struct relay *relay = output->relay;

	free(output);
	if (relay->ended)
		return;
	if (status)
		relay_end(relay, RAFT_NOCONNECTION);
	else if (uv_stream_get_write_queue_size((uv_stream_t *)&relay->near) < WIRE_QUEUE_MAX / 2)
		transport_pause(relay->transport, false);
}

/* From the other voter to the library. */
static void relay_give(struct relay *relay, const uint8_t *data, size_t len)
{
	struct relay_output *output = own_alloc(sizeof(*output) + len);
	uv_buf_t buf = uv_buf_init((char *)output->data, (unsigned)len);

	memcpy(output->data, data, len);
	output->relay = relay;
	output->request.data = output;
	if (uv_write(&output->request, (uv_stream_t *)&relay->near, &buf, 1, relay_on_given)) {
		free(output);
		relay_end(relay, RAFT_NOCONNECTION);
		return;
	}
	if (uv_stream_get_write_queue_size((uv_stream_t *)&relay->near) > WIRE_QUEUE_MAX)
		transport_pause(relay->transport, true);
}

static void relay_on_near_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	*buf = uv_buf_init(own_alloc(WIRE_READ_SIZE), WIRE_READ_SIZE);
}

/* From the library to the other voter. */
static void relay_on_near_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct relay *relay = stream->data;
	int r = 0;

	if (n > 0)
		r = transport_write(relay->transport, buf->base, (size_t)n);
	free(buf->base);
	if (n < 0 || r) {
		relay_end(relay, RAFT_NOCONNECTION);
	} else if (transport_pending(relay->transport) > WIRE_QUEUE_MAX / 2) {
		relay->held = true;
		uv_read_stop(stream);
	}
}

static void relay_on_drain(void *ctx, struct transport *transport)
{
	struct relay *relay = ctx;

	if (!relay->held || !relay->near_open)
		return;
	relay->held = false;
	uv_read_start((uv_stream_t *)&relay->near, relay_on_near_alloc, relay_on_near_read);
}

/* Makes the pair and returns the library's end, which it will close and free(). */
static struct uv_stream_s *relay_pair(struct relay *relay)
{
	uv_loop_t *loop = &relay->wire->store->loop;
	uv_pipe_t *far;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd))
		return NULL;
	far = raft_malloc(sizeof(*far));
	uv_pipe_init(loop, far, 0);
	uv_pipe_open(far, fd[0]);
	uv_pipe_init(loop, &relay->near, 0);
	uv_pipe_open(&relay->near, fd[1]);
	relay->near_open = true;
	uv_read_start((uv_stream_t *)&relay->near, relay_on_near_alloc, relay_on_near_read);
	return (struct uv_stream_s *)far;
}

static void relay_on_close(void *ctx, struct transport *transport, const char *why)
{
	struct relay *relay = ctx;

	relay->transport = NULL;
	relay_end(relay, RAFT_NOCONNECTION);
}

/* ---- going out
 * -------------------------------------------------------------------------------------- */

static void relay_say_hello(struct relay *relay)
{
	owned(free) char *text = own_printf("....{\"version\":%d,\"id\":%u,\"address\":\"%s\"}",
		WIRE_VERSION, relay->wire->store->id, relay->wire->address);

	frame_header((uint8_t *)text, strlen(text + FRAME_HEADER));
	transport_write(relay->transport, text, FRAME_HEADER + strlen(text + FRAME_HEADER));
}

static void relay_on_connected(void *ctx, struct transport *transport)
{
	struct relay *relay = ctx;
	struct raft_uv_connect *connect;
	struct uv_stream_s *far;

	relay_say_hello(relay);
	far = relay_pair(relay);
	if (!far) {
		relay_end(relay, RAFT_NOCONNECTION);
		return;
	}
	connect = give(relay->connect);
	connect->cb(connect, far, 0);
}

static void relay_on_answer(void *ctx, struct transport *transport, const uint8_t *data, size_t len)
{
	struct relay *relay = ctx;

	relay_give(relay, data, len);
}

static int wire_connect(struct raft_uv_transport *t, struct raft_uv_connect *connect, raft_id id,
	const char *address, raft_uv_connect_cb cb)
{
	static const struct transport_handler handler = {
		.on_open = relay_on_connected,
		.on_read = relay_on_answer,
		.on_drain = relay_on_drain,
		.on_close = relay_on_close,
	};
	struct store_wire *wire = t->impl;
	const char *at = strchr(address, '@');
	owned(free) char *name = at ? strndup(address, (size_t)(at - address)) : NULL;
	struct transport_config config = {
		.identity = wire->identity,
		.peer = name,
		.role = IDENTITY_CONTROLLER,
		.handshake_ms = WIRE_HANDSHAKE_MS,
		.user_timeout_ms = 3 * wire->store->election_ms,
		.output_max = 4 * (size_t)WIRE_QUEUE_MAX,
	};
	struct relay *relay;

	if (!wire->listener || !name)
		return RAFT_NOCONNECTION;
	relay = relay_new(wire);
	if (transport_connect(
		    &wire->store->loop, at + 1, &config, &handler, relay, &relay->transport)) {
		relay_end(relay, 0);
		return RAFT_NOCONNECTION;
	}
	connect->cb = cb;
	relay->connect = connect;
	return 0;
}

/* ---- coming in
 * -------------------------------------------------------------------------------------- */

/* A voter is believed to be who its certificate says. Whom we know by that id must have that name;
 * whom we do not know may have been added while we were away. */
static bool wire_believes(struct relay *relay, raft_id id, const char *address)
{
	const struct raft_configuration *c = &relay->wire->store->raft.configuration;
	size_t name = strcspn(address, "@");
	owned(free) char *copy = strndup(address, name);

	if (!address[name] || !id || id == relay->wire->store->id ||
		!transport_peer_named(relay->transport, copy))
		return false;
	for (unsigned i = 0; i < c->n; i++)
		if (c->servers[i].id == id && strncmp(c->servers[i].address, address, name + 1))
			return false;
	return true;
}

/* 1: the greeting is complete; what follows it is the library's. */
static int relay_on_hello(void *ctx, uint8_t *data, size_t len)
{
	struct relay *relay = ctx;
	struct store_wire *wire = relay->wire;
	json_t *hello = json_loadb((const char *)data, len, 0, NULL);
	raft_id id = (raft_id)json_integer_value(json_object_get(hello, "id"));
	const char *address = json_string_value(json_object_get(hello, "address"));
	bool known = json_integer_value(json_object_get(hello, "version")) == WIRE_VERSION;
	struct uv_stream_s *far = NULL;

	if (known && address && wire->accept && wire_believes(relay, id, address))
		far = relay_pair(relay);
	if (far)
		wire->accept(&wire->store->transport, id, address, far);
	json_decref(hello);
	return far ? 1 : -EACCES;
}

static void relay_on_read(void *ctx, struct transport *transport, const uint8_t *data, size_t len)
{
	struct relay *relay = ctx;
	int r;

	if (relay->near_open) {
		relay_give(relay, data, len);
		return;
	}
	r = frame_feed(&relay->hello, data, len, relay_on_hello, relay);
	if (r < 0) {
		relay_end(relay, 0);
	} else if (r == 1 && relay->hello.len) {
		relay_give(relay, relay->hello.data, relay->hello.len);
		relay->hello.len = 0;
	}
}

static void wire_on_open(void *ctx, struct transport *transport)
{
	static const struct transport_handler handler = {
		.on_read = relay_on_read,
		.on_drain = relay_on_drain,
		.on_close = relay_on_close,
	};
	struct relay *relay = relay_new(ctx);

	relay->transport = transport;
	transport_adopt(transport, &handler, relay);
}

static void wire_on_unopened(void *ctx, struct transport *transport, const char *why)
{
	/* A stranger knocked. */
}

/* ---- what the library calls
 * ------------------------------------------------------------------------- */

static int wire_init(struct raft_uv_transport *t, raft_id id, const char *address)
{
	struct store_wire *wire = t->impl;

	free(wire->address);
	wire->address = own_string(address);
	return 0;
}

static int wire_listen(struct raft_uv_transport *t, raft_uv_accept_cb accept)
{
	struct store_wire *wire = t->impl;

	wire->accept = accept;
	return 0;
}

static void wire_on_closed(uv_timer_t *timer)
{
	struct store_wire *wire = timer->data;

	uv_close((uv_handle_t *)timer, NULL);
	wire->closed(&wire->store->transport);
}

static void wire_hang_up(struct store_wire *wire)
{
	wire->accept = NULL;
	transport_listener_free(give(wire->listener));
	while (wire->first)
		relay_end(wire->first, RAFT_CANCELED);
}

static void wire_close(struct raft_uv_transport *t, raft_uv_transport_close_cb cb)
{
	struct store_wire *wire = t->impl;

	wire_hang_up(wire);
	wire->closed = cb;
	uv_timer_start(&wire->timer, wire_on_closed, 0, 0);
}

int store_wire_open(struct store *store, const struct store_config *config, char **why)
{
	static const struct transport_handler handler = {
		.on_open = wire_on_open,
		.on_close = wire_on_unopened,
	};
	struct transport_config transport = {
		.identity = config->identity,
		.role = IDENTITY_CONTROLLER,
		.user_timeout_ms = 3 * store->election_ms,
		.output_max = 4 * (size_t)WIRE_QUEUE_MAX,
		.connections_max = 8 * PICKET_CONTROLLERS_MAX,
	};
	struct store_wire *wire = own_new(struct store_wire);
	int r = 0;

	wire->store = store;
	wire->identity = config->identity;
	uv_timer_init(&store->loop, &wire->timer);
	wire->timer.data = wire;
	store->wire = wire;
	store->transport = (struct raft_uv_transport){
		.version = 1,
		.impl = wire,
		.init = wire_init,
		.listen = wire_listen,
		.connect = wire_connect,
		.close = wire_close,
	};
	if (config->listen)
		r = transport_listen(
			&store->loop, config->listen, &transport, &handler, wire, &wire->listener);
	if (r)
		*why = own_printf("listening for voters on %s: %s", config->listen, strerror(-r));
	return r;
}

void store_wire_close(struct store *store)
{
	if (!store->wire)
		return;
	wire_hang_up(store->wire);
	if (!uv_is_closing((uv_handle_t *)&store->wire->timer))
		uv_close((uv_handle_t *)&store->wire->timer, NULL);
}

void store_wire_free(struct store *store)
{
	if (!store->wire)
		return;
	free(store->wire->address);
	free(store->wire);
}
