/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "deadline.h"
#include "evidence.h"

enum { TEXT_MAX = 512 };

int evidence_init(struct evidence *evidence, const char *agent, const char *path)
{
	*evidence = (struct evidence){ .fd = -1, .agent = agent };
	if (!path || !*path)
		return 0;
	if (strcmp(path, "-") == 0)
		evidence->fd = dup(STDOUT_FILENO);
	else
		evidence->fd =
			open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return evidence->fd < 0 ? -errno : 0;
}

void evidence_done(struct evidence *evidence)
{
	if (evidence->fd >= 0)
		close(evidence->fd);
	evidence->fd = -1;
}

static void put(json_t *line, const char *key, const char *text)
{
	char clean[TEXT_MAX];
	json_t *value;
	size_t n;

	if (!text)
		return;
	value = json_string(text);
	if (!value || strlen(text) >= sizeof(clean)) {
		json_decref(value);
		n = strnlen(text, sizeof(clean) - 1);
		for (size_t i = 0; i < n; i++)
			clean[i] = text[i] >= ' ' && text[i] < 127 ? text[i] : '?';
		clean[n] = 0;
		value = json_string(clean);
	}
	json_object_set_new(line, key, value);
}

void evidence_add(struct evidence *evidence, const struct evidence_step *step)
{
	uint64_t now = deadline_now_ns();
	owned(free) char *text = NULL, *with_newline = NULL;
	json_t *line;

	if (evidence->fd < 0)
		return;
	line = json_pack("{s:I, s:s, s:s}", "t", (json_int_t)now, "agent", evidence->agent, "step",
		step->step);
	put(line, "plug", step->plug);
	put(line, "asked", step->asked);
	put(line, "answered", step->answered);
	put(line, "read", step->read);
	if (step->reads)
		json_object_set_new(line, "reads", json_integer((json_int_t)step->reads));
	if (step->start_ns)
		json_object_set_new(
			line, "ms", json_real((double)((now - step->start_ns) / 1000U) / 1e3));
	text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(6));
	json_decref(line);
	if (!text)
		return;
	with_newline = own_printf("%s\n", text);
	(void)!write(evidence->fd, with_newline, strlen(with_newline)); /* one write, one line */
}
