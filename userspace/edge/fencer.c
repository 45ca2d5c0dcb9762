/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <picket/limits.h>

#include "base/child.h"
#include "base/moment.h"
#include "base/own.h"
#include "edge/fencer.h"
#include "edge/fencer_agent.h"

enum {
	METADATA_MS = 5000, /* at most, and a quarter of the deadline */
	RETRY_MS = 500,     /* between two tries */
	READ_MS = 20,       /* between two readings of off */
	EVIDENCE_MAX = PICKET_OUTPUT_MAX
};

/* Where an order is. */
enum phase { WAITING, LEARNING, ACTING, PAUSING, VERIFYING, FINISHED };

struct run {
	struct fencer *fencer;
	struct run *next;
	enum phase phase, after_pause;
	struct fencer_agent *agent; /* of the fencer's list */
	char **params;
	char *name, *target, *plug, *device, *action;
	struct child *child; /* NULL = none runs */
	uv_timer_t timer;    /* the deadline while waiting and pausing; the pause; the first turn */
	unsigned tries, reads, unread; /* unread: verifications that read nothing */
	unsigned reads_wanted;
	bool asked, verify, cancelled; /* asked: for metadata, once */
	uint64_t id, start_ns, end_ns; /* end_ns: the deadline */
	char *reason, *output, *evidence;
	size_t evidence_size;
	int code;
};

struct fencer {
	uv_loop_t *loop;
	char **paths;
	unsigned tries, verify_reads;
	void (*on_result)(void *ctx, const struct fencer_result *result);
	void *ctx;
	struct fencer_agent *agents;
	struct run *runs;
};

static void run_step(struct run *run);
static void queue_look(struct fencer *fencer);

static uint64_t left_ms(const struct run *run)
{
	uint64_t now = moment_boot_ns();

	return now >= run->end_ns ? 0 : (run->end_ns - now + 999999U) / 1000000U;
}

const char *fencer_outcome_name(enum fencer_outcome outcome)
{
	static const char *const names[] = { "off", "on", "ok", "failed", "unknown", "timeout" };

	return names[outcome];
}

/* ---- lists of strings --------------------------------------------------------------------------
 */

