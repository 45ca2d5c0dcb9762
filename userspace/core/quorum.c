/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/quorum.h"

unsigned quorum_count(uint32_t who)
{
	return (unsigned)__builtin_popcount(who);
}

unsigned quorum_majority(uint32_t voters)
{
	return quorum_count(voters) / 2 + 1;
}

bool quorum_enough(const struct quorum *q, uint32_t who)
{
	if (quorum_count(who & q->now) < quorum_majority(q->now))
		return false;
	return !q->next || quorum_count(who & q->next) >= quorum_majority(q->next);
}

static bool barred(uint32_t voters, uint32_t who)
{
	return quorum_count(who & voters) >= quorum_count(voters) - quorum_majority(voters) + 1;
}

bool quorum_barred(const struct quorum *q, uint32_t who)
{
	return barred(q->now, who) && (!q->next || barred(q->next, who));
}
