/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quirks: what a simulated device does wrong; "name=value" lines, read anew for each question. */
#ifndef TESTS_FENCE_QUIRKS_H
#define TESTS_FENCE_QUIRKS_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"

static inline char *file_text(const char *path, char *to, size_t size)
{
	owned(fd) int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd < 0 ? -1 : read(fd, to, size - 1);

	if (n < 0)
		return NULL;
	to[n] = 0;
	return to;
}

static inline bool quirk(const char *file, const char *name, char *to, size_t size)
{
	char text[4096], *save = NULL;
	size_t n = strlen(name);

	if (!file_text(file, text, sizeof(text)))
		return false;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (strncmp(l, name, n) != 0 || l[n] != '=')
			continue;
		snprintf(to, size, "%s", l + n + 1);
		return *to != 0;
	}
	return false;
}

static inline long quirk_number(const char *file, const char *name)
{
	char value[64];

	return quirk(file, name, value, sizeof(value)) ? strtol(value, NULL, 10) : 0;
}

static inline void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

#endif
