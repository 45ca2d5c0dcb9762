/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <gnutls/gnutls.h>

#include <picket/limits.h>

#include "base/file.h"
#include "base/own.h"
#include "edge/api.h"
#include "edge/api_inside.h"
#include "edge/identity.h"

#define API_BACKLOG 128
#define API_CONNECTIONS 1024
#define API_PER_ADDRESS 768 /* of them for one address: nobody alone shuts out the others */
#define API_FILES 65536
#define API_TIMEOUT_S 30
#define API_PEM_MAX (1 << 20)
#define API_HEADERS_MAX 32768 /* bytes of memory for one connection's headers */

/* ---- the library's turn
 * --------------------------------------------------------------------------- */

static void api_run(struct api *api);

static void api_on_timer(uv_timer_t *timer)
{
	api_run(timer->data);
}

static void api_run(struct api *api)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (api->running || api->closing)
		return;
	api->running = true;
	uv_timer_stop(&api->timer);
	MHD_run(api->daemon);
	api->running = false;
	if (!uv_is_active((uv_handle_t *)&api->timer) &&
		MHD_get_timeout(api->daemon, &ms) == MHD_YES)
		uv_timer_start(&api->timer, api_on_timer, ms, 0);
}

void api_kick(struct api *api)
{
	if (!api->closing)
		uv_timer_start(&api->timer, api_on_timer, 0, 0);
}

static void api_on_poll(uv_poll_t *poll, int status, int events)
{
	api_run(poll->data);
}

/* ---- connections
 * ---------------------------------------------------------------------------------- */

static void api_on_connection(void *ctx, struct MHD_Connection *connection, void **memory,
	enum MHD_ConnectionNotificationCode code)
{
	struct api_connection *c = *memory;
	const union MHD_ConnectionInfo *info;
	struct api *api = ctx;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		*c->link = c->next;
		if (c->next)
			c->next->link = c->link;
		free(c);
		return;
	}
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	*memory = c = own_new(struct api_connection);
	c->api = api;
	c->fd = info ? info->connect_fd : -1;
	c->waits_since = uv_now(api->timer.loop);
	c->next = api->connections;
	c->link = &api->connections;
	if (c->next)
		c->next->link = &c->next;
	api->connections = c;
}

static void connection_waits(struct MHD_Connection *connection, uint64_t since)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct api_connection *c = info ? info->socket_context : NULL;

	if (c)
		c->waits_since = since;
}

/* A client that sends a byte now and then is never silent, and would never end. */
static void connections_hurry(struct api *api)
{
	uint64_t now = uv_now(api->timer.loop);

	for (struct api_connection *c = api->connections; c; c = c->next)
		if (c->waits_since && now - c->waits_since > API_REQUEST_MS)
			shutdown(c->fd, SHUT_RDWR);
}

static void api_on_alive(uv_timer_t *timer)
{
	connections_hurry(timer->data);
	api_streams_alive(timer->data);
}

/* ---- requests
 * ------------------------------------------------------------------------------------- */

static const char *request_header(struct MHD_Connection *connection, const char *name)
{
	const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

	return value ? value : "";
}

static enum MHD_Result request_on_argument(
	void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct api_token *token = ctx;

	if (json_object_set_new(token->request.query, key, json_string(value ? value : "")))
		token->bad_text = true;
	return MHD_YES;
}

/* A certificate is no must: a browser has a token. One that our CA did not sign counts for nothing.
 */
static void request_certificate(struct api_token *token)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(token->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	gnutls_session_t session = info ? info->tls_session : NULL;
	const gnutls_datum_t *list;
	unsigned n = 0, status = ~0u;
	char name[64];

	list = session ? gnutls_certificate_get_peers(session, &n) : NULL;
	if (!list || !n || gnutls_certificate_verify_peers2(session, &status) || status)
		return;
	if (!identity_of(list[0].data, list[0].size, name, sizeof(name), &token->request.roles))
		snprintf(token->user, sizeof(token->user), "certificate %s", name);
}

