/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Load for the API's doors, and what it feels like:
 *   api_bench SOCKET status CONNECTIONS SECONDS [PATH]  requests per second, p50, p99
 *   api_bench SOCKET streams READERS SLOW SECONDS [COMMAND...]
 *                       event streams, of which SLOW never read; COMMAND makes events; how long the
 *                       first and the last reader differ, and what a request takes meanwhile
 *   api_bench ADDRESS:PORT idle CONNECTIONS SECONDS     connections that say nothing */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ASK "GET %s HTTP/1.1\r\nHost: picket\r\n\r\n"
#define FOLLOW "GET /v1/events?follow=1&after=%llu HTTP/1.1\r\nHost: picket\r\n\r\n"
#define SAMPLES (1 << 20)
#define EVENTS 4096

enum kind { CLOSED, ASKER, READER, SLOW, IDLE };

struct connection {
	int fd;
	enum kind kind;
	uint64_t asked_ns, body_left;
	char head[65536];
	size_t len;
	bool in_body;
};

static struct connection *connections;
static char ask[512];
static int n_connections, epoll = -1, refused, dropped;
static double *samples;
static size_t n_samples;
static struct {
	uint64_t id, first_ns, last_ns;
	int seen;
} events[EVENTS];
static size_t n_events;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int dial(const char *to)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET };
	const char *colon = strrchr(to, ':');
	char host[64] = "";
	int fd, r;

	if (to[0] == '/') {
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		strncpy(un.sun_path, to, sizeof(un.sun_path) - 1);
		r = connect(fd, (struct sockaddr *)&un, sizeof(un));
	} else {
		if (!colon || colon - to >= (long)sizeof(host))
			exit(2);
		memcpy(host, to, colon - to);
		in.sin_port = htons(atoi(colon + 1));
		inet_pton(AF_INET, host, &in.sin_addr);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		r = connect(fd, (struct sockaddr *)&in, sizeof(in));
		if (r && errno == EINPROGRESS)
			r = 0;
	}
	if (r) {
		refused++;
		if (fd >= 0)
			close(fd);
		return -1;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static struct connection *open_one(const char *to, enum kind kind, const char *say)
{
	struct connection *c = &connections[n_connections];
	struct epoll_event e = { .events = kind == SLOW ? 0 : EPOLLIN, .data.ptr = c };
	int fd = dial(to);

	if (fd < 0)
		return NULL;
	n_connections++;
	*c = (struct connection){ .fd = fd, .kind = kind, .asked_ns = now_ns() };
	if (say && write(fd, say, strlen(say)) != (ssize_t)strlen(say))
		dropped++;
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
	return c;
}

static void lose(struct connection *c)
{
	if (c->kind != CLOSED)
		dropped++;
	close(c->fd);
	c->kind = CLOSED;
}

static void answer_done(struct connection *c)
{
	uint64_t now = now_ns();

	if (n_samples < SAMPLES)
		samples[n_samples++] = (now - c->asked_ns) / 1e6;
	c->len = 0;
	c->in_body = false;
	c->asked_ns = now;
	if (write(c->fd, ask, strlen(ask)) != (ssize_t)strlen(ask))
		lose(c);
}

/* An answer with its length in the head; what belongs to the body is only counted. */
static void take_answer(struct connection *c)
{
	char *end, *length;

	if (c->in_body) {
		c->body_left -= c->len < c->body_left ? c->len : c->body_left;
		c->len = 0;
	} else {
		c->head[c->len] = '\0';
		end = strstr(c->head, "\r\n\r\n");
		if (!end)
			return;
		if (strncmp(c->head, "HTTP/1.1 200", 12)) {
			fprintf(stderr, "api_bench: %.40s\n", c->head);
			exit(1);
		}
		length = strcasestr(c->head, "Content-Length:");
		c->body_left = length ? strtoull(length + 15, NULL, 10) : 0;
		c->body_left -= c->len - (end + 4 - c->head);
		c->in_body = true;
		c->len = 0;
	}
	if (!c->body_left)
		answer_done(c);
}

static void event_seen(uint64_t id)
{
	uint64_t now = now_ns();

	for (size_t i = n_events; i--;)
		if (events[i].id == id) {
			events[i].last_ns = now;
			events[i].seen++;
			return;
		}
	if (n_events < EVENTS) {
		events[n_events].id = id;
		events[n_events].first_ns = events[n_events].last_ns = now;
		events[n_events++].seen = 1;
	}
}

static void take_stream(struct connection *c)
{
	char *line = c->head, *end;

	c->head[c->len] = '\0';
	while ((end = strchr(line, '\n'))) {
		if (!strncmp(line, "id: ", 4) || !strncmp(line, "id:", 3))
			event_seen(strtoull(line + 3, NULL, 10));
		line = end + 1;
	}
	c->len -= line - c->head;
	memmove(c->head, line, c->len);
}

static void take(struct connection *c)
{
	ssize_t n = read(c->fd, c->head + c->len, sizeof(c->head) - 1 - c->len);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		lose(c);
		return;
	}
	c->len += n;
	if (c->kind == ASKER)
		take_answer(c);
	else if (c->kind == READER)
		take_stream(c);
	else
		c->len = 0;
}

