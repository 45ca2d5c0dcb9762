/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fencer with agents that are shell scripts, each wrong in its own way. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "edge/fencer.h"
#include "edge/fencer_agent.h"

static char dir[] = "/tmp/picket-fencer-XXXXXX";
static uv_loop_t loop;
static struct fencer *fencer;

struct seen {
	enum fencer_outcome outcome;
	char target[64], reason[512], output[1024], evidence[8192];
	unsigned tries, reads;
	bool cancelled;
	uint64_t id, start_ns, end_ns;
	int code;
};
static struct seen seen[16];
static size_t n_seen;

static void on_result(void *ctx, const struct fencer_result *r)
{
	struct seen *s = &seen[n_seen++];

	*s = (struct seen){ .outcome = r->outcome,
		.tries = r->tries,
		.reads = r->reads,
		.cancelled = r->cancelled,
		.id = r->id,
		.start_ns = r->start_ns,
		.end_ns = r->end_ns,
		.code = r->code };
	snprintf(s->target, sizeof(s->target), "%s", r->target);
	snprintf(s->reason, sizeof(s->reason), "%s", r->reason);
	snprintf(s->output, sizeof(s->output), "%s", r->output);
	snprintf(s->evidence, sizeof(s->evidence), "%s", r->evidence);
}

/* An agent that keeps what it is told in NAME.in, and its power in NAME.power. `a` is the action.
 */
static void agent(const char *name, const char *body)
{
	owned(free) char *path = own_printf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	fprintf(f,
		"#!/bin/sh\ncd %s\nin=$(cat)\na=${in##*action=}\n"
		"printf '%%s\\n--\\n' \"$in\" >>%s.in\n"
		"if [ $a = metadata ]; then echo '<resource-agent name=\"x\"><parameters>"
		"<parameter name=\"plug\"/><parameter name=\"port\"/>"
		"<parameter name=\"%s\"/></parameters></resource-agent>'; "
		"exit 0; fi\n"
		"if [ $a = status ]; then grep -q off %s.power && exit 2; exit 0; fi\n%s\n",
		dir, name, strncmp(name, "fence_telling", 13) ? "x" : "evidence", name, body);
	fclose(f);
	chmod(path, 0755);
}

static char *input_of(const char *name)
{
	owned(free) char *path = own_printf("%s/%s.in", dir, name);
	static char text[4096];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = 0;
	if (f)
		fclose(f);
	return text;
}

static void setup(void)
{
	static const char *paths[] = { "/nonexistent", dir, NULL };

	cr_assert_not_null(mkdtemp(dir));
	uv_loop_init(&loop);
	cr_assert_eq(fencer_new(&loop, &(struct fencer_config){ .paths = paths }, on_result, NULL,
			     &fencer),
		0);
	agent("fence_good", "echo $a >fence_good.power");
	agent("fence_liar", "echo 'Success: Powered OFF'");
	agent("fence_hang", "echo hanging >&2; sleep 1000");
}

static void teardown(void)
{
	owned(free) char *command = own_printf("rm -rf %s", dir);

	fencer_free(fencer);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_eq(uv_loop_close(&loop), 0, "a handle was left behind");
	cr_assert_eq(system(command), 0);
}

TestSuite(fencer, .init = setup, .fini = teardown, .timeout = 60);

static int order(struct fencer_order o)
{
	if (!o.target)
		o.target = "n1";
	if (!o.deadline_ms)
		o.deadline_ms = 20000;
	return fencer_run(fencer, &o);
}

static struct seen *one(struct fencer_order o)
{
	n_seen = 0;
	cr_assert_eq(order(o), 0);
	cr_assert_eq(n_seen, 0, "a result from inside fencer_run()");
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_eq(n_seen, 1);
	return &seen[0];
}

Test(fencer, off_is_off_when_it_reads_off)
{
	struct seen *s = one((struct fencer_order){
		.agent = "fence_good", .action = "off", .verify = true, .id = 7 });

	cr_assert_eq(s->outcome, FENCER_OFF, "%s", s->reason);
	cr_assert_eq(s->id, 7);
	cr_assert_eq(s->tries, 1);
	cr_assert_str_eq(s->target, "n1");
	cr_assert(s->end_ns > s->start_ns);
	cr_assert(strstr(s->evidence, "\"action\":\"status\",\"exit\":2"));
}

