/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of the lab: fetches http://ADDRESS/ every PERIOD ms, many at a time, and writes down
 * each.
 *
 *   lab_client ADDRESS PERIOD-MS LOG
 *
 * A line of LOG: "START-NS END-NS ok|fail WHO" (CLOCK_BOOTTIME); WHO is the first word of the page.
 * An attempt is given up after 250 ms, as a client with other servers to turn to would.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ATTEMPTS_MAX 128
#define GIVE_UP_NS 250000000LL

struct attempt {
	int fd; /* -1 = free */
	int sent;
	long long start_ns;
	size_t n;
	char page[2048];
};

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void finish(FILE *log, struct attempt *a, const char *who)
{
	fprintf(log, "%lld %lld %s %s\n", a->start_ns, now_ns(), who ? "ok" : "fail",
		who ? who : "-");
	fflush(log);
	close(a->fd);
	a->fd = -1;
}

static void begin(FILE *log, struct attempt *a, const struct sockaddr_in *to)
{
	struct linger rst = { 1, 0 };

	*a = (struct attempt){ .fd = -1, .start_ns = now_ns() };
	a->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (a->fd < 0)
		return;
	/* Thousands of short connections to one port: do not leave TIME_WAIT behind. */
	setsockopt(a->fd, SOL_SOCKET, SO_LINGER, &rst, sizeof(rst));
	if (connect(a->fd, (const void *)to, sizeof(*to)) && errno != EINPROGRESS)
		finish(log, a, NULL);
}

static void advance(FILE *log, struct attempt *a)
{
	static const char ask[] = "GET / HTTP/1.0\r\nHost: lab\r\n\r\n";
	char *body, *end;
	ssize_t n;

	if (!a->sent) {
		if (send(a->fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL) != sizeof(ask) - 1) {
			finish(log, a, NULL);
			return;
		}
		a->sent = 1;
		return;
	}
	n = recv(a->fd, a->page + a->n, sizeof(a->page) - 1 - a->n, 0);
	if (n > 0) {
		a->n += n;
		if (a->n < sizeof(a->page) - 1)
			return;
	}
	if (n < 0 && errno == EAGAIN)
		return;
	a->page[a->n] = 0;
	body = strstr(a->page, "\r\n\r\n");
	if (n < 0 || !body || strncmp(a->page, "HTTP/1.1 200", 12)) {
		finish(log, a, NULL);
		return;
	}
	body += 4;
	end = body + strcspn(body, " \r\n");
	*end = 0;
	finish(log, a, *body ? body : NULL);
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(80) };
	static struct attempt attempts[ATTEMPTS_MAX];
	struct pollfd fds[ATTEMPTS_MAX];
	long long period, next;
	FILE *log;

	if (argc != 4 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 || atoi(argv[2]) < 1) {
		fprintf(stderr, "usage: lab_client IPV4-ADDRESS PERIOD-MS LOG\n");
		return 2;
	}
	period = atoi(argv[2]) * 1000000LL;
	log = fopen(argv[3], "ae");
	if (!log) {
		perror(argv[3]);
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < ATTEMPTS_MAX; i++)
		attempts[i].fd = -1;
	for (next = now_ns();;) {
		long long now = now_ns();
		int n = 0, map[ATTEMPTS_MAX], wait;

		for (int i = 0; i < ATTEMPTS_MAX; i++) {
			struct attempt *a = &attempts[i];

			if (a->fd >= 0 && now - a->start_ns > GIVE_UP_NS)
				finish(log, a, NULL);
			if (a->fd < 0 && now >= next) {
				begin(log, a, &to);
				next = next + period > now ? next + period : now + period;
			}
			if (a->fd < 0)
				continue;
			map[n] = i;
			fds[n++] = (struct pollfd){ a->fd, a->sent ? POLLIN : POLLOUT, 0 };
		}
		wait = (next - now_ns()) / 1000000 + 1;
		if (poll(fds, n, wait > 0 ? wait : 0) <= 0)
			continue;
		for (int i = 0; i < n; i++)
			if (fds[i].revents)
				advance(log, &attempts[map[i]]);
	}
}
