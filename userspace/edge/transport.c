/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include <picket/limits.h>

#include "base/address.h"
#include "base/own.h"
#include "edge/identity.h"
#include "edge/transport.h"

#define TRANSPORT_READ_SIZE 65536
#define TRANSPORT_RECORD_SIZE 16384 /* of TLS: RFC 8446 section 5.1 */
#define TRANSPORT_LINGER_MS 1000    /* for the goodbye of a transport_close() */
#define TRANSPORT_BACKLOG 128

enum transport_state {
	TRANSPORT_CONNECTING, /* resolving included */
	TRANSPORT_HANDSHAKE,
	TRANSPORT_OPEN,
	TRANSPORT_ENDED, /* no callback any more; handles are closing */
};

struct transport {
	uv_tcp_t tcp;
	uv_timer_t timer; /* handshake, then the goodbye */
	uv_getaddrinfo_t resolve;
	uv_connect_t connect;
	uv_shutdown_t shutdown;
	SSL *ssl;
	BIO *in, *out; /* owned by ssl */
	struct transport_handler handler;
	void *ctx;
	enum transport_state state;
	unsigned open_handles; /* tcp, timer, and resolve while it runs */
	bool paused, pumping, adopted;
	unsigned role, user_timeout_ms;
	size_t pending, output_max;
	char *want_peer, *bind;
	char peer[PICKET_NAME_MAX], remote[ADDRESS_TEXT_MAX];
	struct transport_listener *listener;
	struct transport *next, **link; /* in the listener's list */
};

struct transport_listener {
	uv_tcp_t tcp;
	struct identity *identity;
	struct transport_handler handler;
	void *ctx;
	unsigned role, handshake_ms, user_timeout_ms, n, max;
	size_t output_max;
	struct transport *first;
};

struct transport_output {
	uv_write_t request;
	struct transport *transport;
	size_t len;
	uint8_t data[];
};

static void transport_pump(struct transport *t);

/* ---- the end ----------------------------------------------------------------------------------
 */

static void transport_leave_listener(struct transport *t)
{
	if (!t->listener)
		return;
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	t->listener->n--;
	t->listener = NULL;
}

static void transport_handle_gone(struct transport *t)
{
	if (--t->open_handles)
		return;
	SSL_free(t->ssl);
	free(t->want_peer);
	free(t->bind);
	free(t);
}

static void transport_on_handle_closed(uv_handle_t *handle)
{
	transport_handle_gone(handle->data);
}

static void transport_release(struct transport *t)
{
	if (!uv_is_closing((uv_handle_t *)&t->tcp))
		uv_close((uv_handle_t *)&t->tcp, transport_on_handle_closed);
	if (!uv_is_closing((uv_handle_t *)&t->timer))
		uv_close((uv_handle_t *)&t->timer, transport_on_handle_closed);
}

static void transport_fail(struct transport *t, const char *why)
{
	if (t->state == TRANSPORT_ENDED)
		return;
	t->state = TRANSPORT_ENDED;
	transport_leave_listener(t);
	t->handler.on_close(t->ctx, t, why);
	transport_release(t);
}

static void transport_fail_tls(struct transport *t)
{
	long verified = SSL_get_verify_result(t->ssl);
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	char why[256];

	if (verified != X509_V_OK)
		snprintf(why, sizeof(why), "certificate of %s: %s", t->remote,
			X509_verify_cert_error_string(verified));
	else
		snprintf(why, sizeof(why), "TLS with %s: %s", t->remote,
			reason ? reason : "broken off");
	ERR_clear_error();
	transport_fail(t, why);
}

/* ---- output -----------------------------------------------------------------------------------
 */

static void transport_on_written(uv_write_t *request, int status)
{
	struct transport_output *output = request->data;
	struct transport *t = output->transport;

	t->pending -= output->len;
	free(output);
	if (t->state == TRANSPORT_ENDED)
		return;
	if (status < 0)
		transport_fail(t, uv_strerror(status));
	else if (!t->pending && t->state == TRANSPORT_OPEN && t->handler.on_drain)
		t->handler.on_drain(t->ctx, t);
}

