/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/child.h"
#include "base/own.h"
#include "edge/fencer.h"

#define SAID_MAX 512 /* of an agent's words kept as evidence, bytes */
#define PATH_MAX_FOLDERS 8

struct job {
	struct fencer *fencer;
	uint64_t id, start_ns, deadline_ns;
	char *agent, *target, *op;
	json_t *params, *evidence;
	struct child *child;
	uv_timer_t soon;   /* a failure to start is told from the loop, too */
	const char *asked; /* the action under way */
	char *why;
	struct job *next;
};

struct fencer {
	uv_loop_t *loop;
	char *path[PATH_MAX_FOLDERS + 1];
	void (*on_result)(void *ctx, const struct fencer_result *result);
	void *ctx;
	struct job *jobs;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

int fencer_new(uv_loop_t *loop, const char *const *path,
	void (*on_result)(void *ctx, const struct fencer_result *result), void *ctx,
	struct fencer **ret)
{
	struct fencer *fencer = own_new(struct fencer);

	fencer->loop = loop;
	fencer->on_result = on_result;
	fencer->ctx = ctx;
	for (int i = 0; i < PATH_MAX_FOLDERS && path[i]; i++)
		fencer->path[i] = own_string(path[i]);
	*ret = fencer;
	return 0;
}

static void on_job_closed(uv_handle_t *handle)
{
	struct job *job = handle->data;

	json_decref(job->params);
	json_decref(job->evidence);
	free(job->agent);
	free(job->target);
	free(job->op);
	free(job->why);
	free(job);
}

static void job_end(struct job *job)
{
	for (struct job **p = &job->fencer->jobs; *p; p = &(*p)->next)
		if (*p == job) {
			*p = job->next;
			break;
		}
	uv_close((uv_handle_t *)&job->soon, on_job_closed);
}

static void job_tell(struct job *job, enum fencer_outcome outcome, const char *text)
{
	struct fencer_result result = { .id = job->id,
		.outcome = outcome,
		.text = text,
		.evidence = job->evidence,
		.t_start_ns = job->start_ns,
		.t_end_ns = now_ns() };

	job->fencer->on_result(job->fencer->ctx, &result);
	job_end(job);
}

static char *find(struct fencer *fencer, const char *agent)
{
	for (int i = 0; fencer->path[i]; i++) {
		char *path = own_printf("%s/%s", fencer->path[i], agent);

		if (!access(path, X_OK))
			return path;
		free(path);
	}
	return NULL;
}

/* What the agent reads: one name=value a line. A value with a line break would be a second line:
 * the configuration's check refuses it, and so do we. */
static char *input_of(struct job *job)
{
	char *text = own_printf("action=%s\nnodename=%s\n", job->asked, job->target), *longer;
	const char *name;
	json_t *value;

	json_object_foreach (job->params, name, value) {
		const char *v = json_string_value(value);

		if (!v || strpbrk(v, "\r\n") || strpbrk(name, "=\r\n") || !strcmp(name, "action"))
			continue;
		longer = own_printf("%s%s=%s\n", text, name, v);
		free(text);
		text = longer;
	}
	if (!json_object_get(job->params, "plug") && !json_object_get(job->params, "port")) {
		longer = own_printf("%splug=%s\n", text, job->target);
		free(text);
		text = longer;
	}
	return text;
}

static void job_ask(struct job *job, const char *action);

/* The last line that says something, for people. */
static const char *last_words(const char *text, char *out, size_t size)
{
	size_t end = strlen(text), begin;

	while (end && strchr("\r\n \t", text[end - 1]))
		end--;
	begin = end;
	while (begin && text[begin - 1] != '\n')
		begin--;
	snprintf(out, size, "%.*s", (int)(end - begin), text + begin);
	return out;
}

static void note(struct job *job, const struct child_result *r)
{
	char said[SAID_MAX];

	last_words(r->err[0] ? r->err : r->out, said, sizeof(said));
	json_array_append_new(job->evidence,
		json_pack("{s:s, s:i, s:b, s:I, s:I, s:s*}", "action", job->asked, "code", r->code,
			"timed_out", r->timed_out, "t_start_ns", (json_int_t)r->start_ns,
			"t_end_ns", (json_int_t)r->end_ns, "said", said));
}

/* Ours end an off with 0 only after they read it: that is their contract, and tested. Of any other
 * agent a status is asked in a call of its own. */
static bool reads_back(const char *agent)
{
	return !strncmp(agent, "fence_picket_", strlen("fence_picket_"));
}

static void judge(struct job *job, const struct child_result *r, const char *said)
{
	owned(free) char *why = NULL;
	bool off = !strcmp(job->op, "off");

	if (r->error)
		why = own_printf("%s cannot be run: %s", job->agent, strerror(-r->error));
	else if (r->timed_out)
		why = own_printf("%s did not finish %s in its time", job->agent, job->asked);
	else if (!strcmp(job->asked, "status") && r->code == 2)
		job_tell(job, FENCER_OFF, "switched off, and the power read back as off");
	else if (!strcmp(job->asked, "status") && r->code == 0)
		why = own_printf("%s reported success, but the power reads as on", job->agent);
	else if (!strcmp(job->asked, "status"))
		why = own_printf("the power cannot be read back: %s", said);
	else if (r->code == 0 && off && reads_back(job->agent))
		job_tell(job, FENCER_OFF, "switched off, and the power read back as off");
	else if (r->code == 0 && off)
		job_ask(job, "status");
	else if (r->code == 0)
		job_tell(job, FENCER_ON, "switched on");
	else
		why = own_printf("%s of %s through %s failed: %s", job->asked, job->target,
			job->agent, said[0] ? said : "it gave no reason");
	if (why)
		job_tell(job, FENCER_FAILED, why);
}

static void on_done(void *ctx, const struct child_result *r)
{
	struct job *job = ctx;
	char said[SAID_MAX];

	job->child = NULL;
	note(job, r);
	last_words(r->err[0] ? r->err : r->out, said, sizeof(said));
	judge(job, r, said);
}

static void on_soon(uv_timer_t *timer)
{
	struct job *job = timer->data;
	owned(free) char *why = give(job->why);

	job_tell(job, FENCER_FAILED, why);
}

static void fail_soon(struct job *job, char *why)
{
	free(job->why);
	job->why = why;
	uv_timer_start(&job->soon, on_soon, 0, 0);
}

static void job_ask(struct job *job, const char *action)
{
	static const char *const envp[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
		NULL };
	owned(free) char *program = find(job->fencer, job->agent), *input = NULL;
	const char *argv[] = { program, NULL };
	struct child_spec spec = { .argv = argv, .envp = envp };
	uint64_t now = now_ns();
	int rc;

	job->asked = action;
	if (!program) {
		fail_soon(job, own_printf("no program %s in the fence path", job->agent));
		return;
	}
	if (now >= job->deadline_ns) {
		fail_soon(job, own_printf("no time was left to %s", action));
		return;
	}
	input = input_of(job);
	spec.input = input;
	spec.input_size = strlen(input);
	spec.timeout_ms = (job->deadline_ns - now) / 1000000 + 1;
	rc = child_start(job->fencer->loop, &spec, on_done, job, &job->child);
	if (rc)
		fail_soon(job, own_printf("%s cannot be run: %s", job->agent, strerror(-rc)));
}

void fencer_run(struct fencer *fencer, const struct fencer_order *order)
{
	struct job *job = own_new(struct job);

	job->fencer = fencer;
	job->id = order->id;
	job->agent = own_string(order->agent);
	job->target = own_string(order->target);
	job->op = own_string(order->op);
	job->params = json_incref(order->params);
	job->evidence = json_array();
	job->start_ns = now_ns();
	job->deadline_ns = job->start_ns + order->deadline_ms * 1000000ULL;
	job->next = fencer->jobs;
	fencer->jobs = job;
	uv_timer_init(fencer->loop, &job->soon);
	job->soon.data = job;
	job_ask(job, job->op);
}

void fencer_free(struct fencer *fencer)
{
	if (!fencer)
		return;
	while (fencer->jobs) {
		struct job *job = fencer->jobs;

		if (job->child) {
			child_kill(job->child, SIGKILL);
			child_free(job->child);
		}
		uv_timer_stop(&job->soon);
		job_end(job);
	}
	for (int i = 0; fencer->path[i]; i++)
		free(fencer->path[i]);
	free(fencer);
}