static void run(double seconds)
{
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
	struct epoll_event got[256];

	while (now_ns() < end) {
		int n = epoll_wait(epoll, got, 256, 50);

		for (int i = 0; i < n; i++)
			take(got[i].data.ptr);
	}
}

static int by_size(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return d < 0 ? -1 : d > 0;
}

static void say_samples(const char *what, double seconds)
{
	qsort(samples, n_samples, sizeof(*samples), by_size);
	if (!n_samples) {
		printf("%s: no answer\n", what);
		exit(1);
	}
	printf("%s: %.0f requests/s, p50 %.2f ms, p99 %.2f ms, max %.2f ms, n=%zu\n", what,
		n_samples / seconds, samples[n_samples / 2], samples[n_samples * 99 / 100],
		samples[n_samples - 1], n_samples);
}

static void say_events(int readers)
{
	size_t all = 0;

	n_samples = 0;
	for (size_t i = 0; i < n_events; i++) {
		all += events[i].seen == readers;
		if (events[i].seen == readers)
			samples[n_samples++] = (events[i].last_ns - events[i].first_ns) / 1e6;
	}
	printf("events: %zu, of which %zu reached all %d readers", n_events, all, readers);
	if (n_samples) {
		qsort(samples, n_samples, sizeof(*samples), by_size);
		printf("; first to last reader p50 %.2f ms, p99 %.2f ms", samples[n_samples / 2],
			samples[n_samples * 99 / 100]);
	}
	printf("\n");
	if (all < n_events || !n_events)
		exit(1);
}

static void streams(int argc, char **argv)
{
	int readers = atoi(argv[3]), slow = atoi(argv[4]), status;
	double seconds = atof(argv[5]);
	pid_t pid = 0;
	char follow[128];

	/* A cursor that is not there yet: only what is new. */
	snprintf(follow, sizeof(follow), FOLLOW, 1ULL << 40);
	for (int i = 0; i < readers + slow; i++)
		open_one(argv[1], i < readers ? READER : SLOW, follow);
	run(1);
	n_events = 0;
	open_one(argv[1], ASKER, ask);
	if (argc > 6 && !(pid = fork())) {
		execvp(argv[6], argv + 6);
		_exit(127);
	}
	run(seconds);
	if (pid && waitpid(pid, &status, 0) == pid && status)
		printf("the command failed: %d\n", status);
	run(1);
	say_samples("status meanwhile", seconds + 1);
	printf("streams: %d open, %d refused, %d dropped\n", n_connections - 1, refused, dropped);
	say_events(readers);
}

int main(int argc, char **argv)
{
	struct rlimit files = { 65536, 65536 };
	int n;

	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_NOFILE, &files);
	epoll = epoll_create1(0);
	samples = calloc(SAMPLES, sizeof(*samples));
	snprintf(ask, sizeof(ask), ASK,
		argc == 6 && !strcmp(argv[2], "status") ? argv[5] : "/v1/status");
	if (argc >= 6 && !strcmp(argv[2], "streams")) {
		connections = calloc(atoi(argv[3]) + atoi(argv[4]) + 1, sizeof(*connections));
		streams(argc, argv);
	} else if ((argc == 5 || argc == 6) && !strcmp(argv[2], "status")) {
		connections = calloc(n = atoi(argv[3]), sizeof(*connections));
		while (n--)
			open_one(argv[1], ASKER, ask);
		run(atof(argv[4]));
		say_samples("status", atof(argv[4]));
	} else if (argc == 5 && !strcmp(argv[2], "idle")) {
		connections = calloc(n = atoi(argv[3]), sizeof(*connections));
		while (n--)
			open_one(argv[1], IDLE, NULL);
		run(atof(argv[4]));
		printf("idle: %s wished, %d refused, %d closed again\n", argv[3], refused, dropped);
	} else {
		fprintf(stderr, "api_bench: see the top of its source\n");
		return 2;
	}
	return 0;
}