/* Moves what TLS has put out into the socket. Does not call the handler. */
static int transport_flush(struct transport *t)
{
	struct transport_output *output;
	char *data;
	long len = BIO_get_mem_data(t->out, &data);
	uv_buf_t buf;
	int r;

	if (len <= 0)
		return 0;
	output = own_alloc(sizeof(*output) + (size_t)len);
	memcpy(output->data, data, (size_t)len);
	(void)BIO_reset(t->out);
	output->transport = t;
	output->len = (size_t)len;
	output->request.data = output;
	buf = uv_buf_init((char *)output->data, (unsigned)len);
	r = uv_write(&output->request, (uv_stream_t *)&t->tcp, &buf, 1, transport_on_written);
	if (r) {
		free(output);
		return r;
	}
	t->pending += (size_t)len;
	return 0;
}

/* The handler hears of a failure from the loop, never from inside its own call. */
static void transport_on_doomed(uv_timer_t *timer)
{
	transport_fail(timer->data, "the other end does not read");
}

int transport_write(struct transport *t, const void *data, size_t len)
{
	assert(t);
	if (t->state != TRANSPORT_OPEN)
		return -ENOTCONN;
	if (t->pending + len > t->output_max) {
		uv_timer_start(&t->timer, transport_on_doomed, 0, 0);
		return -ENOBUFS;
	}
	ERR_clear_error();
	if (len && SSL_write(t->ssl, data, (int)len) <= 0)
		return -ENOTCONN;
	return transport_flush(t) ? -ENOTCONN : 0;
}

size_t transport_pending(const struct transport *t)
{
	return t->pending;
}

/* ---- closing by the owner -----------------------------------------------------------------------
 */

static void transport_on_linger(uv_timer_t *timer)
{
	transport_release(timer->data);
}

static void transport_on_shutdown(uv_shutdown_t *request, int status)
{
	transport_release(request->data);
}

void transport_close(struct transport *t)
{
	bool open;

	if (!t || t->state == TRANSPORT_ENDED)
		return;
	open = t->state == TRANSPORT_OPEN;
	t->state = TRANSPORT_ENDED;
	transport_leave_listener(t);
	uv_timer_stop(&t->timer);
	uv_read_stop((uv_stream_t *)&t->tcp);
	if (open) {
		ERR_clear_error();
		SSL_shutdown(t->ssl);
		t->shutdown.data = t;
		if (!transport_flush(t) &&
			!uv_shutdown(&t->shutdown, (uv_stream_t *)&t->tcp, transport_on_shutdown)) {
			uv_timer_start(&t->timer, transport_on_linger, TRANSPORT_LINGER_MS, 0);
			return;
		}
	}
	transport_release(t);
}

/* ---- input ------------------------------------------------------------------------------------
 */

static void transport_opened(struct transport *t)
{
	char why[PICKET_NAME_MAX + 128];

	uv_timer_stop(&t->timer);
	if (identity_peer_name(t->ssl, t->peer, sizeof(t->peer))) {
		transport_fail(t, "the certificate of the other end has no usable name");
		return;
	}
	if (t->want_peer && !identity_peer_named(t->ssl, t->want_peer)) {
		snprintf(why, sizeof(why), "the certificate says '%s', not '%.60s'", t->peer,
			t->want_peer);
		transport_fail(t, why);
		return;
	}
	if (t->role && !(identity_peer_roles(t->ssl) & t->role)) {
		snprintf(why, sizeof(why), "the certificate of '%s' is not a %s's", t->peer,
			t->role == IDENTITY_NODE ? "node" : "controller");
		transport_fail(t, why);
		return;
	}
	t->state = TRANSPORT_OPEN;
	t->handler.on_open(t->ctx, t);
}