static void request_address(struct api_token *token)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(token->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct sockaddr *peer = info ? info->client_addr : NULL;
	socklen_t len = peer && peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							    : sizeof(struct sockaddr_in);

	if (!peer ||
		getnameinfo(peer, len, token->from, sizeof(token->from), NULL, 0, NI_NUMERICHOST))
		snprintf(token->from, sizeof(token->from), "nowhere");
	token->request.uid = (uid_t)-1;
	token->request.gid = (gid_t)-1;
	token->request.user = token->user;
	token->request.from = token->from;
	request_certificate(token);
}

static void request_peer(struct api_token *token)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(token->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t len = sizeof(peer);

	if (token->api->tls) {
		request_address(token);
		return;
	}
	if (info)
		getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	token->request.uid = peer.uid;
	token->request.gid = peer.gid;
	token->request.pid = peer.pid;
	if (peer.uid)
		snprintf(token->user, sizeof(token->user), "uid %u", peer.uid);
	else
		snprintf(token->user, sizeof(token->user), "root");
	token->request.user = token->user;
	token->request.from = "unix";
}

static struct api_token *token_new(
	struct api *api, struct MHD_Connection *connection, const char *path, const char *method)
{
	struct api_token *token = own_new(struct api_token);
	const char *length = request_header(connection, "Content-Length");

	token->api = api;
	token->connection = connection;
	token->path = own_string(path);
	token->method = own_string(method);
	token->too_big = strlen(length) > 18 || strtoull(length, NULL, 10) > api->body_max;
	token->next = api->tokens;
	token->link = &api->tokens;
	if (token->next)
		token->next->link = &token->next;
	api->tokens = token;
	return token;
}

static void token_free(struct api_token *token)
{
	*token->link = token->next;
	if (token->next)
		token->next->link = token->link;
	if (token->response)
		MHD_destroy_response(token->response);
	for (size_t i = 0; i < token->n_headers; i++) {
		free(token->headers[i].name);
		free(token->headers[i].value);
	}
	json_decref(token->request.query);
	free(token->path);
	free(token->method);
	free(token->body);
	free(token);
}

static void token_take(struct api_token *token, const char *data, size_t len)
{
	if (token->too_big)
		return;
	if (token->request.body_len + len > token->api->body_max) {
		token->too_big = true;
		return;
	}
	if (token->request.body_len + len + 1 > token->cap) {
		token->cap = 2 * (token->request.body_len + len + 1);
		token->body = own_array(token->body, token->cap, 1);
	}
	memcpy(token->body + token->request.body_len, data, len);
	token->request.body_len += len;
	token->body[token->request.body_len] = '\0';
}

static void token_ask(struct api_token *token)
{
	struct api_request *r = &token->request;
	struct api *api = token->api;

	token->asked = true;
	connection_waits(token->connection, 0);
	r->method = token->method;
	r->path = token->path;
	r->body = token->body ? token->body : "";
	r->query = json_object();
	MHD_get_connection_values(
		token->connection, MHD_GET_ARGUMENT_KIND, request_on_argument, token);
	r->content_type = request_header(token->connection, "Content-Type");
	r->if_match = request_header(token->connection, "If-Match");
	r->if_none_match = request_header(token->connection, "If-None-Match");
	r->idempotency_key = request_header(token->connection, "Idempotency-Key");
	r->authorization = request_header(token->connection, "Authorization");
	r->last_event_id = request_header(token->connection, "Last-Event-ID");
	r->prefer = request_header(token->connection, "Prefer");
	request_peer(token);
	if (token->too_big)
		api_problem(token, 413, "Content Too Large",
			"The body is larger than this door takes.", NULL);
	else if (token->bad_text)
		api_problem(token, 400, "Bad Request", "The query is not UTF-8.", NULL);
	else
		api->handler.on_request(api->ctx, token, r);
}

