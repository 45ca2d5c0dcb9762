/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/file.h"
#include "base/own.h"
#include "edge/recovery.h"

struct rig {
	char dir[40];
	int lock;
};

static void rig_init(struct rig *rig)
{
	owned(free) char *log = NULL, *lock = NULL;

	strcpy(rig->dir, "/tmp/picket-recovery-XXXXXX");
	cr_assert(mkdtemp(rig->dir));
	log = own_printf("%s/log", rig->dir);
	lock = own_printf("%s/lock", log);
	cr_assert_eq(file_folder(log, 0700), 0);
	rig->lock = open(lock, O_RDWR | O_CREAT, 0600);
	cr_assert_geq(rig->lock, 0);
}

static void rig_done(struct rig *rig)
{
	owned(free) char *command = own_printf("rm -rf %s", rig->dir);

	close(rig->lock);
	cr_assert_eq(system(command), 0);
}

Test(recovery, is_ordered_read_and_done)
{
	owned(free) char *why = NULL;
	json_t *order = NULL, *entry, *audit;
	struct rig rig;

	rig_init(&rig);
	cr_assert_eq(recovery_read(rig.dir, 3, &order, &why), 0);
	cr_assert_null(order);
	cr_assert_eq(recovery_order(rig.dir, "ada", &why), 0, "%s", why);
	cr_assert_eq(recovery_read(rig.dir, 0, &order, &why), 0, "%s", why);
	entry = recovery_entry(order, "c3");
	audit = json_object_get(entry, "audit");
	cr_assert_str_eq(json_string_value(json_object_get(audit, "user")), "ada");
	cr_assert(strstr(json_string_value(json_object_get(audit, "text")), "c3 is the only"));
	json_decref(entry);
	json_decref(order);
	cr_assert_eq(recovery_done(rig.dir), 0);
	cr_assert_eq(recovery_read(rig.dir, 0, &order, &why), 0);
	cr_assert_null(order);
	rig_done(&rig);
}

Test(recovery, not_under_a_running_picketd)
{
	owned(free) char *why = NULL;
	struct rig rig;

	rig_init(&rig);
	cr_assert_eq(flock(rig.lock, LOCK_EX), 0);
	cr_assert_eq(recovery_order(rig.dir, "ada", &why), -EBUSY);
	cr_assert(strstr(why, "picketd runs"));
	rig_done(&rig);
}

Test(recovery, not_with_several_controllers_still_configured)
{
	owned(free) char *why = NULL;
	json_t *order = NULL;
	struct rig rig;

	rig_init(&rig);
	cr_assert_eq(recovery_order(rig.dir, "ada", &why), 0);
	cr_assert_eq(recovery_read(rig.dir, 3, &order, &why), -EINVAL);
	cr_assert(strstr(why, "must leave one"));
	cr_assert_null(order);
	rig_done(&rig);
}

Test(recovery, no_state_no_order)
{
	owned(free) char *why = NULL;

	cr_assert_eq(recovery_order("/nonexistent", "ada", &why), -ENOENT);
	cr_assert(strstr(why, "/nonexistent/log/lock"));
}