static void transport_handshake(struct transport *t)
{
	int r, error;

	ERR_clear_error();
	r = SSL_do_handshake(t->ssl);
	error = SSL_get_error(t->ssl, r);
	if (transport_flush(t)) {
		transport_fail(t, "cannot write");
		return;
	}
	if (r == 1)
		transport_opened(t);
	else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
		transport_fail_tls(t);
}

static void transport_deliver(struct transport *t)
{
	uint8_t data[TRANSPORT_RECORD_SIZE];
	int n, error;

	while (t->state == TRANSPORT_OPEN && !t->paused) {
		ERR_clear_error();
		n = SSL_read(t->ssl, data, sizeof(data));
		if (n > 0) {
			t->handler.on_read(t->ctx, t, data, (size_t)n);
			continue;
		}
		error = SSL_get_error(t->ssl, n);
		if (error == SSL_ERROR_ZERO_RETURN)
			transport_fail(t, "closed by the other end");
		else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
			transport_fail_tls(t);
		else if (transport_flush(t)) /* a key update has an answer */
			transport_fail(t, "cannot write");
		return;
	}
}

/* Works off what has arrived. Not entered twice: a handler may unpause from on_read. */
static void transport_pump(struct transport *t)
{
	if (t->pumping)
		return;
	t->pumping = true;
	if (t->state == TRANSPORT_HANDSHAKE)
		transport_handshake(t);
	transport_deliver(t);
	t->pumping = false;
}

static void transport_on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	*buf = uv_buf_init(own_alloc(TRANSPORT_READ_SIZE), TRANSPORT_READ_SIZE);
}

static void transport_on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct transport *t = stream->data;

	if (n > 0)
		BIO_write(t->in, buf->base, (int)n);
	free(buf->base);
	if (n > 0)
		transport_pump(t);
	else if (n == UV_EOF)
		transport_fail(t, "closed by the other end");
	else if (n < 0)
		transport_fail(t, uv_strerror((int)n));
}

void transport_pause(struct transport *t, bool paused)
{
	if (t->state != TRANSPORT_OPEN || t->paused == paused)
		return;
	t->paused = paused;
	if (paused) {
		uv_read_stop((uv_stream_t *)&t->tcp);
		return;
	}
	uv_read_start((uv_stream_t *)&t->tcp, transport_on_alloc, transport_on_read);
	transport_pump(t);
}

/* ---- the beginning ------------------------------------------------------------------------------
 */

static void transport_on_handshake_timeout(uv_timer_t *timer)
{
	struct transport *t = timer->data;

	transport_fail(t, t->state == TRANSPORT_CONNECTING ? "no answer in time"
							   : "no TLS handshake in time");
}

static struct transport *transport_new(
	uv_loop_t *loop, const struct transport_handler *handler, void *ctx, unsigned handshake_ms)
{
	struct transport *t = own_new(struct transport);

	uv_tcp_init(loop, &t->tcp);
	uv_timer_init(loop, &t->timer);
	t->tcp.data = t->timer.data = t->connect.data = t->resolve.data = t;
	t->open_handles = 2;
	t->handler = *handler;
	t->ctx = ctx;
	uv_timer_start(
		&t->timer, transport_on_handshake_timeout, handshake_ms ? handshake_ms : 5000, 0);
	return t;
}

/* A peer that is gone without a word is noticed within the user timeout. */
static void transport_socket_options(struct transport *t)
{
	unsigned ms = t->user_timeout_ms ? t->user_timeout_ms : 10000;
	int third = (int)(ms / 3000 ? ms / 3000 : 1), probes = 3, on = 1;
	struct sockaddr_storage address;
	int len = sizeof(address);
	uv_os_fd_t fd;

	if (uv_fileno((uv_handle_t *)&t->tcp, &fd))
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &third, sizeof(third));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &third, sizeof(third));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	if (!uv_tcp_getpeername(&t->tcp, (struct sockaddr *)&address, &len))
		address_format((struct sockaddr *)&address, t->remote);
}

