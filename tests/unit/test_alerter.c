/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "core/model/alert.h"
#include "edge/alerter.h"

struct server {
	struct MHD_Daemon *daemon;
	atomic_int hits, refuse; /* refuse: so many first */
	atomic_int status;
	char body[4096], signature[128], key[128];
};

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **state)
{
	struct server *s = ctx;
	const char *v;
	struct MHD_Response *r;
	enum MHD_Result result;

	if (!*state) {
		*state = s;
		s->body[0] = '\0';
		return MHD_YES;
	}
	if (*size) {
		strncat(s->body, data, *size < 4000 ? *size : 4000);
		*size = 0;
		return MHD_YES;
	}
	v = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "X-Picket-Signature");
	snprintf(s->signature, sizeof(s->signature), "%s", v ? v : "");
	v = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Idempotency-Key");
	snprintf(s->key, sizeof(s->key), "%s", v ? v : "");
	r = MHD_create_response_from_buffer(2, (void *)"ok", MHD_RESPMEM_PERSISTENT);
	result = MHD_queue_response(
		c, atomic_fetch_sub(&s->refuse, 1) > 0 ? (unsigned)s->status : 200, r);
	MHD_destroy_response(r);
	atomic_fetch_add(&s->hits, 1);
	return result;
}

static char *server_start(struct server *s)
{
	const union MHD_DaemonInfo *info;

	s->status = 503;
	s->daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request, s, MHD_OPTION_END);
	cr_assert(s->daemon);
	info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
	return own_printf("http://127.0.0.1:%u/hook", info->port);
}

static char said[1024];

static void on_warn(void *ctx, const char *text)
{
	snprintf(said, sizeof(said), "%s", text);
	atomic_store((atomic_int *)ctx, 1);
}

static void tell(struct alerter *a, json_t *alert, const char *kind)
{
	json_t *alerts = json_pack("{s:O}", "one", alert);
	json_t *event = json_pack("{s:s, s:s, s:s, s:i, s:{s:s}}", "kind", kind, "node", "n1",
		"text", "is off", "incarnation", 3, "proof", "kind", "fence-agent");

	alerter_tell(a, alerts, "lab", event);
	json_decref(event);
	json_decref(alerts);
}

#define WAIT(condition)                                                                            \
	for (int i = 0; i < 2000 && !(condition); i++)                                             \
		usleep(10000);                                                                     \
	cr_expect(condition)

static uint64_t delivered(struct alerter *a)
{
	struct alerter_counts c;

	alerter_counts(a, &c);
	return c.delivered;
}

Test(alerter, a_webhook_is_tried_again_and_signed)
{
	struct server s = { .refuse = 1 };
	owned(free) char *url = server_start(&s);
	char secret[] = "/tmp/picket-alerter-XXXXXX", mac[ALERT_HEX], time[32];
	int fd = mkstemp(secret);
	atomic_int warned = 0;
	struct alerter *a = alerter_new("c1", on_warn, &warned);
	json_t *alert = json_pack(
		"{s:s, s:s, s:[s]}", "url", url, "secret-file", secret, "kinds", "node-dead");
	struct lines figures = { 0 };

	cr_assert_eq(write(fd, "hush\n", 5), 5);
	close(fd);
	tell(a, alert, "node-lost"); /* not wanted */
	tell(a, alert, "node-dead");
	WAIT(delivered(a) == 1);
	cr_expect_eq(s.hits, 2, "once refused, once taken");
	cr_expect_str_eq(s.key, "node-dead/n1/3");
	cr_expect(strstr(s.body, "\"fence-agent\""), "%s", s.body);
	cr_assert_eq(sscanf(s.signature, "t=%31[0-9]", time), 1, "%s", s.signature);
	alert_sign("hush", time, s.body, mac);
	cr_expect(strstr(s.signature, mac), "%s is not %s", s.signature, mac);
	alerter_figures(a, &figures);
	cr_expect(strstr(figures.data, "\npicket_alerts_delivered_total 1\n"), "%s", figures.data);
	cr_expect(strstr(figures.data, "\npicket_alerts_retried_total 1\n"), "%s", figures.data);
	lines_done(&figures);
	cr_expect(!warned);
	alerter_free(a);
	MHD_stop_daemon(s.daemon);
	json_decref(alert);
	unlink(secret);
}

