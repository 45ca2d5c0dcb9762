/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include <picket/limits.h>

#include "base/child.h"
#include "edge/cgroup.h"
#include "edge/executor.h"
#include "edge/executor_ocf.h"
#include "edge/executor_systemd.h"

#define POLL_MS 25           /* between looks at what cannot be waited for */
#define OUTPUT_HEAD_MAX 8192 /* of a long output, its beginning is kept, and more of its end */

enum clearing { CLEARING_WAIT, CLEARING_TERM, CLEARING_KILL };

/* One run. */
struct task {
	struct task *next;
	struct executor *executor;
	unsigned run;
	const struct operation *operation;
	enum operation_kind as;
	uint64_t timeout_ms;
	struct child *child;
	struct executor_systemd_call *call;
	struct outcome outcome;
	uv_timer_t timer;
	uint64_t until_ms; /* uv_now() */
	int64_t after_pid, after_start;
	enum clearing clearing;
	char *people;
};

struct executor {
	uv_loop_t *loop;
	const struct executor_config *config;
	struct executor_handler handler;
	void *ctx;
	struct executor_systemd *systemd;
	struct task *tasks;
	uint64_t epoch; /* tells our calls' cgroups from those of an earlier life */
};

int executor_new(uv_loop_t *loop, const struct executor_config *config,
	const struct executor_handler *handler, void *ctx, struct executor **ret)
{
	struct executor *e = own_new(struct executor);
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	e->loop = loop;
	e->config = config;
	e->handler = *handler;
	e->ctx = ctx;
	e->systemd = executor_systemd_new(loop);
	e->epoch = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	/* HA_RSCTMP: agents put their state there and do not make it. */
	if (mkdir("/run/resource-agents", 0755) && errno != EEXIST)
		errno = 0; /* an agent that needs it will say so */
	*ret = e;
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct task *task = handle->data;

	outcome_done(&task->outcome);
	free(task->people);
	free(task);
}

static void task_free(struct task *task)
{
	for (struct task **at = &task->executor->tasks; *at; at = &(*at)->next) {
		if (*at == task) {
			*at = task->next;
			break;
		}
	}
	uv_close((uv_handle_t *)&task->timer, on_timer_closed);
}

void executor_free(struct executor *e)
{
	if (!e)
		return;
	while (e->tasks) {
		child_free(e->tasks->child);
		task_free(e->tasks);
	}
	executor_systemd_free(e->systemd);
	free(e);
}

static struct task *task_new(struct executor *e, unsigned run, const struct operation *operation)
{
	struct task *task = own_new(struct task);

	task->executor = e;
	task->run = run;
	task->operation = operation;
	task->next = e->tasks;
	e->tasks = task;
	uv_timer_init(e->loop, &task->timer);
	task->timer.data = task;
	uv_update_time(e->loop);
	return task;
}

static void task_ran(struct task *task)
{
	struct executor *e = task->executor;
	struct outcome outcome = task->outcome;
	unsigned run = task->run;

	task->outcome = (struct outcome){ 0 };
	if (e->config->cgroup && task->operation)
		cgroup_sweep(e->config->cgroup, task->operation->resource);
	task_free(task);
	e->handler.on_ran(e->ctx, run, &outcome);
}

static void on_settled(uv_timer_t *timer)
{
	task_ran(timer->data);
}

/* Ends the task from the loop, not from within the caller's call. */
static void task_settle(struct task *task, enum outcome_status status, int rc, char *reason)
{
	outcome_say(&task->outcome, status, rc, reason);
	uv_timer_start(&task->timer, on_settled, 0, 0);
}

/* ---- programs -------------------------------------------------------------------------------- */

static char *seconds(uint64_t ms)
{
	return ms % 1000 ? own_printf("%llu ms", (unsigned long long)ms)
			 : own_printf("%llu s", (unsigned long long)ms / 1000);
}

/* Of a long text its beginning and its end: an agent says last why it failed. */
static char *output_cut(const char *text, size_t len, size_t dropped)
{
	size_t tail = PICKET_OUTPUT_MAX - OUTPUT_HEAD_MAX - 64, end = OUTPUT_HEAD_MAX;

	if (len < PICKET_OUTPUT_MAX && !dropped)
		return own_printf("%.*s", (int)len, text);
	if (len < PICKET_OUTPUT_MAX) {
		end = len;
		tail = 0;
	}
	return own_printf("%.*s\n[%zu bytes left out]\n%.*s", (int)end, text,
		len - end - tail + dropped, (int)tail, text + len - tail);
}

static char *timeout_reason(struct task *task, const struct child_result *r)
{
	owned(free) char *said = executor_ocf_reason(r->out, r->out_size);
	owned(free) char *limit = seconds(task->timeout_ms);

	return own_printf("%s did not end within %s%s%s%s", operation_name(task->as), limit,
		r->stuck ? " and cannot be killed: it sleeps in the kernel" : "",
		said ? ", last said: " : "", said ? said : "");
}

