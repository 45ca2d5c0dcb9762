/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/proof.h"

Test(proof, the_wait_begins_with_the_later_of_block_and_promises)
{
	struct quorum q = { .now = 0x7 };
	struct proof_wait w = { 0 };

	proof_promise(&w, &q, 0, 100);
	proof_promise(&w, &q, 2, 200);
	cr_assert_eq(proof_due(&w, 1000), 0, "the block is not committed");
	proof_commit(&w, &q, 300);
	cr_assert_eq(proof_due(&w, 1000), 1300);
	proof_promise(&w, &q, 1, 400);
	cr_assert_eq(proof_due(&w, 1000), 1300, "it does not begin twice");

	w = (struct proof_wait){ 0 };
	proof_commit(&w, &q, 300);
	proof_promise(&w, &q, 1, 400);
	cr_assert_eq(proof_due(&w, 1000), 0, "two of three could still grant");
	proof_promise(&w, &q, 1, 450);
	cr_assert_eq(proof_due(&w, 1000), 0, "the same one again is no second one");
	proof_promise(&w, &q, 0, 500);
	cr_assert_eq(proof_due(&w, 1000), 1500);
}

Test(proof, who_does_not_end_itself_proves_nothing)
{
	json_t *good = json_pack("{s:s, s:b}", "verdict", "reboot", "virtual", false);
	json_t *vm = json_pack("{s:s, s:b}", "verdict", "reboot", "virtual", true);
	json_t *none = json_pack("{s:s}", "verdict", "none");

	cr_assert_null(proof_self_refused(good, false));
	cr_assert(proof_self_refused(vm, false));
	cr_assert_null(proof_self_refused(vm, true));
	cr_assert(proof_self_refused(none, true));
	cr_assert(proof_self_refused(NULL, true));
	json_object_set_new(good, "goes_on", json_true());
	cr_assert(proof_self_refused(good, true));
	json_decref(good);
	json_decref(vm);
	json_decref(none);
}

Test(proof, a_watchdog_that_fits_into_the_lease_adds_nothing_to_its_end)
{
	json_t *old = json_pack("{s:i}", "kill_ms", 30000);
	json_t *new = json_pack("{s:i, s:{s:i, s:i}}", "kill_ms", 30000, "fits", "timeout_ms", 1000,
		"kill_ms", 1000);
	json_t *odd = json_pack("{s:i, s:{s:i, s:i}}", "kill_ms", 30000, "fits", "timeout_ms",
		-1000, "kill_ms", 1000);

	cr_assert_eq(proof_kill_ms(old, 3000, 100), 30000);
	cr_assert_eq(proof_kill_ms(new, 3000, 100), 1000);
	cr_assert_eq(proof_kill_ms(new, 1200, 100), 1000);
	cr_assert_eq(proof_kill_ms(new, 1199, 100), 30000, "no room for it");
	cr_assert_eq(proof_kill_ms(odd, 3000, 100), 30000);
	cr_assert_eq(proof_kill_ms(NULL, 3000, 100), 0);
	json_decref(old);
	json_decref(new);
	json_decref(odd);
}

Test(proof, an_agent_that_says_nothing_useful_is_waited_for_as_configured)
{
	/* no watchdog; one that nothing is known of; and numbers that are none */
	static const char *const said[] = {
		"{\"kill_ms\": 1000}", "{\"kill_ms\": 1000, \"fits\": {}}",
		"{\"kill_ms\": 1000, \"fits\": {\"timeout_ms\": 1000}}",
		"{\"kill_ms\": 1000, \"fits\": {\"timeout_ms\": \"1000\", \"kill_ms\": 1}}",
		"{\"kill_ms\": 1000, \"fits\": {\"timeout_ms\": 1000, \"kill_ms\": 0}}",
		"{\"kill_ms\": 1000, \"fits\": {\"timeout_ms\": 999999999999999, \"kill_ms\": 1}}"
	};
	json_t *odd = json_pack("{s:i}", "kill_ms", -5);

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		json_t *self = json_loads(said[i], 0, NULL);

		cr_assert_eq(proof_kill_ms(self, 3000, 100), 1000, "%s", said[i]);
		json_decref(self);
	}
	cr_assert_eq(proof_kill_ms(odd, 3000, 100), 0);
	json_decref(odd);
}

Test(proof, off_is_refuted_by_a_later_beat)
{
	cr_assert_null(proof_off_refused(false, 100, 200));
	cr_assert(proof_off_refused(true, 100, 200));
	cr_assert(proof_off_refused(false, 300, 200));
}

Test(proof, off_has_grades)
{
	struct proof_grade grade = { .reads = 1, .machine = true };
	json_t *devices = json_pack("[s]", "b1"), *proof;

	cr_assert_str_eq(proof_grade_name(&grade), "read back");
	grade.reads = 3;
	cr_assert_str_eq(proof_grade_name(&grade), "read back repeatedly");
	grade.outlets = true;
	cr_assert_str_eq(proof_grade_name(&grade), "confirmed by a second source");
	proof = proof_of_off(devices, 5, NULL, &grade, NULL);
	cr_assert_eq(json_integer_value(json_object_get(proof, "reads")), 3);
	json_decref(proof);
	grade.machine = false;
	proof = proof_of_off(devices, 5, NULL, &grade, "b1");
	cr_assert(strstr(json_string_value(json_object_get(proof, "text")), "b1 gives no answer"));
	json_decref(proof);
	json_decref(devices);
}
