/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "core/membership.h"

static struct membership m;

static void note(unsigned c, uint32_t node, unsigned link, bool heard, uint64_t life, uint64_t ns)
{
	struct membership_cell cell = { .heard = heard, .incarnation = life, .last_ns = ns };

	membership_note(&m, c, node, link, &cell);
}

static void set_up(void)
{
	uint32_t nodes[] = { 1, 2, 3 };
	unsigned links[] = { 2, 2, 2 };

	membership_init(&m, 0, (struct quorum){ .now = 0x7 });
	membership_nodes(&m, nodes, links, 3);
	membership_come(&m, 1);
	membership_come(&m, 2);
	for (uint32_t n = 1; n <= 3; n++) {
		membership_expect(&m, n, true);
		for (unsigned c = 0; c < 3; c++)
			for (unsigned l = 0; l < 2; l++)
				note(c, n, l, true, 1, 100 * n + 10 * c + l);
	}
}

static void tear_down(void)
{
	membership_done(&m);
}

static void deaf(unsigned c, uint32_t node, unsigned link)
{
	note(c, node, link, false, 1, 5);
}

static struct membership_fault only(void)
{
	struct membership_fault f[8];

	cr_assert_eq(membership_faults(&m, f, 8), 1);
	return f[0];
}

TestSuite(membership, .init = set_up, .fini = tear_down);

Test(membership, all_is_well)
{
	struct membership_fault f[8];

	cr_assert(membership_heard(&m, 1));
	cr_assert_eq(membership_last(&m, 2), 221);
	cr_assert_eq(membership_faults(&m, f, 8), 0);
}

Test(membership, lost_is_when_fewer_than_a_majority_hear)
{
	deaf(0, 1, 0);
	deaf(0, 1, 1);
	cr_assert(membership_heard(&m, 1));
	deaf(1, 1, 0);
	cr_assert(membership_heard(&m, 1), "one link is enough");
	deaf(1, 1, 1);
	cr_assert_not(membership_heard(&m, 1));
	cr_assert_eq(membership_voices(&m, 1), 0x4);
}

Test(membership, who_is_gone_is_no_voice_for_a_node_and_none_against_it)
{
	membership_gone(&m, 1);
	membership_gone(&m, 2);
	cr_assert_not(membership_heard(&m, 1));
	cr_assert(membership_doubtful(&m, 1));
	membership_come(&m, 1);
	cr_assert(membership_doubtful(&m, 1), "it is back and has said nothing yet");
	deaf(0, 1, 0);
	deaf(0, 1, 1);
	deaf(1, 1, 0);
	cr_assert_not(membership_doubtful(&m, 1), "two of three do not hear it");
	note(1, 2, 0, true, 1, 300);
	cr_assert_not(membership_doubtful(&m, 2), "two of three hear it");
}

Test(membership, the_widest_explanation)
{
	struct membership_fault f;

	deaf(0, 1, 1);
	f = only();
	cr_assert(f.kind == MEMBERSHIP_PATH && f.node == 1 && f.controller == 0 && f.link == 1);
	deaf(1, 1, 1);
	deaf(2, 1, 1);
	f = only();
	cr_assert(f.kind == MEMBERSHIP_LINK && f.node == 1 && f.link == 1);
	for (unsigned c = 0; c < 3; c++)
		deaf(c, 1, 0);
	f = only();
	cr_assert(f.kind == MEMBERSHIP_NODE && f.node == 1);
}

Test(membership, a_controller_that_hears_nobody_is_the_fault)
{
	struct membership_fault f;

	for (uint32_t n = 1; n <= 3; n++)
		deaf(2, n, 1);
	f = only();
	cr_assert(f.kind == MEMBERSHIP_DEAF && f.controller == 2 && f.link == 1);
	for (uint32_t n = 1; n <= 3; n++)
		deaf(2, n, 0);
	f = only();
	cr_assert(f.kind == MEMBERSHIP_CUT && f.controller == 2);
	membership_gone(&m, 2);
	f = only();
	cr_assert(f.kind == MEMBERSHIP_CONTROLLER && f.controller == 2);
}

Test(membership, a_controller_that_grants_nothing_yet_is_a_fault_until_it_does)
{
	struct membership_fault f;

	membership_mute(&m, 1, true);
	f = only();
	cr_assert(f.kind == MEMBERSHIP_MUTE && f.controller == 1);
	membership_gone(&m, 1);
	f = only();
	cr_assert(f.kind == MEMBERSHIP_CONTROLLER && f.controller == 1, "one explanation");
	membership_come(&m, 1);
	for (uint32_t n = 1; n <= 3; n++)
		for (unsigned l = 0; l < 2; l++)
			note(1, n, l, true, 1, 400);
	membership_mute(&m, 1, true);
	membership_mute(&m, 1, false);
	cr_assert_eq(membership_faults(&m, &f, 1), 0);
}

Test(membership, a_disk_that_takes_nothing_is_a_fault_until_it_does)
{
	struct membership_fault f;

	membership_stall(&m, 0, true);
	f = only();
	cr_assert(f.kind == MEMBERSHIP_STALLED && f.controller == 0);
	membership_stall(&m, 0, false);
	cr_assert_eq(membership_faults(&m, &f, 1), 0);
	membership_stall(&m, 2, true);
	membership_gone(&m, 2);
	f = only();
	cr_assert(f.kind == MEMBERSHIP_CONTROLLER && f.controller == 2, "one explanation");
}

Test(membership, a_new_life_is_heard_by_whom_it_has_spoken_to)
{
	note(1, 1, 0, true, 2, 500); /* it knows of the new life before we do */
	membership_begin(&m, 1, 2);
	cr_assert_eq(membership_voices(&m, 1), 0x2);
	cr_assert_eq(membership_last(&m, 1), 500);
	cr_assert_eq(membership_voices(&m, 2), 0x7, "another node's is another matter");
	note(2, 1, 0, true, 1, 600);
	cr_assert_eq(membership_voices(&m, 1), 0x2, "what was on its way is of the life before");
	note(2, 1, 0, true, 2, 600);
	cr_assert(membership_heard(&m, 1));
	note(1, 1, 0, false, 1, 500);
	cr_assert(membership_heard(&m, 1), "that was another silence");
	note(1, 1, 0, true, 0, 700);
	cr_assert(
		membership_heard(&m, 1), "one that has booted and has no incarnation yet is there");
}