void transport_patience(struct transport *t, unsigned ms)
{
	t->user_timeout_ms = ms;
	if (t->state == TRANSPORT_OPEN)
		transport_socket_options(t);
}

static void transport_start_tls(struct transport *t, bool server)
{
	if (server)
		SSL_set_accept_state(t->ssl);
	else
		SSL_set_connect_state(t->ssl);
	t->state = TRANSPORT_HANDSHAKE;
	transport_socket_options(t);
	uv_read_start((uv_stream_t *)&t->tcp, transport_on_alloc, transport_on_read);
	transport_pump(t);
}

static void transport_make_tls(struct transport *t, SSL_CTX *ctx)
{
	t->ssl = SSL_new(ctx);
	t->in = BIO_new(BIO_s_mem());
	t->out = BIO_new(BIO_s_mem());
	assert(t->ssl && t->in && t->out);
	BIO_set_mem_eof_return(t->in, -1);
	BIO_set_mem_eof_return(t->out, -1);
	SSL_set_bio(t->ssl, t->in, t->out);
	SSL_CTX_free(ctx);
}

static void transport_on_connected(uv_connect_t *request, int status)
{
	struct transport *t = request->data;

	if (t->state == TRANSPORT_ENDED)
		return;
	if (status)
		transport_fail(t, uv_strerror(status));
	else
		transport_start_tls(t, false);
}

static int transport_dial(struct transport *t, const struct sockaddr *address)
{
	struct sockaddr_storage source;
	int r;

	address_format(address, t->remote);
	if (t->bind) {
		/* "no port" is spelled 1 here: nobody may have that one anyway */
		r = address_parse(t->bind, 1, &source);
		if (r)
			return r;
		if (address_port((struct sockaddr *)&source) == 1)
			((struct sockaddr_in *)(void *)&source)->sin_port = 0;
		r = uv_tcp_bind(&t->tcp, (struct sockaddr *)&source, 0);
		if (r)
			return r;
	}
	return uv_tcp_connect(&t->connect, &t->tcp, address, transport_on_connected);
}

static void transport_on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	struct transport *t = request->data;

	if (t->state != TRANSPORT_ENDED) {
		if (!status)
			status = transport_dial(t, found->ai_addr);
		if (status)
			transport_fail(t, uv_strerror(status));
	}
	uv_freeaddrinfo(found);
	transport_handle_gone(t);
}

static int transport_resolve(struct transport *t, uv_loop_t *loop, const char *address)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	char host[ADDRESS_HOST_MAX], service[8];
	unsigned port;
	int r;

	r = address_split(address, 0, host, &port);
	if (r || !*host)
		return r ? r : -EINVAL;
	snprintf(service, sizeof(service), "%u", port);
	r = uv_getaddrinfo(loop, &t->resolve, transport_on_resolved, host, service, &hints);
	t->open_handles += !r;
	return r;
}

static void transport_on_unreachable(uv_timer_t *timer)
{
	struct transport *t = timer->data;

	transport_fail(t, t->peer); /* holds the reason */
}

int transport_connect(uv_loop_t *loop, const char *address, const struct transport_config *config,
	const struct transport_handler *handler, void *ctx, struct transport **ret)
{
	struct sockaddr_storage to;
	struct transport *t = transport_new(loop, handler, ctx, config->handshake_ms);
	int r;

	t->want_peer = own_string(config->peer);
	t->bind = own_string(config->bind);
	t->role = config->role;
	t->user_timeout_ms = config->user_timeout_ms;
	t->output_max = config->output_max ? config->output_max : 8 << 20;
	transport_make_tls(t, identity_client(config->identity));
	r = address_parse(address, 0, &to) ? transport_resolve(t, loop, address)
					   : transport_dial(t, (struct sockaddr *)&to);
	if (r == -EINVAL || r == -ENAMETOOLONG) {
		t->state = TRANSPORT_ENDED;
		transport_release(t);
		return r;
	}
	if (r) { /* no route, no such source address: as if the network had said so */
		snprintf(t->peer, sizeof(t->peer), "%s", uv_strerror(r));
		uv_timer_start(&t->timer, transport_on_unreachable, 0, 0);
	}
	*ret = t;
	return 0;
}

