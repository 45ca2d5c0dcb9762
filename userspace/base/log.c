/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/log.h"
#include "base/own.h"

static const char *const levels[] = { [LOG_ERR] = "err",
	[LOG_WARNING] = "warning",
	[LOG_NOTICE] = "notice",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug" };

/* sd_journal_stream_fd(3): JOURNAL_STREAM names the file that is the journal's. It is inherited by
 * those who have redirected their stderr, so it is compared. */
static bool log_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == (dev_t)dev && st.st_ino == (ino_t)ino;
}

int log_init(struct log *log, const char *program, const char *level)
{
	int found = level ? -1 : LOG_INFO;

	for (int i = LOG_ERR; level && i <= LOG_DEBUG; i++)
		if (!strcmp(levels[i], level))
			found = i;
	if (found < 0)
		return -EINVAL;
	*log = (struct log){
		.program = program, .level = found, .journal = log_is_journal(), .out = stderr
	};
	return 0;
}

static void log_journal(
	const struct log *log, int priority, const struct log_field *fields, const char *text)
{
	struct iovec iov[LOG_FIELDS_MAX + 3];
	char *lines[LOG_FIELDS_MAX + 3];
	int n = 0;

	lines[n++] = own_printf("MESSAGE=%s", text);
	lines[n++] = own_printf("PRIORITY=%d", priority);
	lines[n++] = own_printf("SYSLOG_IDENTIFIER=%s", log->program);
	for (; fields && fields->name && n < LOG_FIELDS_MAX + 3; fields++)
		if (fields->value)
			lines[n++] = own_printf("%s=%s", fields->name, fields->value);
	for (int i = 0; i < n; i++)
		iov[i] = (struct iovec){ lines[i], strlen(lines[i]) };
	sd_journal_sendv(iov, n);
	for (int i = 0; i < n; i++)
		free(lines[i]);
}

/* Control characters out: what agents say must not forge lines or move a terminal's cursor. */
static void log_flatten(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = ' ';
}

static void log_stream(
	const struct log *log, int priority, const struct log_field *fields, const char *text)
{
	owned(free) char *more = own_string("");

	for (int n = 0; fields && fields->name && n < LOG_FIELDS_MAX; fields++, n++) {
		owned(free) char *before = more;

		more = fields->value ? own_printf("%s %s=%s", before, fields->name, fields->value)
				     : own_string(before);
	}
	log_flatten(more);
	fprintf(log->out, "%s: %s: %s%s%s%s\n", log->program, levels[priority], text,
		*more ? " (" : "", *more ? more + 1 : "", *more ? ")" : "");
	fflush(log->out);
}

void log_say(const struct log *log, int priority, const struct log_field *fields,
	const char *format, ...)
{
	owned(free) char *text = NULL;
	va_list ap;
	int n;

	assert(priority >= LOG_ERR && priority <= LOG_DEBUG);
	if (priority > log->level)
		return;
	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0)
		abort();
	log_flatten(text);
	if (log->journal)
		log_journal(log, priority, fields, text);
	else
		log_stream(log, priority, fields, text);
}
