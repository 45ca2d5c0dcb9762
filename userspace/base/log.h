/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log: what a daemon says: key=value into the journal under systemd, else lines on a stream. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdio.h>
#include <syslog.h> /* LOG_ERR … LOG_DEBUG */

#define LOG_FIELDS_MAX 12

struct log {
	const char *program; /* in front of every line */
	int level;           /* the last priority that is said, LOG_INFO … */
	bool journal;        /* our stderr is the journal's */
	FILE *out;
};

/* A journal field: NAME in capitals, no '='. A field without a value is left out. */
struct log_field {
	const char *name, *value;
};

/* level: "err", "warning", "notice", "info", "debug"; NULL: info. -EINVAL: none of these. */
int log_init(struct log *log, const char *program, const char *level);

/* Says one sentence, with fields (NULL-terminated by name, or NULL). A line break in it becomes a
 * space: one call, one line. */
void log_say(const struct log *log, int priority, const struct log_field *fields,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#define log_error(log, ...) log_say(log, LOG_ERR, NULL, __VA_ARGS__)
#define log_warning(log, ...) log_say(log, LOG_WARNING, NULL, __VA_ARGS__)
#define log_notice(log, ...) log_say(log, LOG_NOTICE, NULL, __VA_ARGS__)
#define log_info(log, ...) log_say(log, LOG_INFO, NULL, __VA_ARGS__)
#define log_debug(log, ...) log_say(log, LOG_DEBUG, NULL, __VA_ARGS__)

#endif
