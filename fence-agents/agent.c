/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "base/own.h"
#include "metadata.h"
#include "secret.h"
#include "turn.h"

enum { STDIN_MAX = 65536, SCRIPT_MS = 10000 };

/* Exit statuses of the fence agent API. */
enum { DONE = 0, FAILED = 1, IS_OFF = 2 };

struct action {
	const char *name;
	int (*run)(const struct agent *agent, struct call *call); /* returns the exit status */
	bool delayed, evidence_on_stdout;
};

/* ---- the deadline's last word ---------------------------------------------------------------- */

static void put(const char *text)
{
	(void)!write(STDERR_FILENO, text, strlen(text));
}

/* A library that waits for a device does not look at our clock. Async-signal-safe. */
static void on_alarm(int signal, siginfo_t *info, void *context)
{
	const struct call *call = info->si_value.sival_ptr;

	put(call->agent);
	put(": Failed: ");
	put(call->action);
	put(" timed out at its deadline while ");
	put(call->doing);
	if (call->reason[0]) {
		put(" (last: ");
		put(call->reason);
		put(")");
	}
	put("\n");
	_exit(FAILED);
}

static void deadline_arm(struct call *call, uint64_t ms)
{
	struct sigaction sa = { .sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO };
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM, .sigev_value.sival_ptr = call
	};
	struct itimerspec when = { .it_value = {
					   (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 } };
	uint64_t reserve = ms / 10 < 500 ? ms / 10 : 500; /* to log out in good order */
	timer_t timer;

	sigaction(SIGALRM, &sa, NULL);
	if (timer_create(CLOCK_BOOTTIME, &event, &timer) == 0)
		timer_settime(timer, 0, &when, NULL);
	call->deadline = deadline_in(ms - reserve);
}

/* Everything one call may take if nobody said otherwise, in ms. */
static uint64_t deadline_of(const struct call *call)
{
	const struct settings *s = call->settings;
	uint64_t given = settings_ms(s, "deadline"), login = settings_ms(s, "login_timeout");
	uint64_t shell = settings_ms(s, "shell_timeout");
	uint64_t power = settings_ms(s, "power_timeout") + settings_ms(s, "power_wait");

	if (given)
		return given;
	if (strcmp(call->action, "reboot") == 0)
		return login + shell + 2 * power;
	if (strcmp(call->action, "off") == 0 || strcmp(call->action, "on") == 0)
		return login + shell + power;
	return login + 4 * shell;
}

/* ---- actions --------------------------------------------------------------------------------- */

static int failed(struct call *call)
{
	call_log(call, CALL_QUIET, "Failed: %s: %s", call->action,
		call->reason[0] ? call->reason : "unknown error");
	return FAILED;
}

static int open_device(const struct agent *agent, struct call *call)
{
	struct deadline window =
		deadline_within(call->deadline, settings_ms(call->settings, "login_timeout"));

	if (!agent->device->open)
		return 0;
	for (uint64_t wait = 100;; wait = wait < 800 ? 2 * wait : wait) {
		int r;

		call_doing(call, "logging in");
		call->retry_ms = 0;
		r = agent->device->open(call);
		if (r == 0 || !call_may_retry(r))
			return r;
		if (agent->device->close)
			agent->device->close(call);
		/* Who answers "later" is there: worth the whole deadline. Who does not answer at
		 * all is given up after login_timeout, so that the next level of a topology gets
		 * its turn. */
		if (!deadline_sleep(r == -EAGAIN ? call->deadline : window,
			    r == -EAGAIN && call->retry_ms ? call->retry_ms : wait))
			return r;
	}
}

static int action_turn(const struct agent *agent, struct call *call, enum power wanted)
{
	bool already = false;

	if (turn_plugs(call, agent->device, wanted, &already) < 0)
		return failed(call);
	printf("Success: %s %s\n", already ? "Already" : "Powered",
		wanted == POWER_ON ? "ON" : "OFF");
	return DONE;
}

static int action_on(const struct agent *agent, struct call *call)
{
	return action_turn(agent, call, POWER_ON);
}

static int action_off(const struct agent *agent, struct call *call)
{
	return action_turn(agent, call, POWER_OFF);
}

