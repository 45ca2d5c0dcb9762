/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include <criterion/criterion.h>

#include "core/allegiance.h"

static const char boot[] = "11111111-2222-3333-4444-555555555555";

static int obey(struct allegiance *a, uint64_t term, uint64_t index, uint64_t incarnation)
{
	struct operation o = { .term = term, .index = index, .incarnation = incarnation };
	owned(free) char *why = NULL;
	int r = allegiance_obey(a, &o, &why);

	cr_assert_eq(r != 0, why != NULL);
	return r;
}

Test(allegiance, older_orders_are_refused)
{
	struct allegiance a = { .incarnation = 5, .term = 3, .index = 10 };

	cr_assert_eq(obey(&a, 3, 10, 5), 0); /* several orders share a place */
	cr_assert_eq(obey(&a, 3, 9, 5), -ESTALE);
	cr_assert_eq(obey(&a, 2, 99, 5), -ESTALE);
	cr_assert_eq(obey(&a, 4, 1, 5), 0);
	cr_assert_eq(obey(&a, 3, 99, 5), -ESTALE);
	cr_assert_eq(a.term, 4);
	cr_assert_eq(a.index, 1);
}

Test(allegiance, orders_for_another_incarnation_are_refused_and_change_nothing)
{
	struct allegiance a = { .incarnation = 5, .term = 3, .index = 10 }, none = { 0 };

	cr_assert_eq(obey(&a, 9, 1, 4), -EPERM);
	cr_assert_eq(obey(&a, 9, 1, 6), -EPERM);
	cr_assert_eq(a.term, 3);
	cr_assert_eq(obey(&none, 1, 1, 0), -EPERM);
}

Test(allegiance, a_term_rises_and_never_falls)
{
	struct allegiance a = { .term = 3, .index = 10 };

	cr_assert_not(allegiance_term(&a, 3));
	cr_assert_not(allegiance_term(&a, 2));
	cr_assert_eq(a.index, 10);
	cr_assert(allegiance_term(&a, 4));
	cr_assert_eq(a.index, 0);
}

Test(allegiance, an_incarnation_rises_and_never_falls)
{
	struct allegiance a = { .incarnation = 5 };

	cr_assert_not(allegiance_admit(&a, 5));
	cr_assert_not(allegiance_admit(&a, 4));
	cr_assert(allegiance_admit(&a, 6));
}

Test(allegiance, what_is_kept_comes_back_in_the_same_boot_only)
{
	struct allegiance a = { .incarnation = 5,
		.term = 3,
		.index = 10,
		.cluster = 77,
		.node = 2,
		.interval_us = 50000,
		.lease_ns = 1000,
		.goes_on = true },
			  b = { 0 }, c = { 0 };
	char *why = NULL;
	json_t *kept;

	strcpy(a.boot_id, boot);
	kept = allegiance_json(&a);
	cr_assert_eq(allegiance_load(&b, kept, boot, &why), 0);
	cr_assert_eq(b.incarnation, 5);
	cr_assert_eq(b.term, 3);
	cr_assert_eq(b.index, 10);
	cr_assert_eq(b.cluster, 77);
	cr_assert_eq(b.node, 2);
	cr_assert_eq(b.interval_us, 50000);
	cr_assert_eq(b.lease_ns, 1000);
	cr_assert(b.goes_on);
	cr_assert_str_eq(b.boot_id, boot);
	cr_assert_eq(allegiance_load(&c, kept, "another", &why), 0);
	cr_assert_eq(c.incarnation, 0);
	cr_assert_eq(c.term, 0);
	cr_assert_eq(c.cluster, 77);
	cr_assert_str_eq(c.boot_id, "another");
	json_decref(kept);
}

Test(allegiance, a_foreign_state_is_refused_and_leaves_ret_alone)
{
	struct allegiance a = { .incarnation = 5 };
	owned(free) char *why = NULL;
	json_t *kept = json_pack("{s:i}", "version", 2);

	cr_assert_eq(allegiance_load(&a, kept, boot, &why), -EINVAL);
	cr_assert_eq(a.incarnation, 5);
	json_decref(kept);
}

Test(allegiance, only_sensible_numbers_are_learned)
{
	struct allegiance a = { .cluster = 1, .node = 2, .interval_us = 3000, .lease_ns = 4 };
	json_t *welcome = json_pack("{s:i, s:i, s:i, s:i}", "cluster", -1, "node", 99999,
		"interval_us", 1, "lease_ns", 0);

	allegiance_learn(&a, welcome);
	cr_assert_eq(a.cluster, 1);
	cr_assert_eq(a.node, 2);
	cr_assert_eq(a.interval_us, 3000);
	cr_assert_eq(a.lease_ns, 4);
	json_decref(welcome);
	welcome = json_pack("{s:i, s:i, s:b}", "cluster", 8, "node", 9, "goes_on", 1);
	allegiance_learn(&a, welcome);
	cr_assert(a.goes_on);
	json_object_set_new(welcome, "goes_on", json_false());
	allegiance_learn(&a, welcome);
	cr_assert_not(a.goes_on);
	cr_assert_eq(a.cluster, 8);
	cr_assert_eq(a.node, 9);
	json_decref(welcome);
}