#define READ(state) "echo '{\"step\":\"proof\",\"plug\":\"n1\",\"read\":\"" state "\"}'; "

Test(fencer, a_reading_that_is_told_of_needs_no_run_of_its_own)
{
	struct seen *s;

	agent("fence_telling", READ("off") "echo $a >fence_telling.power");
	s = one((struct fencer_order){ .agent = "fence_telling", .action = "off", .verify = true });
	cr_assert_eq(s->outcome, FENCER_OFF, "%s", s->reason);
	cr_assert_null(strstr(s->evidence, "\"action\":\"status\""));
	s = one((struct fencer_order){
		.agent = "fence_telling", .action = "off", .verify = true, .reads = 2 });
	cr_assert_eq(s->outcome, FENCER_OFF, "%s", s->reason);
	cr_assert(strstr(s->evidence, "\"action\":\"status\",\"exit\":2"));
}

/* One feed of two; a failed try; and an agent that was not asked for evidence. */
Test(fencer, what_was_told_must_be_off_and_asked_for)
{
	agent("fence_telling_half", READ("off") READ("on") "exit 0");
	cr_assert_eq(one((struct fencer_order){
				 .agent = "fence_telling_half", .action = "off", .verify = true })
			     ->outcome,
		FENCER_FAILED);
	agent("fence_telling_failed", READ("off") "exit 1");
	cr_assert_eq(one((struct fencer_order){
				 .agent = "fence_telling_failed", .action = "off", .verify = true })
			     ->outcome,
		FENCER_FAILED);
	agent("fence_stranger", READ("off") "exit 0");
	cr_assert_eq(one((struct fencer_order){
				 .agent = "fence_stranger", .action = "off", .verify = true })
			     ->outcome,
		FENCER_FAILED);
}

Test(fencer, a_liar_has_not_switched_off)
{
	struct seen *s = one(
		(struct fencer_order){ .agent = "fence_liar", .action = "off", .verify = true });

	cr_assert_eq(s->outcome, FENCER_FAILED);
	cr_assert(strstr(s->reason, "reads on"));
}

Test(fencer, unverified_off_is_not_off)
{
	struct seen *s = one((struct fencer_order){ .agent = "fence_liar", .action = "off" });

	cr_assert_eq(s->outcome, FENCER_OK);
}

Test(fencer, status)
{
	cr_assert_eq(
		one((struct fencer_order){ .agent = "fence_good", .action = "status" })->outcome,
		FENCER_ON);
	one((struct fencer_order){ .agent = "fence_good", .action = "off" });
	cr_assert_eq(
		one((struct fencer_order){ .agent = "fence_good", .action = "status" })->outcome,
		FENCER_OFF);
}

Test(fencer, an_unreadable_state_is_unknown)
{
	owned(free) char *path = own_printf("%s/fence_blind", dir);
	FILE *f;

	agent("fence_blind", "exit 0"); /* for its mode; it says nothing of itself either: */
	f = fopen(path, "w");
	fprintf(f,
		"#!/bin/sh\nin=$(cat); case $in in *action=off) exit 0;; *status) exit 1;; esac\n");
	fclose(f);
	cr_assert_eq(one((struct fencer_order){
				 .agent = "fence_blind", .action = "off", .verify = true })
			     ->outcome,
		FENCER_UNKNOWN);
}

Test(fencer, tells_the_agent_what_a_fencer_tells)
{
	const char *const params[] = { "ip", "10.0.0.1", "password", "word", "pcmk_host_map",
		"n1:3;n2:4", "pcmk_off_action", "off", "action", "reboot", NULL };

	one((struct fencer_order){
		.agent = "fence_good", .action = "off", .target = "n2", .params = params });
	cr_assert_str_eq(input_of("fence_good"), "action=metadata\n--\nip=10.0.0.1\npassword="
						 "word\nnodename=n2\nplug=4\naction=off\n--\n");
}

Test(fencer, metadata_are_read_once)
{
	one((struct fencer_order){ .agent = "fence_good", .action = "off" });
	one((struct fencer_order){ .agent = "fence_good", .action = "on" });
	cr_assert_str_eq(input_of("fence_good"),
		"action=metadata\n--\nnodename=n1\nplug=n1\naction=off\n--\n"
		"nodename=n1\nplug=n1\naction=on\n--\n");
}

