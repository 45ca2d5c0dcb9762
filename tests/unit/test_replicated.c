/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "core/replicated.h"

Test(replicated, a_snapshot_holds_what_was_applied)
{
	static const char *const entry =
		"{\"do\": \"configure\", \"text\": \"{\\\"nodes\\\": {}}\", \"at_ms\": 5}";
	owned(replicated) struct replicated *a = replicated_new(), *b = replicated_new();
	owned(free) void *data = NULL, *again = NULL;
	size_t len, len_again;

	replicated_apply(a, 7, 2, entry, strlen(entry));
	cr_assert_eq(a->cluster->index, 7);
	cr_assert_eq(cluster_revision(a->cluster), 1);
	cr_assert_eq(replicated_snapshot(a, &data, &len), 0);
	cr_assert_eq(replicated_restore(b, data, len), 0);
	cr_assert_eq(b->cluster->index, 7);
	cr_assert_str_eq(cluster_configuration(b->cluster), "{\"nodes\": {}}");
	cr_assert_eq(replicated_snapshot(b, &again, &len_again), 0);
	cr_assert_eq(len, len_again);
	cr_assert_eq(memcmp(data, again, len), 0);
}

Test(replicated, what_is_no_snapshot_changes_nothing)
{
	owned(replicated) struct replicated *r = replicated_new();

	replicated_apply(r, 1, 1, "not json", 8);
	cr_assert_eq(r->cluster->index, 0);
	cr_assert_eq(replicated_restore(r, "{\"state\": 1}", 12), -EINVAL);
	cr_assert_eq(r->cluster->index, 0);
}