static int action_reboot(const struct agent *agent, struct call *call)
{
	const char *method = settings_get(call->settings, "method");
	bool already = false;
	int r;

	if (method && strcmp(method, "cycle") == 0 && agent->device->cycle) {
		if (turn_cycle(call, agent->device) < 0)
			return failed(call);
		printf("Success: Rebooted\n");
		return DONE;
	}
	if (method && strcmp(method, "cycle") == 0)
		call_log(call, CALL_NORMAL, "this device cannot prove a cycle; off and on instead");
	if (turn_plugs(call, agent->device, POWER_OFF, &already) < 0)
		return failed(call);
	/* From here on the node is fenced; that it does not come up is a pity, not a failure. */
	r = turn_plugs(call, agent->device, POWER_ON, &already);
	if (r < 0)
		call_log(call, CALL_QUIET, "off is proven, but not on again: %s", call->reason);
	printf("Success: Rebooted\n");
	return DONE;
}

/* A state on its way is given shell_timeout to arrive. */
static int read_settled(
	const struct agent *agent, struct call *call, const char *plug, enum power *ret_power)
{
	struct deadline until =
		deadline_within(call->deadline, settings_ms(call->settings, "shell_timeout"));

	for (;;) {
		int r = turn_read(call, agent->device, plug, call->deadline, ret_power);

		if (r < 0 || *ret_power != POWER_CHANGING || !deadline_sleep(until, 100))
			return r;
	}
}

static int action_status(const struct agent *agent, struct call *call)
{
	size_t off = 0, on = 0;

	for (size_t i = 0; i < call->n_plugs; i++) {
		enum power power = POWER_UNKNOWN;

		call_doing(call, "reading the power state%s%s", *call->plugs[i] ? " of plug " : "",
			call->plugs[i]);
		if (read_settled(agent, call, call->plugs[i], &power) < 0)
			return failed(call);
		off += power == POWER_OFF;
		on += power == POWER_ON;
		if (power != POWER_OFF && power != POWER_ON)
			call_fail(call, -EPROTO, "the power state%s%s is %s",
				*call->plugs[i] ? " of plug " : "", call->plugs[i],
				power_name(power));
	}
	if (on) {
		printf("Status: ON\n");
		return DONE;
	}
	if (off < call->n_plugs)
		return failed(call);
	printf("Status: OFF\n");
	return IS_OFF;
}

struct listing {
	const char *separator;
	bool with_state, silent;
};

static int on_listed(void *ctx, const char *id, const char *alias, enum power power)
{
	const struct listing *l = ctx;

	if (l->silent)
		return 0;
	printf("%s%s%s", id, l->separator, alias ? alias : "");
	if (l->with_state)
		printf("%s%s", l->separator,
			power == POWER_ON    ? "ON"
			: power == POWER_OFF ? "OFF"
					     : "UNKNOWN");
	putchar('\n');
	return 0;
}

static int list_with(const struct agent *agent, struct call *call, struct listing l)
{
	if (!agent->device->list) {
		call_fail(call, -ENOTSUP, "unsupported action");
		return failed(call);
	}
	call_doing(call, "listing the outlets");
	l.separator = settings_get(call->settings, "separator");
	return agent->device->list(call, on_listed, &l) < 0 ? failed(call) : DONE;
}

static int action_list(const struct agent *agent, struct call *call)
{
	return list_with(agent, call, (struct listing){ 0 });
}

static int action_list_status(const struct agent *agent, struct call *call)
{
	return list_with(agent, call, (struct listing){ .with_state = true });
}

/* The device answers and knows us. What state it is in does not matter here. */
static int action_monitor(const struct agent *agent, struct call *call)
{
	enum power power;

	if (agent->device->list)
		return list_with(agent, call, (struct listing){ .silent = true });
	call_doing(call, "reading the power state");
	return turn_read(call, agent->device, call->plugs[0], call->deadline, &power) < 0
		       ? failed(call)
		       : DONE;
}

static int action_diag(const struct agent *agent, struct call *call)
{
	if (!agent->device->diag) {
		call_fail(call, -ENOTSUP, "unsupported action");
		return failed(call);
	}
	call_doing(call, "sending the diagnostic interrupt");
	return agent->device->diag(call, call->plugs[0]) < 0 ? failed(call) : DONE;
}

static int action_rehearse(const struct agent *agent, struct call *call)
{
	if (!agent->device->rehearse) {
		call_fail(call, -ENOTSUP, "unsupported action");
		return failed(call);
	}
	call_doing(call, "rehearsing");
	return agent->device->rehearse(call) < 0 ? failed(call) : DONE;
}

