/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever a server sends instead of HTTP, through the real client: no crash, bounded, in time. */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/http.h"
#include "base/own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int listener = -1;
static char url[64];
static struct {
	pthread_mutex_t lock;
	const uint8_t *data;
	size_t size;
} said = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* One connection after the other: reads something, says the bytes, hangs up. */
static void *serve(void *ctx)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		char request[4096];

		if (fd < 0)
			continue;
		if (recv(fd, request, sizeof(request), 0) > 0) {
			pthread_mutex_lock(&said.lock);
			(void)!send(fd, said.data, said.size, MSG_NOSIGNAL);
			pthread_mutex_unlock(&said.lock);
		}
		shutdown(fd, SHUT_RDWR);
		close(fd);
	}
	return NULL;
}

static void server_start(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(at);
	pthread_t thread;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 16) ||
		getsockname(listener, (struct sockaddr *)&at, &length))
		abort();
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/redfish/v1", ntohs(at.sin_port));
	pthread_create(&thread, NULL, serve, NULL);
	pthread_detach(thread);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct http_config config = { .body_max = 4096, .username = "u", .password = "p" };
	struct http_request request = { .url = url, .basic = true, .timeout_ms = 200 };
	struct http_answer answer = { 0 };
	struct http *http;

	if (listener < 0)
		server_start();
	pthread_mutex_lock(&said.lock);
	said.data = data;
	said.size = size;
	pthread_mutex_unlock(&said.lock);
	if (http_new(&config, &http))
		abort();
	if (http_send(http, &request, &answer) == 0) {
		if (!answer.body || answer.size > 4096 || strlen(answer.body) > answer.size)
			abort();
		http_answer_done(&answer);
	} else if (!*http_reason(http)) {
		abort();
	}
	http_free(http);
	pthread_mutex_lock(&said.lock);
	said.size = 0;
	pthread_mutex_unlock(&said.lock);
	return 0;
}
