/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/child.h"
#include "base/own.h"
#include "secret.h"

enum { SECRET_MAX = 4096 };

void secret_lock_process(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void secret_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

int secret_from_file(const char *path, char **ret_text, char **ret_problem)
{
	char text[SECRET_MAX] = "";
	owned(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0) {
		int r = -errno;

		*ret_problem = own_printf("cannot read %s: %s", path, strerror(-r));
		return r;
	}
	*ret_text = strndup(text, strcspn(text, "\r\n"));
	explicit_bzero(text, sizeof(text));
	return 0;
}

struct script {
	struct child_result result;
	char *out;
};

static void on_done(void *ctx, const struct child_result *result)
{
	struct script *script = ctx;
	size_t n = result->out_size;

	script->result = *result;
	while (n && (result->out[n - 1] == '\n' || result->out[n - 1] == '\r'))
		n--;
	script->out = strndup(result->out, n);
	explicit_bzero((char *)result->out, result->out_size);
}

int secret_from_script(
	const char *command, uint64_t timeout_ms, char **ret_text, char **ret_problem)
{
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	struct child_spec spec = { .argv = argv,
		.envp = (const char *const *)environ,
		.timeout_ms = timeout_ms,
		.output_max = SECRET_MAX };
	struct script script = { 0 };
	struct child *child;
	uv_loop_t loop;
	int r = uv_loop_init(&loop);

	if (r == 0)
		r = child_start(&loop, &spec, on_done, &script, &child);
	if (r == 0)
		uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	if (r == 0 && script.result.timed_out)
		r = -ETIMEDOUT;
	else if (r == 0 && (script.result.error || script.result.code != 0))
		r = -EINVAL;
	if (r < 0) {
		*ret_problem = own_printf("password script '%.64s' %s", command,
			r == -ETIMEDOUT ? "timed out" : "failed");
		secret_free(script.out);
		return r;
	}
	*ret_text = script.out;
	return 0;
}
