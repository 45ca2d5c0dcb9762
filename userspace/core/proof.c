/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/own.h"
#include "core/proof.h"

static void begin(struct proof_wait *w, const struct quorum *quorum, uint64_t now_ns)
{
	if (!w->since_ns && w->committed && quorum_barred(quorum, w->promised))
		w->since_ns = now_ns;
}

void proof_commit(struct proof_wait *w, const struct quorum *quorum, uint64_t now_ns)
{
	w->committed = true;
	begin(w, quorum, now_ns);
}

void proof_promise(
	struct proof_wait *w, const struct quorum *quorum, unsigned controller, uint64_t now_ns)
{
	w->promised |= 1u << controller;
	begin(w, quorum, now_ns);
}

uint64_t proof_due(const struct proof_wait *w, uint64_t wait_ns)
{
	return w->since_ns ? w->since_ns + wait_ns : 0;
}

const char *proof_self_refused(json_t *self, bool vm)
{
	const char *verdict = json_string_value(json_object_get(self, "verdict"));

	if (!verdict)
		return "its agent did not say how it ends itself";
	if (!strcmp(verdict, "none"))
		return "its agent does not end itself (verdict: none)";
	if (json_is_true(json_object_get(self, "goes_on")))
		return "it was admitted when its topology had no self level: it goes on when its "
		       "lease runs out";
	if (json_is_true(json_object_get(self, "virtual")) && !vm)
		return "it is a virtual machine: while it is stopped no clock of its own runs "
		       "(lease-on-vm: true accepts that)";
	return NULL;
}

uint64_t proof_kill_ms(json_t *self, uint64_t lease_ms, uint64_t interval_ms)
{
	json_t *fits = json_object_get(self, "fits");
	json_int_t timeout_ms = json_integer_value(json_object_get(fits, "timeout_ms"));
	json_int_t kill_ms = json_integer_value(json_object_get(fits, "kill_ms"));

	if (timeout_ms > 0 && kill_ms > 0 && (uint64_t)timeout_ms + 2 * interval_ms <= lease_ms)
		return (uint64_t)kill_ms;
	kill_ms = json_integer_value(json_object_get(self, "kill_ms"));
	return kill_ms > 0 ? (uint64_t)kill_ms : 0;
}

const char *proof_off_refused(bool heard, uint64_t last_ns, uint64_t off_ns)
{
	if (heard || last_ns > off_ns)
		return "the BMC says off and is on: newer probes of the same incarnation are heard";
	return NULL;
}

const char *proof_grade_name(const struct proof_grade *grade)
{
	if (grade->machine && grade->outlets)
		return "confirmed by a second source";
	return grade->reads > 1 ? "read back repeatedly" : "read back";
}

json_t *proof_of_off(json_t *devices, uint64_t off_ns, json_t *evidence,
	const struct proof_grade *grade, const char *silent)
{
	owned(free) char *text = NULL;

	if (grade->machine && grade->outlets)
		text = own_string("switched off: the machine's own controller and its outlets "
				  "both read back as off");
	else if (silent)
		text = own_printf(
			"%s gives no answer, and all its feeds are read back as off", silent);
	else
		text = own_printf("switched off, and the power read back as off%s",
			grade->reads > 1 ? " repeatedly" : "");
	return json_pack("{s:s, s:s, s:s, s:i, s:O, s:I, s:O?}", "kind", "fence-agent", "text",
		text, "grade", proof_grade_name(grade), "reads", (int)grade->reads, "devices",
		devices, "t_ns", (json_int_t)off_ns, "evidence", evidence);
}

json_t *proof_of_lease(uint64_t waited_ns)
{
	owned(free) char *text = own_printf("its lease has run out: no controller may have granted "
					    "it for %llu ms, and it ends itself",
		(unsigned long long)(waited_ns / 1000000));

	return json_pack("{s:s, s:s, s:I}", "kind", "lease", "text", text, "waited_ms",
		(json_int_t)(waited_ns / 1000000));
}

json_t *proof_of_operator(const char *user)
{
	return json_pack("{s:s, s:s, s:s}", "kind", "operator", "text",
		"an operator vouches that it is off", "user", user ? user : "");
}

json_t *proof_of_boot(void)
{
	return json_pack(
		"{s:s, s:s}", "kind", "boot", "text", "the host came back with another boot id");
}

json_t *proof_of_nothing(void)
{
	return json_pack("{s:s, s:s}", "kind", "none", "text", "stonith-enabled is false");
}
