/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transport: a byte stream over TLS 1.3, both ends known by certificate, on a libuv loop. */
#ifndef EDGE_TRANSPORT_H
#define EDGE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

struct identity;
struct transport;
struct transport_listener;

/* on_close is the last call about a transport, which is freed after it; it is not called for
 * transport_close() by its owner. Every callback may call transport_close(). */
struct transport_handler {
	void (*on_open)(void *ctx, struct transport *transport); /* handshake done, peer checked */
	void (*on_read)(void *ctx, struct transport *transport, const uint8_t *data, size_t len);
	void (*on_drain)(
		void *ctx, struct transport *transport); /* all output is gone; may be NULL */
	void (*on_close)(void *ctx, struct transport *transport, const char *why);
};

struct transport_config {
	struct identity *identity;
	const char *bind; /* source "address:port" or "address" for connect; NULL: any */
	const char *peer; /* the name the other end must show; NULL: any */
	unsigned role;    /* a bit of enum identity_role that the other end must show; 0: any */
	unsigned handshake_ms;    /* TCP and TLS together; 0: 5000 */
	unsigned user_timeout_ms; /* unacknowledged data or probes for so long end it; 0: 10000 */
	size_t output_max; /* a reader that leaves more bytes than this is dropped; 0: 8 MiB */
	unsigned connections_max; /* of a listener, handshakes included; 0: 1024 */
};

/* Address: "192.0.2.1:7407", "[2001:db8::1]:7407", "host:7407". Returns at once; on_open or
 * on_close tells. -EINVAL: not an address. */
int transport_connect(uv_loop_t *loop, const char *address, const struct transport_config *config,
	const struct transport_handler *handler, void *ctx, struct transport **ret);
/* Each accepted connection calls on_open with the listener's ctx; transport_adopt() moves it on.
 * -EADDRINUSE, -EADDRNOTAVAIL, -EACCES as from bind(). */
int transport_listen(uv_loop_t *loop, const char *address, const struct transport_config *config,
	const struct transport_handler *handler, void *ctx, struct transport_listener **ret);
unsigned transport_listener_port(const struct transport_listener *listener);
/* Also closes the connections that nobody adopted. */
void transport_listener_free(struct transport_listener *listener);

/* user_timeout_ms of an open transport, from now on. */
void transport_patience(struct transport *transport, unsigned ms);
void transport_adopt(
	struct transport *transport, const struct transport_handler *handler, void *ctx);
/* 0; -ENOBUFS: the reader was too slow and the transport is being closed (on_close follows);
 * -ENOTCONN: not open. Data is copied. */
int transport_write(struct transport *transport, const void *data, size_t len);
size_t transport_pending(const struct transport *transport); /* bytes not yet given to the kernel */
void transport_pause(
	struct transport *transport, bool paused); /* stops reading from the other end */
/* Says goodbye and lets go: no callback follows. NULL is fine. */
void transport_close(struct transport *transport);

const char *transport_peer(const struct transport *transport);   /* CN of the other end */
const char *transport_remote(const struct transport *transport); /* its "address:port" */
bool transport_peer_named(const struct transport *transport, const char *name);
unsigned transport_peer_roles(const struct transport *transport);
/* RFC 8446 section 7.5: the same bytes at both ends, and nowhere else. -ENOTCONN before on_open. */
int transport_export(struct transport *transport, const char *label, const void *context,
	size_t context_len, uint8_t *ret, size_t len);

#endif