static void listener_on_connection(uv_stream_t *stream, int status)
{
	struct transport_listener *l = stream->data;
	struct transport *t;

	if (status < 0)
		return;
	t = transport_new(stream->loop, &l->handler, l->ctx, l->handshake_ms);
	if (uv_accept(stream, (uv_stream_t *)&t->tcp) || l->n >= l->max) {
		t->state = TRANSPORT_ENDED;
		transport_release(t);
		return;
	}
	t->listener = l;
	t->next = l->first;
	t->link = &l->first;
	if (t->next)
		t->next->link = &t->next;
	l->first = t;
	l->n++;
	t->role = l->role;
	t->user_timeout_ms = l->user_timeout_ms;
	t->output_max = l->output_max;
	transport_make_tls(t, identity_server(l->identity));
	transport_start_tls(t, true);
}

static void listener_on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

int transport_listen(uv_loop_t *loop, const char *address, const struct transport_config *config,
	const struct transport_handler *handler, void *ctx, struct transport_listener **ret)
{
	struct transport_listener *l;
	struct sockaddr_storage at;
	int r;

	r = address_parse(address, 0, &at);
	if (r)
		return r;
	l = own_new(struct transport_listener);
	l->identity = config->identity;
	l->handler = *handler;
	l->ctx = ctx;
	l->role = config->role;
	l->handshake_ms = config->handshake_ms;
	l->user_timeout_ms = config->user_timeout_ms;
	l->output_max = config->output_max ? config->output_max : 8 << 20;
	l->max = config->connections_max ? config->connections_max : 1024;
	uv_tcp_init(loop, &l->tcp);
	l->tcp.data = l;
	r = uv_tcp_bind(&l->tcp, (struct sockaddr *)&at, 0);
	if (!r)
		r = uv_listen((uv_stream_t *)&l->tcp, TRANSPORT_BACKLOG, listener_on_connection);
	if (r) {
		uv_close((uv_handle_t *)&l->tcp, listener_on_closed);
		return r;
	}
	*ret = l;
	return 0;
}

unsigned transport_listener_port(const struct transport_listener *l)
{
	struct sockaddr_storage at;
	int len = sizeof(at);

	if (uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&at, &len))
		return 0;
	return address_port((struct sockaddr *)&at);
}

void transport_listener_free(struct transport_listener *l)
{
	struct transport *t;

	if (!l)
		return;
	while ((t = l->first)) {
		if (t->adopted)
			transport_leave_listener(t);
		else
			transport_close(t);
	}
	uv_close((uv_handle_t *)&l->tcp, listener_on_closed);
}

void transport_adopt(struct transport *t, const struct transport_handler *handler, void *ctx)
{
	t->handler = *handler;
	t->ctx = ctx;
	t->adopted = true;
}

/* ---- questions ----------------------------------------------------------------------------------
 */

const char *transport_peer(const struct transport *t)
{
	return t->peer;
}

const char *transport_remote(const struct transport *t)
{
	return t->remote;
}

bool transport_peer_named(const struct transport *t, const char *name)
{
	return identity_peer_named(t->ssl, name);
}

unsigned transport_peer_roles(const struct transport *t)
{
	return identity_peer_roles(t->ssl);
}

int transport_export(struct transport *t, const char *label, const void *context,
	size_t context_len, uint8_t *ret, size_t len)
{
	if (t->state != TRANSPORT_OPEN)
		return -ENOTCONN;
	if (SSL_export_keying_material(
		    t->ssl, ret, len, label, strlen(label), context, context_len, 1) != 1)
		return -ENOTCONN;
	return 0;
}