static void judge(struct task *task, const struct child_result *r)
{
	struct outcome *o = &task->outcome;

	if (r->timed_out)
		outcome_say(o, OUTCOME_TIMEOUT, OUTCOME_ERROR, timeout_reason(task, r));
	else if (r->killed)
		outcome_say(o, OUTCOME_CANCELLED, OUTCOME_UNKNOWN, own_string("ended by picket"));
	else if (r->error)
		outcome_say(o, r->error == -ENOENT ? OUTCOME_NO_AGENT : OUTCOME_FAILED,
			r->error == -ENOENT   ? OUTCOME_NOT_INSTALLED
			: r->error == -EACCES ? OUTCOME_NO_PERMISSION
					      : OUTCOME_ERROR,
			own_printf("cannot run the agent: %s: %s", r->step, strerror(-r->error)));
	else if (r->signal)
		outcome_say(o, OUTCOME_FAILED, OUTCOME_ERROR,
			own_printf("the agent died of signal %d (%s)", r->signal,
				strsignal(r->signal)));
	else
		outcome_say(o, OUTCOME_DONE, executor_ocf_rc(task->operation, task->as, r->code),
			executor_ocf_reason(r->out, r->out_size));
	o->output = output_cut(r->out, r->out_size, r->out_dropped);
}

static void on_child(void *ctx, const struct child_result *result)
{
	struct task *task = ctx;

	task->child = NULL;
	judge(task, result);
	task_ran(task);
}

/* Field 22 of /proc/PID/stat, clock ticks since boot; 0: no such process. */
static int64_t pid_started(int64_t pid)
{
	owned(free) char *path = own_printf("/proc/%lld/stat", (long long)pid);
	char line[1024], *end;
	FILE *f = fopen(path, "re");
	long long start = 0;

	if (!f)
		return 0;
	end = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	if (!end || sscanf(end + 1,
			    " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d"
			    " %*d %*d %*d %lld",
			    &start) != 1)
		start = 0;
	fclose(f);
	return start;
}

static void start_child(struct task *task, struct executor_ocf *call, const char *cgroup)
{
	struct executor *e = task->executor;
	struct child_spec spec = { .argv = call->argv,
		.envp = (const char *const *)call->envp,
		.cgroup = cgroup,
		.session = true,
		.timeout_ms = task->timeout_ms,
		.output_max = EXECUTOR_CAPTURE_MAX,
		/* meta-data is a document: what goes to stderr has no place in it */
		.merge = task->as != OPERATION_META_DATA };
	int r = child_start(e->loop, &spec, on_child, task, &task->child);

	if (r) {
		task_settle(task, OUTCOME_FAILED, OUTCOME_ERROR,
			own_printf("cannot start a process: %s", strerror(-r)));
		return;
	}
	e->handler.on_started(
		e->ctx, task->run, child_pid(task->child), pid_started(child_pid(task->child)));
}

static void run_program(struct task *task)
{
	struct executor *e = task->executor;
	const struct operation *o = task->operation;
	owned(free) char *name = own_printf(
		"%s-%llx-%u", operation_name(task->as), (unsigned long long)e->epoch, task->run);
	owned(free) char *cgroup = NULL;
	struct executor_ocf call;
	int r = executor_ocf_init(&call, e->config, o, task->as, task->timeout_ms);

	if (r == -EINVAL) {
		task_settle(task, OUTCOME_NOT_SUPPORTED, OUTCOME_UNIMPLEMENTED,
			own_printf("class %s has no %s", o->standard, operation_name(task->as)));
		return;
	}
	if (r) {
		task_settle(task, r == -EACCES ? OUTCOME_FAILED : OUTCOME_NO_AGENT,
			r == -EACCES ? OUTCOME_NO_PERMISSION : OUTCOME_NOT_INSTALLED,
			own_printf("the agent %s:%s%s%s %s", o->standard, o->provider,
				*o->provider ? ":" : "", o->type,
				r == -EACCES ? "may not be executed"
					     : "is not installed on this node"));
		return;
	}
	if (e->config->cgroup)
		r = cgroup_make(e->config->cgroup, o->resource, name, &cgroup);
	if (r)
		task_settle(task, OUTCOME_FAILED, OUTCOME_ERROR,
			own_printf("cannot make a cgroup: %s", strerror(-r)));
	else
		start_child(task, &call, cgroup);
	executor_ocf_done(&call);
}

/* ---- any class ------------------------------------------------------------------------------- */

static void on_unit(void *ctx, struct outcome *outcome)
{
	struct task *task = ctx;

	task->call = NULL;
	task->outcome = *outcome;
	*outcome = (struct outcome){ 0 };
	task_ran(task);
}

/* Class service is whichever of the two is there, an init script first: as in Pacemaker. */
static bool is_unit(const struct executor *e, const struct operation *o)
{
	owned(free) char *script = NULL;

	if (strcmp(o->standard, "service"))
		return !strcmp(o->standard, "systemd");
	script = own_printf(
		"%s/%s", e->config->init_dir ? e->config->init_dir : "/etc/init.d", o->type);
	return access(script, X_OK) != 0;
}

