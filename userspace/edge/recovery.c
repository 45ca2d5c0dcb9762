/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "edge/recovery.h"

#define RECOVERY_FILE "recover.json"
#define RECOVERY_MAX 4096

/* The log is locked by whoever has it open. */
static int still(const char *state_dir, char **why)
{
	owned(free) char *path = own_printf("%s/log/lock", state_dir);
	owned(fd) int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		int r = -errno;

		*why = own_printf("%s: %s: is this the state folder of a controller?", path,
			strerror(-r));
		return r;
	}
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return 0;
	*why = own_printf(
		"%s: picketd runs: stop it first, on every controller that is left", path);
	return -EBUSY;
}

int recovery_order(const char *state_dir, const char *user, char **why)
{
	owned(free) char *path = own_printf("%s/%s", state_dir, RECOVERY_FILE), *text = NULL;
	json_t *order = json_pack("{s:s, s:I}", "user", user, "at_ms",
		(json_int_t)time(NULL) * 1000);
	int r = order ? still(state_dir, why) : -EINVAL;

	if (!r) {
		text = json_dumps(order, JSON_COMPACT);
		r = file_write(path, 0600, text, strlen(text));
		if (r)
			*why = own_printf("%s: %s", path, strerror(-r));
	}
	json_decref(order);
	return r;
}

int recovery_read(const char *state_dir, size_t n_controllers, json_t **ret, char **why)
{
	owned(free) char *path = own_printf("%s/%s", state_dir, RECOVERY_FILE), *text = NULL;
	json_t *order;
	size_t len;
	int r = file_read(path, RECOVERY_MAX, &text, &len);

	if (r == -ENOENT) {
		*ret = NULL;
		return 0;
	}
	order = r ? NULL : json_loadb(text, len, 0, NULL);
	if (!json_is_string(json_object_get(order, "user"))) {
		json_decref(order);
		*why = own_printf("%s: %s; order it again with 'picket recover'", path,
			r ? strerror(-r) : "not an order");
		return r ? r : -EUCLEAN;
	}
	if (n_controllers > 1) {
		json_decref(order);
		*why = own_printf("%s: picketd.yaml must leave one controller: no 'controllers', "
				  "and its index",
			path);
		return -EINVAL;
	}
	*ret = order;
	return 0;
}

json_t *recovery_entry(json_t *order, const char *controller)
{
	owned(free) char *text = own_printf(
		"%s is the only controller from now on: what a lost majority had committed and it "
		"had not heard of is gone",
		controller);

	return json_pack("{s:s, s:s, s:{s:O, s:O, s:s, s:s, s:s, s:i, s:s}}", "do", "recovered",
		"controller", controller, "audit", "at_ms", json_object_get(order, "at_ms"), "user",
		json_object_get(order, "user"), "from", "console", "method", "POST", "path",
		"/recover", "status", 200, "text", text);
}

int recovery_done(const char *state_dir)
{
	owned(free) char *path = own_printf("%s/%s", state_dir, RECOVERY_FILE);

	return unlink(path) ? -errno : 0;
}

void recovery_tell(const char *state_dir, const char *controller, json_t **order,
	int (*propose)(void *ctx, json_t *entry), void *ctx)
{
	json_t *entry;

	if (!*order)
		return;
	entry = recovery_entry(*order, controller);
	if (!propose(ctx, entry)) {
		recovery_done(state_dir);
		json_decref(*order);
		*order = NULL;
	}
	json_decref(entry);
}