Test(alerter, what_a_server_does_not_want_is_not_said_twice)
{
	struct server s = { .refuse = 5 };
	owned(free) char *url = server_start(&s);
	atomic_int warned = 0;
	struct alerter *a = alerter_new("c1", on_warn, &warned);
	json_t *alert = json_pack("{s:s}", "url", url);

	s.status = 404;
	tell(a, alert, "node-dead");
	WAIT(warned);
	cr_expect_eq(s.hits, 1);
	cr_expect(strstr(said, "status 404") && strstr(said, "alert one: node-dead"), "%s", said);
	alerter_free(a);
	MHD_stop_daemon(s.daemon);
	json_decref(alert);
}

Test(alerter, a_program_gets_it_on_stdin_and_in_its_environment)
{
	char dir[] = "/tmp/picket-alerter-XXXXXX";
	owned(free) char *program = NULL, *out = NULL, *text = NULL;
	atomic_int warned = 0;
	struct alerter *a = alerter_new("c1", on_warn, &warned);
	json_t *alert;
	size_t len;
	FILE *f;

	cr_assert(mkdtemp(dir));
	program = own_printf("%s/hook", dir);
	out = own_printf("%s/out", dir);
	f = fopen(program, "w");
	/* The first time it fails. */
	fprintf(f,
		"#!/bin/sh\n[ -e %s.tried ] || { touch %s.tried; exit 1; }\n"
		"{ cat; echo; echo $PICKET_EVENT $PICKET_NODE $PICKET_ID $PICKET_PROOF; "
		"echo $CRM_alert_kind $CRM_alert_desc; } >%s\n",
		out, out, out);
	fclose(f);
	chmod(program, 0755);
	alert = json_pack("{s:s}", "program", program);
	tell(a, alert, "node-dead");
	WAIT(delivered(a) == 1);
	cr_assert_eq(file_read(out, 4096, &text, &len), 0);
	cr_expect(strstr(text, "\"incarnation\":3"), "%s", text);
	cr_expect(strstr(text, "\nnode-dead n1 node-dead/n1/3 {\"kind\":\"fence-agent\"}\n"), "%s",
		text);
	cr_expect(strstr(text, "\nfencing is off\n"), "%s", text);
	alerter_free(a);
	json_decref(alert);
	unlink(out);
	free(out);
	out = own_printf("%s/out.tried", dir);
	unlink(out);
	unlink(program);
	rmdir(dir);
}

/* Somebody who hangs: telling takes no time, the queue is bounded, and nothing waits at the end. */
Test(alerter, who_hangs_holds_up_nobody)
{
	atomic_int warned = 0;
	struct alerter *a = alerter_new("c1", on_warn, &warned);
	json_t *alert =
		json_pack("{s:s, s:s, s:i}", "program", "/bin/cat", "timeout", "60s", "retries", 0);
	json_t *hang = json_pack("{s:s, s:s}", "program", "/usr/bin/yes", "timeout", "60s");
	struct alerter_counts c;
	struct timespec from, to;
	json_t *alerts = json_pack("{s:o, s:o}", "good", alert, "hang", hang), *event;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < 400; i++) {
		event = json_pack("{s:s, s:i, s:i}", "kind", "order", "cursor", i, "boot_ns", 1);
		alerter_tell(a, alerts, "lab", event);
		json_decref(event);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	cr_expect_lt(to.tv_sec - from.tv_sec, 5);
	WAIT(delivered(a) > 100);
	alerter_counts(a, &c);
	cr_expect_gt(c.dropped, 100, "%llu", (unsigned long long)c.dropped);
	alerter_free(a); /* a second at most, and the process ends whoever runs */
	json_decref(alerts);
}