/* The library calls this: once with the headers, with each piece of the body, at the end of it, and
 * again after a resume. */
static enum MHD_Result api_on_access(void *ctx, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *len, void **memory)
{
	struct api_token *token = *memory;

	if (!token) {
		*memory = token_new(ctx, connection, url, method);
		return MHD_YES;
	}
	if (*len) {
		token_take(token, data, *len);
		*len = 0;
		return MHD_YES;
	}
	if (!token->asked)
		token_ask(token);
	if (token->answered)
		return MHD_queue_response(connection, token->status, token->response);
	token->suspended = true;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

static void api_on_completed(void *ctx, struct MHD_Connection *connection, void **memory,
	enum MHD_RequestTerminationCode code)
{
	struct api *api = ctx;

	if (*memory)
		token_free(*memory);
	*memory = NULL;
	connection_waits(connection, uv_now(api->timer.loop));
}

void api_answer(struct api_token *token, unsigned status, struct MHD_Response *response)
{
	assert(!token->answered);
	token->answered = true;
	token->status = status;
	token->response = response;
	for (size_t i = 0; i < token->n_headers; i++)
		MHD_add_response_header(response, token->headers[i].name, token->headers[i].value);
	if (!MHD_get_response_header(response, "Cache-Control"))
		MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	if (!token->suspended)
		return;
	token->suspended = false;
	MHD_resume_connection(token->connection);
	api_kick(token->api);
}

/* ---- answers
 * -------------------------------------------------------------------------------------- */

static struct MHD_Response *answer_json(json_t *body, const char *type)
{
	char *text = body ? json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
	struct MHD_Response *response;

	json_decref(body);
	response = MHD_create_response_from_buffer(text ? strlen(text) : 0,
		text ? text : (char *)"", text ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	if (text)
		MHD_add_response_header(response, "Content-Type", type);
	return response;
}

void api_reply(struct api_token *token, unsigned status, const char *etag, json_t *body)
{
	struct MHD_Response *response;

	if (api_follow(token, status, body)) {
		json_decref(body);
		return;
	}
	response = answer_json(body, "application/json");
	if (etag) {
		owned(free) char *quoted = own_printf("\"%s\"", etag);

		MHD_add_response_header(response, "ETag", quoted);
	}
	api_answer(token, status, response);
}

void api_reply_text(
	struct api_token *token, unsigned status, const char *content_type, const char *text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);

	MHD_add_response_header(response, "Content-Type", content_type);
	api_answer(token, status, response);
}

void api_reply_file(struct api_token *token, unsigned status, const char *content_type,
	const void *data, size_t len)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(len, (void *)data, MHD_RESPMEM_PERSISTENT);

	MHD_add_response_header(response, "Content-Type", content_type);
	api_answer(token, status, response);
}

void api_header(struct api_token *token, const char *name, const char *value)
{
	assert(token->n_headers < API_HEADERS_EXTRA);
	token->headers[token->n_headers].name = own_string(name);
	token->headers[token->n_headers++].value = own_string(value);
}

void api_problem(struct api_token *token, unsigned status, const char *title, const char *detail,
	json_t *more)
{
	json_t *body = json_pack("{s:s,s:s,s:i,s:s}", "type", "about:blank", "title", title,
		"status", (int)status, "detail", detail);

	if (more)
		json_object_update(body, more);
	json_decref(more);
	api_reply_problem(token, status, body);
}

void api_reply_problem(struct api_token *token, unsigned status, json_t *body)
{
	api_answer(token, status, answer_json(body, "application/problem+json"));
}

/* ---- the door
 * ------------------------------------------------------------------------------------- */

static int socket_fail(char **why, const char *path, int error)
{
	*why = own_printf("%s: %s", path,
		error == EADDRINUSE ? "another daemon answers there" : strerror(error));
	return -error;
}