Test(fencer, the_deadline_kills_and_explains)
{
	struct seen *s = one((struct fencer_order){
		.agent = "fence_hang", .action = "off", .verify = true, .deadline_ms = 1500 });

	cr_assert_eq(s->outcome, FENCER_TIMEOUT);
	cr_assert_lt((s->end_ns - s->start_ns) / 1000000, 4000);
	cr_assert(strstr(s->reason, "hanging"), "%s", s->reason);
}

Test(fencer, a_failure_is_tried_again)
{
	struct seen *s;

	agent("fence_second",
		"[ -e second ] && { echo $a >fence_second.power; exit 0; }; touch second;"
		" echo 'no luck' >&2; exit 1");
	s = one((struct fencer_order){ .agent = "fence_second", .action = "off", .verify = true });
	cr_assert_eq(s->outcome, FENCER_OFF);
	cr_assert_eq(s->tries, 2);
	cr_assert(strstr(s->evidence, "no luck"));
}

Test(fencer, a_failure_that_stays_is_told)
{
	struct seen *s;

	agent("fence_never", "echo 'Failed: no such plug' >&2; exit 1");
	s = one((struct fencer_order){ .agent = "fence_never", .action = "off", .verify = true });
	cr_assert_eq(s->outcome, FENCER_FAILED);
	cr_assert_eq(s->tries, 2);
	cr_assert_eq(s->code, 1);
	cr_assert(strstr(s->reason, "no such plug"));
}

Test(fencer, secrets_are_not_told)
{
	const char *const params[] = { "password", "hunter22", NULL };
	struct seen *s;

	agent("fence_loud", "echo \"login as root with hunter22 failed\" >&2; exit 1");
	s = one((struct fencer_order){ .agent = "fence_loud", .action = "off", .params = params });
	cr_assert_null(strstr(s->reason, "hunter22"));
	cr_assert_null(strstr(s->evidence, "hunter22"));
	cr_assert(strstr(s->reason, "with *** failed"));
}

Test(fencer, targets_run_in_parallel)
{
	n_seen = 0;
	for (int i = 0; i < 4; i++)
		order((struct fencer_order){
			.agent = "fence_hang", .action = "off", .deadline_ms = 700 });
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_eq(n_seen, 4);
	for (int i = 0; i < 4; i++)
		cr_assert_lt((seen[i].end_ns - seen[0].start_ns) / 1000000, 2500);
}

Test(fencer, one_device_does_one_thing_at_a_time)
{
	n_seen = 0;
	order((struct fencer_order){
		.agent = "fence_hang", .action = "off", .device = "pdu", .deadline_ms = 1000 });
	order((struct fencer_order){
		.agent = "fence_good", .action = "off", .device = "pdu", .verify = true, .id = 2 });
	order((struct fencer_order){ .agent = "fence_good",
		.action = "on",
		.device = "pdu",
		.deadline_ms = 300,
		.id = 3 });
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_eq(n_seen, 3);
	cr_assert_eq(seen[0].id, 3);
	cr_assert_eq(seen[0].outcome, FENCER_TIMEOUT);
	cr_assert(strstr(seen[0].reason, "waiting for the device"));
	cr_assert_eq(seen[1].outcome, FENCER_TIMEOUT);
	cr_assert_eq(seen[2].outcome, FENCER_OFF);
}

Test(fencer, a_rehearsal_by_who_knows_the_word_and_by_who_does_not)
{
	agent("fence_knows", "[ $a = rehearse ] && echo system=1 && exit 0; exit 1");
	cr_assert_eq(
		system(own_printf("sed -i 's|</resource-agent>|<actions><action "
				  "name=\"rehearse\"/></actions></resource-agent>|' %s/fence_knows",
			dir)),
		0);
	cr_assert_eq(
		one((struct fencer_order){ .agent = "fence_knows", .action = "rehearse" })->outcome,
		FENCER_OK);
	cr_assert(strstr(seen[0].output, "system=1"));
	cr_assert_eq(
		one((struct fencer_order){ .agent = "fence_good", .action = "rehearse" })->outcome,
		FENCER_OK);
	cr_assert(strstr(input_of("fence_good"), "action=status"));
	cr_assert_null(strstr(input_of("fence_good"), "action=rehearse"));
	one((struct fencer_order){ .agent = "fence_good", .action = "off" });
	cr_assert_eq(
		one((struct fencer_order){ .agent = "fence_good", .action = "rehearse" })->outcome,
		FENCER_OK, "off is an answer, too");
}