static char **strings_copy(const char *const *strings)
{
	size_t n = 0;
	char **copy;

	while (strings && strings[n])
		n++;
	copy = own_array(NULL, n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = own_string(strings[i]);
	copy[n] = NULL;
	return copy;
}

static void strings_wipe(char **strings)
{
	for (char **s = strings; s && *s; s++) {
		explicit_bzero(*s, strlen(*s));
		free(*s);
	}
	free(strings);
}

static bool is_action(const struct run *run, const char *name)
{
	return strcmp(run->action, name) == 0;
}

static bool is_rehearsal(const struct run *run)
{
	return is_action(run, "rehearse");
}

/* ---- the end of an order -----------------------------------------------------------------------
 */

static void run_free(struct run *run)
{
	strings_wipe(run->params);
	free(run->name);
	free(run->target);
	free(run->plug);
	free(run->device);
	free(run->action);
	free(run->reason);
	free(run->output);
	free(run->evidence);
	free(run);
}

static void on_timer_closed(uv_handle_t *handle)
{
	run_free(handle->data);
}

static void run_unlink(struct run *run)
{
	struct run **at = &run->fencer->runs;

	while (*at != run)
		at = &(*at)->next;
	*at = run->next;
}

static void set_reason(struct run *run, char *text)
{
	fencer_agent_scrub((const char *const *)run->params, text);
	free(run->reason);
	run->reason = text;
}

static void run_finish(struct run *run, enum fencer_outcome outcome)
{
	struct fencer *fencer = run->fencer;
	struct fencer_result result = { .id = run->id,
		.outcome = outcome,
		.target = run->target,
		.agent = run->name,
		.action = run->action,
		.reason = run->reason ? run->reason : "",
		.output = run->output ? run->output : "",
		.evidence = run->evidence ? run->evidence : "",
		.code = run->code,
		.tries = run->tries,
		.reads = run->reads,
		.cancelled = run->cancelled,
		.start_ns = run->start_ns,
		.end_ns = moment_boot_ns() };

	run->phase = FINISHED;
	run_unlink(run);
	fencer->on_result(fencer->ctx, &result);
	uv_close((uv_handle_t *)&run->timer, on_timer_closed);
	queue_look(fencer);
}

static void run_late(struct run *run, const char *while_doing)
{
	owned(free) char *last = give(run->reason);

	set_reason(run, own_printf("timed out after %llu ms while %s%s%s",
				(unsigned long long)(moment_boot_ns() - run->start_ns) / 1000000U,
				while_doing, last ? "; last: " : "", last ? last : ""));
	run_finish(run, FENCER_TIMEOUT);
}

/* ---- evidence ----------------------------------------------------------------------------------
 */

static void evidence_put(struct run *run, const char *text, size_t n)
{
	if (n > EVIDENCE_MAX - run->evidence_size)
		return;
	run->evidence = own_array(run->evidence, run->evidence_size + n + 1, 1);
	memcpy(run->evidence + run->evidence_size, text, n);
	run->evidence_size += n;
	run->evidence[run->evidence_size] = 0;
}

/* Lines that begin with '{' are our agents' own. */
static void evidence_take(struct run *run, const char *output)
{
	while (*output) {
		size_t n = strcspn(output, "\n");

		if (*output == '{' && output[n] == '\n')
			evidence_put(run, output, n + 1);
		output += n + (output[n] == '\n');
	}
}

/*
 * An agent on our runtime says off only after the device did, in a reading after the order, and
 * tells of that reading. It is as good as that of a run of its own, a process and a TLS handshake
 * earlier.
 */
static bool evidence_proves_off(const char *output)
{
	bool proven = false;

	while (*output) {
		size_t n = strcspn(output, "\n");
		json_t *line = *output == '{' ? json_loadb(output, n, 0, NULL) : NULL;
		const char *step = json_string_value(json_object_get(line, "step"));
		const char *read = json_string_value(json_object_get(line, "read"));
		bool proof = step && strcmp(step, "proof") == 0;
		bool off = proof && read && strcmp(read, "off") == 0;

		json_decref(line);
		if (proof && !off)
			return false;
		proven = proven || off;
		output += n + (output[n] == '\n');
	}
	return proven;
}

static const char *last_line(const char *text, size_t *ret_n)
{
	size_t end = strlen(text), begin;

	while (end && strchr(" \t\r\n", text[end - 1]))
		end--;
	begin = end;
	while (begin && text[begin - 1] != '\n')
		begin--;
	*ret_n = end - begin;
	return text + begin;
}

static void evidence_run(struct run *run, const char *action, const struct child_result *r)
{
	size_t n;
	const char *last = last_line(*r->err ? r->err : r->out, &n);
	char text[256];
	json_t *line = json_pack("{s:I, s:s, s:s, s:s, s:i, s:I, s:I}", "t", (json_int_t)r->end_ns,
		"agent", run->name, "step", "run", "action", action, "exit", r->code, "signal",
		(json_int_t)r->signal, "ms", (json_int_t)((r->end_ns - r->start_ns) / 1000000U));
	owned(free) char *dump = NULL;

	snprintf(text, sizeof(text), "%.*s", (int)(n < 255 ? n : 255), last);
	fencer_agent_scrub((const char *const *)run->params, text);
	if (*text)
		json_object_set_new(line, "said", json_string(text)); /* not if it is not UTF-8 */
	dump = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	if (!dump)
		return;
	evidence_put(run, dump, strlen(dump));
	evidence_put(run, "\n", 1);
}

/* ---- running the agent -------------------------------------------------------------------------
 */

static void describe(struct run *run, const char *action, const struct child_result *r)
{
	size_t n;
	const char *line = last_line(*r->err ? r->err : r->out, &n);
	int width = (int)(n < 400 ? n : 400);

	if (r->error)
		set_reason(run, own_printf("%s cannot be run: %s: %s", run->name,
					r->step ? r->step : "start", strerror(-r->error)));
	else if (r->stuck)
		set_reason(run, own_printf("%s %s cannot be killed", run->name, action));
	else if (r->signal)
		set_reason(run, own_printf("%s %s ended by signal %d%s%.*s", run->name, action,
					r->signal, n ? ": " : "", width, line));
	else if (r->code != 0 || n)
		set_reason(run, own_printf("%s %s: exit status %d%s%.*s", run->name, action,
					r->code, n ? ": " : "", width, line));
}

static void after_action(struct run *run, const struct child_result *r);
static void after_verify(struct run *run, const struct child_result *r);

static void after_metadata(struct run *run, const struct child_result *r)
{
	/* Metadata that cannot be had are no reason not to fence; it goes on with what is usual. */
	if (r->code == 0)
		fencer_agent_learn(run->agent, r->out, r->out_size);
	run->phase = ACTING;
	run_step(run);
}

static void on_child(void *ctx, const struct child_result *r)
{
	struct run *run = ctx;
	const char *doing = run->phase == LEARNING    ? "metadata"
			    : run->phase == VERIFYING ? "status"
						      : run->action;

	run->child = NULL;
	if (run->phase != LEARNING) {
		evidence_take(run, r->out);
		evidence_run(run, doing, r);
	}
	if (run->cancelled) {
		set_reason(run, own_string("cancelled"));
		run_finish(run, FENCER_UNKNOWN);
		return;
	}
	if (run->phase == LEARNING) {
		after_metadata(run, r);
		return;
	}
	describe(run, doing, r);
	if (r->timed_out)
		run_late(run, run->phase == VERIFYING ? "verifying" : run->action);
	else if (run->phase == VERIFYING)
		after_verify(run, r);
	else
		after_action(run, r);
}

static void agent_start(struct run *run, const char *action, uint64_t timeout_ms)
{
	static const char *const env[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
					   "/sbin:/bin",
		"LC_ALL=C", "HOME=/root", NULL };
	const char *const argv[] = { run->agent->path, NULL };
	/* An agent with a deadline of its own gets less than ours, so that it can say why. */
	unsigned long own =
		(unsigned long)(timeout_ms > 1000 ? timeout_ms - 200 : timeout_ms * 8 / 10);
	char *input = fencer_agent_input(run->agent, (const char *const *)run->params, run->target,
		run->plug, fencer_agent_action((const char *const *)run->params, action), true,
		own);
	struct child_spec spec = { .argv = argv,
		.envp = env,
		.input = input,
		.input_size = strlen(input),
		.timeout_ms = timeout_ms ? timeout_ms : 1 };
	int r = child_start(run->fencer->loop, &spec, on_child, run, &run->child);

	explicit_bzero(input, strlen(input));
	free(input);
	if (r < 0) {
		set_reason(run, own_printf("%s cannot be started: %s", run->name, strerror(-r)));
		run_finish(run, run->tries ? FENCER_UNKNOWN : FENCER_FAILED);
	}
}

static void on_pause(uv_timer_t *timer)
{
	struct run *run = timer->data;

	if (run->child)
		return;
	if (run->cancelled) {
		set_reason(run, own_string("cancelled"));
		run_finish(run, FENCER_UNKNOWN);
	} else if (!left_ms(run)) {
		run_late(run, run->phase == WAITING ? "waiting for the device" : run->action);
	} else if (run->phase == WAITING) {
		queue_look(run->fencer);
		if (run->phase == WAITING)
			uv_timer_start(timer, on_pause, left_ms(run), 0);
	} else if (run->phase == PAUSING) {
		run->phase = run->after_pause;
		run_step(run);
	}
}

static void run_pause(struct run *run, enum phase then, uint64_t ms)
{
	run->phase = PAUSING;
	run->after_pause = then;
	uv_timer_start(&run->timer, on_pause, ms < left_ms(run) ? ms : left_ms(run), 0);
}

/* Starts what the phase asks for. */
static void run_step(struct run *run)
{
	uint64_t left = left_ms(run), metadata_ms = left / 4 < METADATA_MS ? left / 4 : METADATA_MS;

	if (!left) {
		run_late(run, run->action);
		return;
	}
	if (run->phase == ACTING && !run->agent->known && strcmp(run->action, "metadata") != 0 &&
		!run->asked) {
		run->asked = true;
		run->phase = LEARNING;
		agent_start(run, "metadata", metadata_ms);
		return;
	}
	if (run->phase == ACTING) {
		run->tries++;
		agent_start(run,
			is_rehearsal(run) && !run->agent->rehearse ? "status" : run->action, left);
	} else {
		agent_start(run, "status", left);
	}
}

/* ---- judging -----------------------------------------------------------------------------------
 */

/* Off was said. Read by the agent already or not, as often as is wanted. */
static void off_verify(struct run *run, bool read)
{
	run->phase = VERIFYING;
	run->reads += read;
	if (!run->reads)
		run_step(run);
	else if (run->reads >= run->reads_wanted)
		run_finish(run, FENCER_OFF);
	else
		run_pause(run, VERIFYING, READ_MS);
}

static void after_status(struct run *run, int code)
{
	run_finish(run, code == 0 ? FENCER_ON : code == 2 ? FENCER_OFF : FENCER_UNKNOWN);
}

static void after_action(struct run *run, const struct child_result *r)
{
	run->code = r->code;
	free(run->output);
	run->output = own_string(r->out);
	if (is_action(run, "status")) {
		after_status(run, r->code);
	} else if (is_rehearsal(run) && !run->agent->rehearse && r->code == 2) {
		run_finish(run, FENCER_OK); /* off, as status says it */
	} else if (r->code == 0 && is_action(run, "off") && run->verify) {
		off_verify(run, run->agent->evidence && evidence_proves_off(r->out));
	} else if (r->code == 0) {
		if (is_action(run, "metadata"))
			fencer_agent_learn(run->agent, r->out, r->out_size);
		run_finish(run, is_action(run, "on") ? FENCER_ON : FENCER_OK);
	} else if (run->tries < run->fencer->tries && left_ms(run) > RETRY_MS && !r->error &&
		   (is_action(run, "off") || is_action(run, "on") || is_action(run, "reboot"))) {
		run_pause(run, ACTING, RETRY_MS);
	} else {
		run_finish(run, FENCER_FAILED);
	}
}

/* The agent said "off". What does the device say? */
static void after_verify(struct run *run, const struct child_result *r)
{
	if (r->code == 2) {
		off_verify(run, true);
		return;
	}
	if (r->code == 0) {
		set_reason(run, own_printf("%s said off, but the power state reads on", run->name));
		run_finish(run, FENCER_FAILED);
		return;
	}
	run->reads = 0;
	if (++run->unread < run->fencer->tries && left_ms(run) > RETRY_MS)
		run_pause(run, VERIFYING, RETRY_MS);
	else
		run_finish(run, FENCER_UNKNOWN);
}

/* ---- orders ------------------------------------------------------------------------------------
 */

/* Is an earlier order of the same device still at work or before us? */
static bool device_busy(const struct run *run)
{
	for (const struct run *r = run->fencer->runs; r && r != run; r = r->next)
		if (run->device && r->device && strcmp(r->device, run->device) == 0)
			return true;
	return false;
}

/* runs is in the order of arrival. Finishing changes the list, so begin anew after each start. */
static void queue_look(struct fencer *fencer)
{
	struct run *run = fencer->runs;

	while (run) {
		if (run->phase == WAITING && !run->cancelled && !device_busy(run)) {
			uv_timer_stop(&run->timer);
			run->phase = ACTING;
			run_step(run);
			run = fencer->runs;
			continue;
		}
		run = run->next;
	}
}

static bool one_line(const char *s)
{
	return !s || !strpbrk(s, "\n\r");
}

static int order_check(const struct fencer_order *order)
{
	if (!order->agent || !order->action || !*order->action || !order->deadline_ms)
		return -EINVAL;
	if (!one_line(order->target) || !one_line(order->plug) || !one_line(order->action))
		return -EINVAL;
	for (const char *const *p = order->params; p && *p; p++)
		if (!one_line(*p) || ((p - order->params) % 2 == 0 && (strchr(*p, '=') || !p[1])))
			return -EINVAL;
	return 0;
}

static void run_cancel(struct run *run)
{
	run->cancelled = true;
	if (run->child)
		child_kill(run->child, SIGKILL);
	else
		uv_timer_start(&run->timer, on_pause, 0, 0);
}

/* Nothing that matters waits for a rehearsal. */
static void give_way(const struct run *to)
{
	for (struct run *run = to->fencer->runs; run; run = run->next)
		if (is_rehearsal(run) && run->device && to->device &&
			strcmp(run->device, to->device) == 0)
			run_cancel(run);
}

int fencer_run(struct fencer *fencer, const struct fencer_order *order)
{
	struct fencer_agent *agent;
	struct run *run, **at;
	int r = order_check(order);

	if (r == 0)
		r = fencer_agent_find(
			&fencer->agents, (const char *const *)fencer->paths, order->agent, &agent);
	if (r < 0)
		return r;
	run = own_new(struct run);
	run->fencer = fencer;
	run->agent = agent;
	run->id = order->id;
	run->code = -1;
	run->params = strings_copy(order->params);
	run->name = own_string(order->agent);
	run->target = own_string(order->target ? order->target : "");
	run->plug = own_string(order->plug);
	run->device = own_string(order->device);
	run->action = own_string(order->action);
	run->verify = order->verify;
	run->reads_wanted = order->reads ? order->reads : fencer->verify_reads;
	run->start_ns = moment_boot_ns();
	run->end_ns = run->start_ns + order->deadline_ms * 1000000U;
	uv_timer_init(fencer->loop, &run->timer);
	run->timer.data = run;
	if (!is_rehearsal(run))
		give_way(run);
	for (at = &fencer->runs; *at; at = &(*at)->next)
		;
	*at = run;
	/* The first turn is the loop's: a result never comes from inside this call. */
	uv_timer_start(&run->timer, on_pause, 0, 0);
	return 0;
}

void fencer_cancel(struct fencer *fencer, const char *target)
{
	for (struct run *run = fencer->runs; run; run = run->next)
		if (strcmp(run->target, target) == 0)
			run_cancel(run);
}

int fencer_new(uv_loop_t *loop, const struct fencer_config *config,
	void (*on_result)(void *ctx, const struct fencer_result *result), void *ctx,
	struct fencer **ret_fencer)
{
	static const char *const usual[] = { "/usr/sbin", NULL };
	struct fencer *fencer = own_new(struct fencer);

	fencer->loop = loop;
	fencer->paths = strings_copy(config->paths ? config->paths : usual);
	fencer->tries = config->tries ? config->tries : 2;
	fencer->verify_reads = config->verify_reads ? config->verify_reads : 1;
	fencer->on_result = on_result;
	fencer->ctx = ctx;
	*ret_fencer = fencer;
	return 0;
}

void fencer_free(struct fencer *fencer)
{
	if (!fencer)
		return;
	while (fencer->runs) {
		struct run *run = fencer->runs;

		fencer->runs = run->next;
		if (run->child) {
			child_kill(run->child, SIGKILL);
			child_free(run->child);
		}
		uv_close((uv_handle_t *)&run->timer, on_timer_closed);
	}
	fencer_agent_free_all(fencer->agents);
	strings_wipe(fencer->paths);
	free(fencer);
}