static const struct action actions[] = {
	{ "on", action_on, .evidence_on_stdout = true },
	{ "off", action_off, .delayed = true, .evidence_on_stdout = true },
	{ "reboot", action_reboot, .delayed = true, .evidence_on_stdout = true },
	{ "status", action_status, .evidence_on_stdout = true },
	{ "monitor", action_monitor, .evidence_on_stdout = true },
	{ "list", action_list },
	{ "list-status", action_list_status },
	{ "diag", action_diag, .evidence_on_stdout = true },
	{ "rehearse", action_rehearse, .evidence_on_stdout = true },
};

static int run_pin(const struct agent *agent, struct call *call)
{
	char *pin = NULL;

	call_doing(call, "asking for the device's certificate");
	if (agent->device->pin(call, &pin) < 0)
		return failed(call);
	printf("%s\n", pin);
	free(pin);
	return DONE;
}

static const struct action *action_find(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

/* ---- what was asked for ---------------------------------------------------------------------- */

static void on_warning(void *ctx, const char *text)
{
	struct call *call = ctx;

	fprintf(stderr, "%s: %s\n", call->agent, text);
}

/* Who starts an agent before it is known whether it is needed leaves its standard input open. */
static void warm_up(const struct agent *agent)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	if (agent->device->warm && poll(&in, 1, 0) == 0)
		agent->device->warm();
}