Test(fencer, a_rehearsal_gives_way)
{
	agent("fence_slow", "exit 0");
	cr_assert_eq(system(own_printf("sed -i 's|^if \\[ $a = status \\].*|[ $a = status ] \\&\\& "
				       "sleep 1000|' %s/fence_slow",
			     dir)),
		0);
	n_seen = 0;
	order((struct fencer_order){
		.agent = "fence_slow", .action = "rehearse", .device = "bmc", .id = 1 });
	for (int i = 0; i < 50; i++) { /* it has begun */
		uv_run(&loop, UV_RUN_NOWAIT);
		usleep(10000);
	}
	order((struct fencer_order){
		.agent = "fence_good", .action = "off", .device = "bmc", .verify = true, .id = 2 });
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_eq(n_seen, 2);
	cr_assert_eq(seen[0].id, 1);
	cr_assert(seen[0].cancelled);
	cr_assert_eq(seen[1].outcome, FENCER_OFF);
	cr_assert_lt((seen[1].end_ns - seen[1].start_ns) / 1000000, 8000);
}

Test(fencer, off_is_read_as_often_as_wanted)
{
	one((struct fencer_order){
		.agent = "fence_good", .action = "off", .verify = true, .reads = 3 });
	cr_assert_eq(seen[0].outcome, FENCER_OFF);
	cr_assert_eq(seen[0].reads, 3);
}

static void cancel_it(uv_timer_t *timer)
{
	fencer_cancel(fencer, "n1");
	uv_close((uv_handle_t *)timer, NULL);
}

Test(fencer, a_cancelled_order_is_unknown)
{
	uv_timer_t timer;

	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, cancel_it, 300, 0);
	cr_assert_eq(one((struct fencer_order){ .agent = "fence_hang", .action = "off" })->outcome,
		FENCER_UNKNOWN);
	cr_assert_str_eq(seen[0].reason, "cancelled");
	cr_assert_lt((seen[0].end_ns - seen[0].start_ns) / 1000000, 5000);
}

Test(fencer, freed_while_running)
{
	order((struct fencer_order){ .agent = "fence_hang", .action = "off" });
	uv_run(&loop, UV_RUN_ONCE);
	uv_run(&loop, UV_RUN_NOWAIT);
	/* teardown frees it, and finds no handle left */
}

Test(fencer, bad_orders_are_refused)
{
	const char *const broken[] = { "ip", "1\naction=on", NULL };

	cr_assert_eq(
		order((struct fencer_order){ .agent = "fence_none", .action = "off" }), -ENOENT);
	cr_assert_eq(
		order((struct fencer_order){ .agent = "../bin/sh", .action = "off" }), -EINVAL);
	cr_assert_eq(order((struct fencer_order){ .agent = "fence_good" }), -EINVAL);
	cr_assert_eq(order((struct fencer_order){
			     .agent = "fence_good", .action = "off", .params = broken }),
		-EINVAL);
	cr_assert_eq(order((struct fencer_order){
			     .agent = "fence_good", .action = "off", .target = "n1\nplug=2" }),
		-EINVAL);
}

Test(fencer, metadata_decide_the_name_of_the_plug)
{
	struct fencer_agent a = { .known = true, .port = true };
	const char *const fixed[] = { "port", "9", NULL };
	const char *const dynamic[] = { "port", "dynamic", NULL };
	owned(free) char *text = fencer_agent_input(&a, NULL, "n1", "5", "off", true, 1000);

	cr_assert_str_eq(text, "nodename=n1\nport=5\naction=off\n");
	free(text);
	text = fencer_agent_input(&a, fixed, "n1", NULL, "off", true, 0);
	cr_assert_str_eq(text, "port=9\nnodename=n1\naction=off\n");
	free(text);
	text = fencer_agent_input(&a, dynamic, "n1", NULL, "off", true, 0);
	cr_assert_str_eq(text, "nodename=n1\nport=n1\naction=off\n");
	free(text);
	a.evidence = a.deadline = true;
	text = fencer_agent_input(&a, NULL, "n1", NULL, "status", true, 1500);
	cr_assert_str_eq(text, "nodename=n1\nport=n1\nevidence=-\ndeadline=1.500\naction=status\n");
	free(text);
	text = fencer_agent_input(&a, NULL, "n1", NULL, "monitor", false, 0);
	cr_assert_str_eq(text, "action=monitor\n");
}
