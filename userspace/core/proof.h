/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proof: what makes a node's death certain. Unknown is never success. */
#ifndef CORE_PROOF_H
#define CORE_PROOF_H

#include <jansson.h>

#include "core/quorum.h"

/*
 * The wait for a lease to run out. It begins when the block is committed and so many controllers
 * have promised not to grant that no majority is left which could; and afresh with every leader,
 * because nobody's clock but the leader's own has seen it begin.
 */
struct proof_wait {
	bool committed;
	uint32_t promised; /* controllers, by index */
	uint64_t since_ns; /* 0: it has not begun */
};

void proof_commit(struct proof_wait *wait, const struct quorum *quorum, uint64_t now_ns);
void proof_promise(
	struct proof_wait *wait, const struct quorum *quorum, unsigned controller, uint64_t now_ns);
/* When the lease is certainly over, CLOCK_BOOTTIME ns; 0: the wait has not begun. */
uint64_t proof_due(const struct proof_wait *wait, uint64_t wait_ns);

/* Why a node's own end proves nothing, NULL: it does. self is what its agent said of it when it was
 * admitted: {verdict, virtual}; vm: the configuration accepts virtual machines, whose clocks do
 * not see their stops. */
const char *proof_self_refused(json_t *self, bool vm);

/* How long that end takes after the lease, by what its agent said: {kill_ms, fits: {timeout_ms,
 * kill_ms}}. A watchdog that can be given timeout_ms is fed inside a lease that has room for that
 * and two heartbeats, and then adds nothing to it: the second kill_ms counts. 0: nothing said. */
uint64_t proof_kill_ms(json_t *self, uint64_t lease_ms, uint64_t interval_ms);
/* Why a power state of off, read at off_ns, proves nothing; NULL: it does. */
const char *proof_off_refused(bool heard, uint64_t last_ns, uint64_t off_ns);

/* How sure "off" is, beyond the one reading that it takes. */
struct proof_grade {
	unsigned reads;       /* consecutive readings, of the device that was read least */
	bool machine, outlets; /* read off at the machine's own controller; at the outlets */
};

/* "read back", "read back repeatedly", "confirmed by a second source". */
const char *proof_grade_name(const struct proof_grade *grade);

/* What goes into the log, and what people read: {kind, text, ...}. silent: the machine's own
 * controller, if it gives no answer any more; NULL. */
json_t *proof_of_off(json_t *devices, uint64_t off_ns, json_t *evidence,
	const struct proof_grade *grade, const char *silent);
json_t *proof_of_lease(uint64_t waited_ns);
json_t *proof_of_operator(const char *user);
json_t *proof_of_boot(void);
json_t *proof_of_nothing(void); /* stonith-enabled is false */

#endif
