/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include <criterion/criterion.h>

#include "core/cluster.h"

static uint64_t at;

static void apply(struct cluster *c, const char *entry)
{
	json_t *e = json_loads(entry, 0, NULL);

	cr_assert(e, "%s", entry);
	cluster_apply(c, ++at, 1, e);
	json_decref(e);
}

Test(cluster, a_life)
{
	owned(cluster) struct cluster *c = cluster_new();

	apply(c, "{\"do\":\"admit\",\"node\":\"n1\",\"boot_id\":\"a\"}");
	cr_assert_eq(cluster_life(c, "n1"), CLUSTER_ADMITTED);
	cr_assert_eq(cluster_incarnation(c, "n1"), 1);
	apply(c, "{\"do\":\"dead\",\"node\":\"n1\",\"incarnation\":1,\"proof\":{}}");
	cr_assert_eq(cluster_life(c, "n1"), CLUSTER_ADMITTED); /* S2: no death without a block */
	apply(c, "{\"do\":\"block\",\"node\":\"n1\",\"incarnation\":1,\"why\":\"lost\"}");
	cr_assert_eq(cluster_life(c, "n1"), CLUSTER_BLOCKED);
	apply(c, "{\"do\":\"admit\",\"node\":\"n1\",\"boot_id\":\"b\"}");
	cr_assert_eq(cluster_life(c, "n1"), CLUSTER_BLOCKED); /* S2: its death is not proven */
	apply(c, "{\"do\":\"dead\",\"node\":\"n1\",\"incarnation\":1,\"proof\":{}}");
	cr_assert_eq(cluster_life(c, "n1"), CLUSTER_DEAD);
	apply(c, "{\"do\":\"admit\",\"node\":\"n1\",\"boot_id\":\"a\"}");
	cr_assert_eq(cluster_life(c, "n1"), CLUSTER_DEAD); /* S11: the same boot never returns */
	apply(c, "{\"do\":\"admit\",\"node\":\"n1\",\"boot_id\":\"b\"}");
	cr_assert_eq(cluster_life(c, "n1"), CLUSTER_ADMITTED);
	cr_assert_eq(cluster_incarnation(c, "n1"), 7);
	apply(c, "{\"do\":\"block\",\"node\":\"n1\",\"incarnation\":1,\"why\":\"late\"}");
	cr_assert_eq(cluster_life(c, "n1"), CLUSTER_ADMITTED); /* about an older one */
}

Test(cluster, snapshot_is_whole)
{
	owned(cluster) struct cluster *a = cluster_new(), *b = cluster_new();
	owned(free) char *one = NULL, *two = NULL;

	apply(a, "{\"do\":\"configure\",\"text\":\"cluster: {name: x}\",\"name\":\"f\"}");
	apply(a, "{\"do\":\"admit\",\"node\":\"n1\",\"boot_id\":\"a\"}");
	apply(a, "{\"do\":\"fail\",\"node\":\"n1\",\"resource\":\"r\"}");
	apply(a, "{\"do\":\"node\",\"node\":\"n1\",\"set\":{\"standby\":true}}");
	apply(a, "{\"do\":\"fence-identity\",\"node\":\"n1\",\"device\":\"b\",\"agent\":\"x\","
		 "\"record\":{\"u\":\"1\"}}");
	one = cluster_snapshot(a);
	cr_assert_eq(cluster_restore(b, one, strlen(one)), 0);
	two = cluster_snapshot(b);
	cr_assert_str_eq(one, two);
	cr_assert_eq(cluster_fails(b, "n1", "r"), 1);
	cr_assert(cluster_flag(b, "n1", "standby"));
	cr_assert(cluster_identity(b, "n1", "b", "x"));
	cr_assert_null(cluster_identity(b, "n1", "b", "y"));
	cr_assert_null(cluster_identity(b, "n2", "b", "x"));
	cr_assert_eq(cluster_revision(b), 1);
	cr_assert_eq(cluster_restore(b, "{}", 2), -EINVAL);
	cr_assert_eq(cluster_revision(b), 1);
}

Test(cluster, what_is_not_understood_changes_nothing)
{
	owned(cluster) struct cluster *c = cluster_new();

	apply(c, "{\"do\":\"dance\"}");
	apply(c, "{}");
	apply(c, "{\"do\":\"admit\"}");
	apply(c, "{\"do\":\"block\",\"node\":7}");
	apply(c, "{\"do\":\"fence-identity\",\"record\":{}}");
	apply(c, "{\"do\":\"fence-identity\",\"node\":\"n\",\"device\":\"b\",\"record\":[1]}");
	cr_assert_eq(json_object_size(cluster_identities(c)), 0);
	cr_assert_eq(cluster_life(c, "n1"), CLUSTER_NEVER);
}

Test(cluster, cleanup_forgets_failures)
{
	owned(cluster) struct cluster *c = cluster_new();

	apply(c, "{\"do\":\"fail\",\"node\":\"n1\",\"resource\":\"r\"}");
	apply(c, "{\"do\":\"fail\",\"node\":\"n2\",\"resource\":\"r\"}");
	apply(c, "{\"do\":\"cleanup\",\"resource\":\"r\",\"node\":\"n1\"}");
	cr_assert_eq(cluster_fails(c, "n1", "r"), 0);
	cr_assert_eq(cluster_fails(c, "n2", "r"), 1);
}