static size_t read_stdin(char *text, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = read(STDIN_FILENO, text + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	return n;
}

static int take_settings(const struct agent *agent, struct call *call, int argc, char **argv)
{
	owned(free) char *text = NULL;
	size_t n;

	if (argc > 1)
		return settings_take_argv(call->settings, argc, argv, on_warning, call);
	warm_up(agent);
	text = own_alloc(STDIN_MAX + 1);
	n = read_stdin(text, STDIN_MAX + 1);
	if (n > STDIN_MAX) {
		explicit_bzero(text, n);
		on_warning(call, "standard input is too long");
		return -E2BIG;
	}
	settings_take_text(call->settings, text, n, on_warning, call);
	explicit_bzero(text, n);
	return 0;
}

/* "3, 7" → two plugs; none → one that is "". */
static void take_plugs(struct call *call)
{
	const char *plug = settings_get(call->settings, "plug");
	const char *separator = settings_get(call->settings, "plug_separator");
	size_t cap = 0;

	if (!plug || settings_flag(call->settings, "port_as_ip"))
		plug = "";
	do {
		size_t n = separator && *separator ? strcspn(plug, separator) : strlen(plug);
		size_t from = 0, length = n;

		while (from < length && isspace((unsigned char)plug[from]))
			from++;
		while (length > from && isspace((unsigned char)plug[length - 1]))
			length--;
		if (length > from || (!plug[n] && !call->n_plugs)) {
			own_grow(call->plugs, call->n_plugs, cap);
			call->plugs[call->n_plugs++] = strndup(plug + from, length - from);
		}
		plug += n + (plug[n] != 0);
	} while (*plug);
}

/* The action's name in lower case, aliases resolved. */
static char *take_action(const struct settings *settings)
{
	char *action = own_string(settings_get(settings, "action"));

	for (char *c = action; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (strcmp(action, "meta-data") == 0) {
		free(action);
		return own_string("metadata");
	}
	return action;
}

static void take_level(struct call *call)
{
	const char *file = settings_get(call->settings, "debug_file");
	long level = settings_number(call->settings, "verbose_level");

	call->level = settings_flag(call->settings, "quiet") ? CALL_QUIET : CALL_NORMAL;
	if (settings_flag(call->settings, "verbose") || level > 0)
		call->level = level > 1 ? CALL_DEBUG : CALL_VERBOSE;
	if (file)
		call->debug = fopen(file, "ae");
}

static int check(const struct agent *agent, struct call *call, const struct params *params)
{
	char *problem = NULL;
	int r = settings_finish(call->settings, SCRIPT_MS, &problem);

	if (r < 0) {
		call_fail(call, r, "%s", problem);
		free(problem);
		return r;
	}
	for (size_t i = 0; i < params->n; i++)
		if (params->rows[i].required &&
			!settings_get(call->settings, params->rows[i].name) &&
			strcmp(params->rows[i].name, "plug") != 0)
			return call_fail(
				call, -EINVAL, "parameter %s is missing", params->rows[i].name);
	return agent->check ? agent->check(call) : 0;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static int run_action(const struct agent *agent, struct call *call, const struct action *action)
{
	const char *evidence = settings_get(call->settings, "evidence");
	uint64_t delay = settings_ms(call->settings, "delay");
	int r;

	if (evidence && strcmp(evidence, "-") == 0 && !action->evidence_on_stdout)
		evidence = NULL; /* the list is for a parser */
	r = evidence_init(&call->evidence, call->agent, evidence);
	if (r < 0) {
		/* No place to write evidence is no reason to leave a lost node running. */
		call_log(call, CALL_NORMAL, "cannot write evidence to %s: %s", evidence,
			strerror(-r));
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (delay && action->delayed)
		deadline_sleep(deadline_in(delay), delay);
	deadline_arm(call, deadline_of(call));
	r = open_device(agent, call) < 0 ? failed(call) : action->run(agent, call);
	call_doing(call, "logging out");
	if (agent->device->close)
		agent->device->close(call);
	evidence_done(&call->evidence);
	return r;
}

static bool plug_missing(
	const struct call *call, const struct params *params, const struct action *action)
{
	const struct param *plug = params_find(params, "plug", strlen("plug"));

	return plug && plug->required && !*call->plugs[0] && !strstr(action->name, "list") &&
	       strcmp(action->name, "monitor") != 0 && strcmp(action->name, "rehearse") != 0;
}

static int run_call(const struct agent *agent, struct call *call, const struct params *params)
{
	const struct action *action = action_find(call->action);

	if (strcmp(call->action, "metadata") == 0 || strcmp(call->action, "manpage") == 0) {
		metadata_write(stdout, agent, call->agent, params);
		return DONE;
	}
	take_level(call);
	if (check(agent, call, params) < 0)
		return failed(call);
	if (strcmp(call->action, "validate-all") == 0)
		return DONE;
	if (strcmp(call->action, "pin") == 0 && agent->device->pin) {
		deadline_arm(call, deadline_of(call));
		return run_pin(agent, call);
	}
	if (!action) {
		call_fail(call, -EINVAL, "unrecognised action '%.32s'", call->action);
		return failed(call);
	}
	take_plugs(call);
	if (plug_missing(call, params, action)) {
		call_fail(call, -EINVAL, "parameter plug is missing");
		return failed(call);
	}
	return run_action(agent, call, action);
}

/* By the alias it was called by, if that is one of ours. */
static const char *own_name(const struct agent *agent, const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;

	for (const struct agent_symlink *s = agent->symlinks; s && s->name; s++)
		if (argv0 && strcmp(s->name, slash ? slash + 1 : argv0) == 0)
			return s->name;
	return agent->name;
}

/* In a build that looks for leaks when a program ends. */
void __lsan_do_leak_check(void) __attribute__((weak));

/* The kernel takes everything back; thirty libraries that first tidy up would only take longer. */
static int leave(int status)
{
	if (fflush(stdout) != 0)
		status = FAILED;
	if (!__lsan_do_leak_check)
		_exit(status);
	return status;
}

int agent_main(const struct agent *agent, int argc, char **argv)
{
	struct params params;
	struct call call = { .agent = own_name(agent, argv[0]), .evidence = { .fd = -1 } };
	owned(free) char *action = NULL;
	int status = FAILED;

	secret_lock_process();
	signal(SIGPIPE, SIG_IGN);
	params_init(&params, agent->groups, agent->params, agent->presets);
	call.settings = settings_new(&params);
	if (take_settings(agent, &call, argc, argv) == 0) {
		call.action = action = take_action(call.settings);
		if (settings_flag(call.settings, "help")) {
			metadata_help(stdout, agent, call.agent, &params);
			status = DONE;
		} else if (settings_flag(call.settings, "version")) {
			printf("%s\n", PICKET_VERSION);
			status = DONE;
		} else {
			status = run_call(agent, &call, &params);
		}
	}
	for (size_t i = 0; i < call.n_plugs; i++)
		free(call.plugs[i]);
	free(call.plugs);
	if (call.debug)
		fclose(call.debug);
	settings_free(call.settings);
	params_done(&params);
	return leave(status);
}