static void run_now(struct task *task)
{
	struct executor *e = task->executor;
	const struct operation *o = task->operation;

	if (is_unit(e, o))
		task->call = executor_systemd_run(e->systemd, o->type, task->as,
			o->interval_ms != 0, task->timeout_ms, on_unit, task);
	else if (!strcmp(o->standard, "ocf") || !strcmp(o->standard, "lsb") ||
		 !strcmp(o->standard, "service"))
		run_program(task);
	else
		task_settle(task, OUTCOME_NOT_SUPPORTED, OUTCOME_UNIMPLEMENTED,
			own_printf("there is no class %s", o->standard));
}

static bool orphan_lives(const struct task *task)
{
	return task->after_pid > 0 && pid_started(task->after_pid) == task->after_start;
}

/* Its result is lost; what matters is that it does not run beside us. */
static void on_orphan(uv_timer_t *timer)
{
	struct task *task = timer->data;

	if (orphan_lives(task) && uv_now(task->executor->loop) < task->until_ms)
		return;
	if (orphan_lives(task)) {
		kill((pid_t)-task->after_pid, SIGKILL);
		kill((pid_t)task->after_pid, SIGKILL);
	}
	uv_timer_stop(timer);
	run_now(task);
}

void executor_run(struct executor *e, unsigned run, const struct operation *operation,
	enum operation_kind as, uint64_t timeout_ms, int64_t after_pid, int64_t after_pid_start)
{
	struct task *task = task_new(e, run, operation);

	task->as = as;
	task->timeout_ms = timeout_ms;
	task->after_pid = after_pid;
	task->after_start = after_pid_start;
	task->until_ms = uv_now(e->loop) + timeout_ms;
	if (orphan_lives(task))
		uv_timer_start(&task->timer, on_orphan, POLL_MS, POLL_MS);
	else
		run_now(task);
}

void executor_kill(struct executor *e, unsigned run)
{
	for (struct task *task = e->tasks; task; task = task->next) {
		if (task->run != run)
			continue;
		if (task->child)
			child_kill(task->child, SIGKILL);
		else if (task->call)
			executor_systemd_cancel(task->call);
		else
			task_settle(task, OUTCOME_CANCELLED, OUTCOME_UNKNOWN,
				own_string("ended by picket"));
		return;
	}
}

/* ---- what a stop left behind -------------------------------------------------------------------
 */

static void task_cleared(struct task *task, bool empty, char *sentence)
{
	owned(free) char *note = sentence;
	struct executor *e = task->executor;
	unsigned run = task->run;

	if (e->config->cgroup)
		cgroup_sweep(e->config->cgroup, task->operation->resource);
	task_free(task);
	e->handler.on_cleared(e->ctx, run, empty, note);
}

static void clear_next(struct task *task)
{
	struct executor *e = task->executor;
	const char *name = task->operation->resource;

	if (task->clearing == CLEARING_WAIT) {
		task->people = cgroup_people(e->config->cgroup, name);
		if (e->config->left == EXECUTOR_LEFT_FAIL) {
			task_cleared(task, false, own_string(task->people));
			return;
		}
		if (e->config->left == EXECUTOR_LEFT_REPORT) {
			task_cleared(task, true, own_printf("stop left running: %s", task->people));
			return;
		}
		cgroup_term(e->config->cgroup, name);
		task->clearing = CLEARING_TERM;
		task->until_ms = uv_now(e->loop) + EXECUTOR_LEFT_MS;
	} else if (task->clearing == CLEARING_TERM) {
		cgroup_kill(e->config->cgroup, name);
		task->clearing = CLEARING_KILL;
		task->until_ms = uv_now(e->loop) + EXECUTOR_KILLED_MS;
	} else {
		char *people = cgroup_people(e->config->cgroup, name);

		task_cleared(task, false,
			own_printf("%s, even after SIGKILL", people ? people : "processes"));
		free(people);
	}
}

static void on_clearing(uv_timer_t *timer)
{
	static const char *const how[] = { "", ": picket ended them with SIGTERM",
		": picket ended them with SIGKILL" };
	struct task *task = timer->data;
	struct executor *e = task->executor;

	if (e->config->cgroup && cgroup_populated(e->config->cgroup, task->operation->resource)) {
		if (uv_now(e->loop) >= task->until_ms)
			clear_next(task);
		return;
	}
	task_cleared(task, true,
		!task->people
			? NULL
			: own_printf("stop left running: %s%s", task->people, how[task->clearing]));
}

void executor_clear(struct executor *e, unsigned run, const struct operation *operation)
{
	struct task *task = task_new(e, run, operation);

	task->until_ms = uv_now(e->loop) + EXECUTOR_LEFT_MS;
	uv_timer_start(&task->timer, on_clearing, 0, POLL_MS);
}
