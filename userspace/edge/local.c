/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "edge/local.h"

struct client {
	struct client *next;
	struct local *local;
	uv_pipe_t pipe;
	char *text;
	size_t len, cap;
	struct local_call *call; /* one at a time: the next line waits for its answer */
	bool closing;
};

struct local_call {
	struct client *client; /* NULL: the asker has gone */
};

struct local {
	uv_pipe_t pipe;
	local_handler *on_request;
	void *ctx;
	char *path;
	struct client *clients;
	unsigned n;
};

struct writing {
	uv_write_t write;
	char *text;
};

static void serve(struct client *client);

static void on_client_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;

	free(client->text);
	free(client);
}

static void client_close(struct client *client)
{
	if (client->closing)
		return;
	client->closing = true;
	if (client->call)
		client->call->client = NULL;
	if (client->local) {
		for (struct client **at = &client->local->clients; *at; at = &(*at)->next) {
			if (*at == client) {
				*at = client->next;
				break;
			}
		}
		client->local->n--;
	}
	uv_close((uv_handle_t *)&client->pipe, on_client_closed);
}

static void on_written(uv_write_t *write, int status)
{
	struct writing *w = (struct writing *)write;

	free(w->text);
	free(w);
}

void local_reply(struct local_call *call, json_t *answer)
{
	struct client *client = call->client;
	struct writing *w;
	uv_buf_t buf;

	free(call);
	if (client) {
		owned(free) char *line = json_dumps(answer, JSON_COMPACT);

		client->call = NULL;
		w = own_new(struct writing);
		w->text = own_printf("%s\n", line ? line : "{}");
		buf = uv_buf_init(w->text, (unsigned)strlen(w->text));
		if (uv_write(&w->write, (uv_stream_t *)&client->pipe, &buf, 1, on_written)) {
			on_written(&w->write, 0);
			client_close(client);
		} else {
			serve(client);
		}
	}
	json_decref(answer);
}

/* The next whole line, if nobody waits for the answer to one before. */
static void serve(struct client *client)
{
	char *end = client->len && !client->call ? memchr(client->text, '\n', client->len) : NULL;
	json_t *request;
	size_t n;

	if (!end || client->closing)
		return;
	n = (size_t)(end - client->text);
	request = json_loadb(client->text, n, JSON_REJECT_DUPLICATES, NULL);
	client->len -= n + 1;
	memmove(client->text, end + 1, client->len);
	if (!json_is_object(request)) {
		json_decref(request);
		client_close(client);
		return;
	}
	client->call = own_new(struct local_call);
	client->call->client = client;
	client->local->on_request(client->local->ctx, client->call, request);
	json_decref(request);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct client *client = handle->data;

	if (client->cap - client->len < 4096) {
		client->cap = client->cap ? 2 * client->cap : 8192;
		client->text = own_array(client->text, client->cap, 1);
	}
	*buf = uv_buf_init(client->text + client->len, (unsigned)(client->cap - client->len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct client *client = stream->data;

	if (n > 0)
		client->len += (size_t)n;
	if (n < 0 || client->len > LOCAL_LINE_MAX)
		client_close(client);
	else
		serve(client);
}

/* File permissions already say who may connect; this says it again for an inherited socket. */
static bool trusted(uv_pipe_t *pipe)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	uv_os_fd_t fd;

	return !uv_fileno((uv_handle_t *)pipe, &fd) &&
	       !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) &&
	       (cred.uid == 0 || cred.uid == geteuid());
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct local *local = stream->data;
	struct client *client;

	if (status < 0)
		return;
	client = own_new(struct client);
	uv_pipe_init(stream->loop, &client->pipe, 0);
	client->pipe.data = client;
	if (uv_accept(stream, (uv_stream_t *)&client->pipe) || local->n == LOCAL_CLIENTS_MAX ||
		!trusted(&client->pipe)) {
		client_close(client);
		return;
	}
	client->local = local;
	client->next = local->clients;
	local->clients = client;
	local->n++;
	uv_read_start((uv_stream_t *)&client->pipe, on_alloc, on_read);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	r = -errno;
	close(fd);
	return r;
}

static void on_local_closed(uv_handle_t *handle)
{
	struct local *local = handle->data;

	free(local->path);
	free(local);
}

int local_listen(
	uv_loop_t *loop, const char *path, local_handler *on_request, void *ctx, struct local **ret)
{
	owned(free) char *folder = own_string(path);
	char *slash = strrchr(folder, '/');
	struct local *local;
	mode_t before;
	int r = connect_to(path);

	if (r >= 0) {
		close(r);
		return -EADDRINUSE;
	}
	if (slash && slash != folder) {
		*slash = '\0';
		r = file_folder(folder, 0755);
		if (r)
			return r;
	}
	unlink(path);
	local = own_new(struct local);
	local->on_request = on_request;
	local->ctx = ctx;
	local->path = own_string(path);
	uv_pipe_init(loop, &local->pipe, 0);
	local->pipe.data = local;
	before = umask(0177);
	r = uv_pipe_bind(&local->pipe, path);
	umask(before);
	if (!r)
		r = uv_listen((uv_stream_t *)&local->pipe, 64, on_connection);
	if (r) {
		uv_close((uv_handle_t *)&local->pipe, on_local_closed);
		return r;
	}
	*ret = local;
	return 0;
}

void local_free(struct local *local)
{
	if (!local)
		return;
	while (local->clients) {
		struct local_call *call = local->clients->call;

		client_close(local->clients);
		free(call);
	}
	uv_close((uv_handle_t *)&local->pipe, on_local_closed);
}

/* ---- the other side ----------------------------------------------------------------------------
 */

static int send_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static json_t *receive(int fd, unsigned timeout_ms, int *ret_error)
{
	owned(free) char *text = NULL;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0, cap = 0;
	json_t *answer;

	for (;;) {
		ssize_t n;

		if (poll(&p, 1, (int)timeout_ms) <= 0) {
			*ret_error = -ETIMEDOUT;
			return NULL;
		}
		if (cap - len < 4096)
			text = own_array(text, cap = cap ? 2 * cap : 16384, 1);
		n = recv(fd, text + len, cap - len, 0);
		if (n <= 0) {
			*ret_error = n ? -errno : -ECONNRESET;
			return NULL;
		}
		len += (size_t)n;
		if (text[len - 1] == '\n')
			break;
	}
	answer = json_loadb(text, len, 0, NULL);
	if (!answer)
		*ret_error = -EBADMSG;
	return answer;
}

json_t *local_ask(const char *path, json_t *request, unsigned timeout_ms, int *ret_error)
{
	owned(free) char *dump = json_dumps(request, JSON_COMPACT);
	owned(free) char *line = own_printf("%s\n", dump ? dump : "{}");
	owned(fd) int fd = connect_to(path);
	int r = fd < 0 ? fd : send_all(fd, line, strlen(line));

	if (r < 0) {
		*ret_error = r;
		return NULL;
	}
	return receive(fd, timeout_ms, ret_error);
}