/* A socket that nobody answers on was left by a daemon that is gone. */
static int socket_clear(const char *path, const struct sockaddr_un *at, char **why)
{
	owned(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : socket_fail(why, path, errno);
	if (!S_ISSOCK(st.st_mode))
		return socket_fail(why, path, EEXIST);
	if (!connect(fd, (const struct sockaddr *)at, sizeof(*at)) || errno != ECONNREFUSED)
		return socket_fail(why, path, EADDRINUSE);
	return unlink(path) ? socket_fail(why, path, errno) : 0;
}

static int socket_open(const struct api_config *config, int *ret, char **why)
{
	owned(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const struct group *group;
	mode_t mask;
	int r;

	if (strlen(config->socket) >= sizeof(at.sun_path))
		return socket_fail(why, config->socket, ENAMETOOLONG);
	strcpy(at.sun_path, config->socket);
	r = socket_clear(config->socket, &at, why);
	if (r)
		return r;
	mask = umask(0117); /* never open to others, not even for a moment */
	r = bind(fd, (struct sockaddr *)&at, sizeof(at));
	umask(mask);
	if (r)
		return socket_fail(why, config->socket, errno);
	if (config->group) {
		group = getgrnam(config->group);
		if (!group || chown(config->socket, (uid_t)-1, group->gr_gid)) {
			*why = own_printf("%s: group %s: %s", config->socket, config->group,
				group ? strerror(errno) : "unknown");
			unlink(config->socket);
			return -EINVAL;
		}
	}
	if (listen(fd, API_BACKLOG))
		return socket_fail(why, config->socket, errno);
	*ret = fd;
	fd = -1;
	return 0;
}

/* "address:port", "[address]:port". */
static int socket_listen(const struct api_config *config, int *ret, char **why)
{
	owned(free) char *host = own_string(config->address);
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICHOST,
		.ai_socktype = SOCK_STREAM },
			*info = NULL;
	char *port = strrchr(host, ':'), *name = host;
	owned(fd) int fd = -1;
	int one = 1, r;

	if (!port)
		return socket_fail(why, config->address, EINVAL);
	*port++ = '\0';
	if (*name == '[' && name[strlen(name) - 1] == ']') {
		name[strlen(name) - 1] = '\0';
		name++;
	}
	r = getaddrinfo(name, port, &hints, &info);
	if (r) {
		*why = own_printf("%s: %s", config->address, gai_strerror(r));
		return -EINVAL;
	}
	fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	r = fd < 0 || bind(fd, info->ai_addr, info->ai_addrlen) || listen(fd, API_BACKLOG) ? errno
											   : 0;
	freeaddrinfo(info);
	if (r)
		return socket_fail(why, config->address, r);
	*ret = fd;
	fd = -1;
	return 0;
}

static struct MHD_Daemon *tls_start(struct api *api, const struct api_config *config, int fd,
	unsigned connections, unsigned timeout)
{
	owned(free) char *key_path = own_printf("%s/node.key", config->pki);
	owned(free) char *crt_path = own_printf("%s/node.crt", config->pki);
	owned(free) char *ca_path = own_printf("%s/ca.crt", config->pki);
	owned(free) char *key = NULL, *crt = NULL, *ca = NULL;
	struct MHD_Daemon *daemon = NULL;
	size_t key_len = 0, crt_len, ca_len;

	if (!file_read(key_path, API_PEM_MAX, &key, &key_len) &&
		!file_read(crt_path, API_PEM_MAX, &crt, &crt_len) &&
		!file_read(ca_path, API_PEM_MAX, &ca, &ca_len))
		daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TLS, 0,
			NULL, NULL, api_on_access, api, MHD_OPTION_LISTEN_SOCKET, fd,
			MHD_OPTION_CONNECTION_LIMIT, connections,
			MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)API_PER_ADDRESS,
			MHD_OPTION_CONNECTION_TIMEOUT, timeout, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
			(size_t)API_HEADERS_MAX, MHD_OPTION_NOTIFY_COMPLETED, api_on_completed, api,
			MHD_OPTION_NOTIFY_CONNECTION, api_on_connection, api,
			MHD_OPTION_HTTPS_PRIORITIES, "NORMAL:-VERS-ALL:+VERS-TLS1.3",
			MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_HTTPS_MEM_CERT, crt,
			MHD_OPTION_HTTPS_MEM_TRUST, ca, MHD_OPTION_END);
	if (key)
		explicit_bzero(key, key_len);
	return daemon;
}

