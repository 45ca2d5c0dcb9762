/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Link: JSON messages between an agent and the controllers, each a frame over TLS. */
#ifndef EDGE_LINK_H
#define EDGE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <uv.h>

#define LINK_KEY_LABEL "EXPORTER-picket-heartbeat"
#define LINK_KEY_LEN 16

struct identity;

/*
 * The controllers' side. A node is up when its first message was a hello that names the node its
 * certificate names; the hello itself is handed to on_up. A second connection of the same node
 * takes the place of the first (on_down, then on_up). Messages are borrowed for the call.
 * Another controller's hello names a controller, and its certificate says that it is one: it comes
 * with LINK_CONTROLLER before its name, which no node's name can have.
 */
#define LINK_CONTROLLER "@"

struct link;
struct link_handler {
	void (*on_up)(void *ctx, const char *node, json_t *hello);
	void (*on_message)(void *ctx, const char *node, json_t *message);
	void (*on_down)(void *ctx, const char *node, const char *why);
};

int link_listen(uv_loop_t *loop, struct identity *identity, const char *address,
	const struct link_handler *handler, void *ctx, struct link **ret);
/* One more address of the same door (a second link of the host). */
int link_listen_also(struct link *link, const char *address);
unsigned link_port(const struct link *link); /* of the first address: a test asks for port 0 */
/* 0; -ENOTCONN: the node is not up; -ENOBUFS: it did not read and is being dropped;
 * -EMSGSIZE: larger than PICKET_FRAME_MAX. The message is borrowed. */
int link_send(struct link *link, const char *node, json_t *message);
/* Heartbeat key of a node's present connection: key_epoch little-endian is the exporter's context.
 * -ENOTCONN. */
int link_key(struct link *link, const char *node, uint32_t epoch, uint8_t ret[LINK_KEY_LEN]);
/* Drops a node's connection, after what was sent; on_down follows. */
void link_drop(struct link *link, const char *node, const char *why);
/* So long may controllers be silent towards TCP's own questions; 0: 10 s. */
void link_patience(struct link *link, unsigned ms);
void link_free(struct link *link); /* no callbacks */

/*
 * The agent's side: one connection to each controller, kept up for ever with growing pauses
 * (100 ms to 5 s, spread). on_up comes before hello: the agent sends it.
 */
struct link_client;
struct link_controller {
	const char *name;    /* what its certificate must say; NULL: any controller's */
	const char *address; /* "host:port"; NULL: not to be called, it is one of the others */
};
struct link_client_handler {
	void (*on_up)(void *ctx, unsigned controller);
	void (*on_message)(void *ctx, unsigned controller, json_t *message);
	void (*on_down)(
		void *ctx, unsigned controller, const char *why); /* also for each failed attempt */
};

int link_client_new(uv_loop_t *loop, struct identity *identity, const char *bind,
	const struct link_controller *controllers, size_t n,
	const struct link_client_handler *handler, void *ctx, struct link_client **ret);
/* How long a controller may be silent towards TCP's own questions; 0: 10 s. From the next
 * connection on. */
void link_client_patience(struct link_client *client, unsigned ms);
/* The longest pause between two attempts to reach a controller; 5 s unless told otherwise. */
void link_client_pause(struct link_client *client, unsigned most_ms);
bool link_client_up(const struct link_client *client, unsigned controller);
int link_client_send(
	struct link_client *client, unsigned controller, json_t *message); /* like link_send */
int link_client_key(
	struct link_client *client, unsigned controller, uint32_t epoch, uint8_t ret[LINK_KEY_LEN]);
/* Another controller in that place, from now on; NULL: none. The same as before changes nothing; the
 * connection to another one ends, and on_down follows. -EINVAL: no such place. */
int link_client_set(
	struct link_client *client, unsigned controller, const struct link_controller *is);
void link_client_free(struct link_client *client); /* no callbacks */

#endif
