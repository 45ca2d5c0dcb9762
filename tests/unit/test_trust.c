/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "core/trust.h"

#define OLD "-----BEGIN CERTIFICATE-----\nold\n-----END CERTIFICATE-----\n"
#define NEW "-----BEGIN CERTIFICATE-----\nnew\n-----END CERTIFICATE-----\n"
#define THIRD "-----BEGIN CERTIFICATE-----\nthird\n-----END CERTIFICATE-----\n"

static bool apply(
	json_t **state, const char *step, const char *now, const char *next, const char *pin)
{
	json_t *entry = json_pack("{s:s, s:s, s:s*, s:s*, s:s}", "do", "ca", "step", step, "now",
		now, "next", next, "pin", pin);
	bool changed = trust_apply(state, entry);

	json_decref(entry);
	return changed;
}

static void says(json_t *state, const char *want)
{
	char *text = trust_text(state, 0x1234);

	cr_assert_str_eq(text, want);
	free(text);
}

Test(trust, one_ca_gives_way_to_the_next_in_three_steps)
{
	json_t *state = NULL;

	cr_assert_eq(trust_step(state), TRUST_SETTLED);
	cr_assert_null(trust_text(state, 1));
	cr_assert(apply(&state, "both", OLD, NEW, "aa"));
	cr_assert_eq(trust_step(state), TRUST_BOTH);
	says(state, "picket cluster 0000000000001234\n" OLD NEW);
	cr_assert(apply(&state, "next", NULL, NULL, "aa"));
	cr_assert_eq(trust_step(state), TRUST_NEXT);
	says(state, "picket cluster 0000000000001234\n" NEW OLD);
	cr_assert(apply(&state, "settled", NULL, NULL, "aa"));
	cr_assert_eq(trust_step(state), TRUST_SETTLED);
	says(state, "picket cluster 0000000000001234\n" NEW);
	cr_assert_str_eq(trust_pin(state), "aa");
	json_decref(state);
}

Test(trust, no_step_is_left_out_and_none_is_taken_for_another_ca)
{
	json_t *state = NULL;

	cr_assert_not(apply(&state, "next", NULL, NULL, "aa"));
	cr_assert_not(apply(&state, "settled", NULL, NULL, "aa"));
	cr_assert_not(apply(&state, "both", OLD, "", "aa"), "there must be one to come");
	cr_assert_null(state);
	cr_assert(apply(&state, "both", OLD, NEW, "aa"));
	cr_assert_not(apply(&state, "settled", NULL, NULL, "aa"));
	cr_assert_not(apply(&state, "next", NULL, NULL, "bb"));
	cr_assert(apply(&state, "both", OLD, THIRD, "bb"), "nobody has a certificate of it yet");
	cr_assert(apply(&state, "next", NULL, NULL, "bb"));
	cr_assert_not(apply(&state, "both", OLD, NEW, "aa"), "now somebody has");
	cr_assert_not(apply(&state, "next", NULL, NULL, "bb"));
	json_decref(state);
}

/* The id goes into every heartbeat: it outlives the CA that it was made of. */
Test(trust, a_cluster_keeps_its_id_when_its_ca_changes)
{
	uint64_t id = trust_cluster(OLD);
	json_t *state = NULL;
	char *text;

	cr_assert_neq(id, trust_cluster(NEW));
	cr_assert_eq(id >> 63, 0);
	for (int i = 0; i < 3; i++) {
		cr_assert(apply(
			&state, "both", i ? trust_now(state, "") : OLD, i % 2 ? OLD : NEW, "aa"));
		text = trust_text(state, id);
		cr_assert_eq(trust_cluster(text), id);
		cr_assert_str_eq(
			trust_now(NULL, text), strstr(text, "-----"), "its line is left out");
		free(text);
		apply(&state, "next", NULL, NULL, "aa");
		apply(&state, "settled", NULL, NULL, "aa");
		text = trust_text(state, id);
		cr_assert_eq(trust_cluster(text), id);
		free(text);
	}
	json_decref(state);
}

Test(trust, a_text_has_a_mark)
{
	char a[TRUST_MARK + 1], b[TRUST_MARK + 1];

	trust_mark(OLD, a);
	trust_mark(NEW, b);
	cr_assert_str_neq(a, b);
	trust_mark(OLD, b);
	cr_assert_str_eq(a, b);
}

Test(trust, who_is_left_behind_stands_in_a_list)
{
	json_t *list = json_pack("[ss]", "n2", "n3");

	cr_assert(trust_without(list, "n3"));
	cr_assert_not(trust_without(list, "n1"));
	cr_assert_not(trust_without(NULL, "n1"));
	json_decref(list);
}
