/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Museum: rules of the protocol that a test may break, to see that the rigs find it. */
#ifndef CORE_MUSEUM_H
#define CORE_MUSEUM_H

#include <stdbool.h>

/* All false, or no museum at all, in a daemon: nothing outside of tests can set one. */
struct museum {
	bool wait_without_block; /* W runs from the suspicion on, not from block and promises */
	bool wait_inherited;     /* a new leader takes W to run since the block was proposed */
	bool blocked_returns;    /* a blocked incarnation that is heard again is welcome */
	bool grants_uncaught;    /* a controller grants before it has caught up */
	bool no_margin;          /* W is T, and nothing for drift, kill time and the rest */
	bool intent_after;       /* the packet to the BMC leaves before its intent is committed */
	bool unread_off;         /* a BMC's off counts although the node is heard */
};

#endif
