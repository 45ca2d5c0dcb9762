/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "call.h"

void call_doing(struct call *call, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(call->doing, sizeof(call->doing), format, ap);
	va_end(ap);
	call_log(call, CALL_DEBUG, "%s", call->doing);
}

/* When the time is over, what went wrong before it says more than that it is over. */
static void keep_before(struct call *call, const char *before)
{
	size_t n = strlen(call->reason);

	if (strncmp(before, call->reason, n) == 0)
		strcpy(call->reason, before);
	else if (*before)
		snprintf(call->reason + n, sizeof(call->reason) - n, "; before that: %s", before);
}

int call_fail(struct call *call, int error, const char *format, ...)
{
	char before[sizeof(call->reason)];
	va_list ap;

	strcpy(before, call->reason);
	va_start(ap, format);
	vsnprintf(call->reason, sizeof(call->reason), format, ap);
	va_end(ap);
	if (error == -ETIMEDOUT && deadline_reached(call->deadline))
		keep_before(call, before);
	call_log(call, CALL_VERBOSE, "%s", call->reason);
	return error;
}

bool call_may_retry(int error)
{
	switch (error) {
	case -EAGAIN:
	case -ECONNREFUSED:
	case -ECONNRESET:
	case -EHOSTUNREACH:
	case -ETIMEDOUT:
	case -EPROTO:
		return true;
	default:
		return false;
	}
}

void call_log(struct call *call, enum call_level level, const char *format, ...)
{
	char text[768];
	va_list ap;

	if (level > call->level && !call->debug)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	for (char *c = text; *c; c++) /* what a device said must not forge lines or move cursors */
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = ' ';
	if (level <= call->level)
		fprintf(stderr, "%s: %s\n", call->agent, text);
	if (call->debug) {
		fprintf(call->debug, "%llu %s: %s\n", (unsigned long long)deadline_now_ns(),
			call->agent, text);
		fflush(call->debug);
	}
}

const char *call_address(const struct call *call)
{
	const char *plug = settings_get(call->settings, "plug");

	if (plug && settings_flag(call->settings, "port_as_ip"))
		return plug;
	return settings_get(call->settings, "ip");
}

void call_evidence(struct call *call, const struct evidence_step *step)
{
	evidence_add(&call->evidence, step);
}

const char *power_name(enum power power)
{
	static const char *const names[] = { "unknown", "off", "on", "in transition" };

	return names[power];
}