static struct MHD_Daemon *daemon_start(struct api *api, const struct api_config *config, int fd)
{
	unsigned connections = config->connections_max ? config->connections_max : API_CONNECTIONS;
	unsigned timeout = config->timeout_s ? config->timeout_s : API_TIMEOUT_S;

	if (api->tls)
		return tls_start(api, config, fd, connections, timeout);
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		api_on_access, api, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		connections, MHD_OPTION_CONNECTION_TIMEOUT, timeout,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)API_HEADERS_MAX,
		MHD_OPTION_NOTIFY_COMPLETED, api_on_completed, api, MHD_OPTION_NOTIFY_CONNECTION,
		api_on_connection, api, MHD_OPTION_END);
}

static void api_on_handle_closed(uv_handle_t *handle)
{
	struct api *api = handle->data;

	if (--api->handles)
		return;
	free(api->socket);
	free(api);
}

/* Each connection is a file, and other doors have files as well. */
static void files_allow(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= API_FILES)
		return;
	files.rlim_cur = files.rlim_max < API_FILES ? files.rlim_max : API_FILES;
	setrlimit(RLIMIT_NOFILE, &files);
}

int api_new(uv_loop_t *loop, const struct api_config *config, const struct api_handler *handler,
	void *ctx, struct api **ret, char **why)
{
	const union MHD_DaemonInfo *info;
	struct api *api;
	int fd, r;

	r = config->address ? socket_listen(config, &fd, why) : socket_open(config, &fd, why);
	if (r)
		return r;
	files_allow();
	api = own_new(struct api);
	api->tls = config->address != NULL;
	uv_timer_init(loop, &api->timer);
	api->handler = *handler;
	api->ctx = ctx;
	api->socket = config->address ? NULL : own_string(config->socket);
	api->body_max = config->body_max ? config->body_max : PICKET_DOCUMENT_MAX;
	api->daemon = daemon_start(api, config, fd);
	if (!api->daemon) {
		*why = own_printf("%s: the HTTP server does not start",
			api->tls ? config->address : config->socket);
		close(fd);
		if (api->socket)
			unlink(api->socket);
		api->handles = 1;
		api->timer.data = api;
		uv_close((uv_handle_t *)&api->timer, api_on_handle_closed);
		return -EIO;
	}
	info = MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	uv_poll_init(loop, &api->poll, info->epoll_fd);
	uv_timer_init(loop, &api->alive);
	api->poll.data = api->timer.data = api->alive.data = api;
	api->handles = 3;
	uv_poll_start(&api->poll, UV_READABLE, api_on_poll);
	uv_timer_start(&api->alive, api_on_alive, API_STREAM_ALIVE_MS, API_STREAM_ALIVE_MS);
	*ret = api;
	return 0;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	api_streams_end(api);
	for (struct api_token *token = api->tokens; token; token = token->next)
		if (token->asked && !token->answered)
			api_problem(
				token, 503, "Service Unavailable", "The daemon is stopping.", NULL);
	MHD_run(api->daemon);
	api->closing = true;
	uv_close((uv_handle_t *)&api->poll, api_on_handle_closed);
	uv_close((uv_handle_t *)&api->timer, api_on_handle_closed);
	uv_close((uv_handle_t *)&api->alive, api_on_handle_closed);
	if (api->socket)
		unlink(api->socket);
	MHD_stop_daemon(api->daemon);
}
