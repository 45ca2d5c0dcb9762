/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secret: text that must not be found in argv, environment, logs, core dumps or freed memory. */
#ifndef FENCE_SECRET_H
#define FENCE_SECRET_H

#include <stdint.h>

/* No core dump, no ptrace, no /proc/PID/mem for others from here on. */
void secret_lock_process(void);

/* Wipes and frees; NULL is fine. */
void secret_free(char *text);

/* The first line of a file. *ret_problem is a sentence on failure. */
int secret_from_file(const char *path, char **ret_text, char **ret_problem);

/* What a command line writes to standard output, without trailing newlines; -ETIMEDOUT after
 * timeout_ms, and the command and all it started are killed. */
int secret_from_script(
	const char *command, uint64_t timeout_ms, char **ret_text, char **ret_problem);

#endif
