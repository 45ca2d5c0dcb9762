/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/own.h"
#include "turn.h"

enum {
	POLL_MS = 20,      /* between readings, for a device that answers faster than that */
	EAGER_MS = 2000,   /* after this, readings become rarer */
	RESEND_MS = 5000,  /* a command that did nothing is given again */
	PATIENCE_MS = 3000 /* for a transition that somebody else began */
};

struct turned {
	const char *plug;
	enum power seen;
	unsigned reads; /* consecutive ones of the wanted state */
	bool sent, refused, proven;
	uint64_t sent_ns, first_ns;
	int error; /* of the last try, 0 = none */
};

struct turn {
	struct call *call;
	const struct agent_device *device;
	enum power wanted;
	struct deadline until;
	unsigned proof_reads;
	uint64_t start_ns, sleep_max_ms, read_ms; /* read_ms: how long the last reading took */
	struct turned *plugs;
	size_t n;
	bool any_sent;
};

static uint64_t ms_since(uint64_t ns)
{
	return (deadline_now_ns() - ns) / 1000000U;
}

static uint64_t pause_ms(const struct call *call, int error, uint64_t otherwise_ms)
{
	return error == -EAGAIN && call->retry_ms ? call->retry_ms : otherwise_ms;
}

int turn_read(struct call *call, const struct agent_device *device, const char *plug,
	struct deadline until, enum power *ret_power)
{
	for (uint64_t wait = 100;; wait = wait < 800 ? 2 * wait : wait) {
		int r = device->get(call, plug, ret_power);

		if (r == 0 || !call_may_retry(r))
			return r;
		if (!deadline_sleep(until, pause_ms(call, r, wait)))
			return r;
	}
}

/* Is it time to give (or repeat) the command? */
static bool turn_due(const struct turned *p, enum power wanted)
{
	if (p->seen == POWER_CHANGING)
		return !p->sent && ms_since(p->first_ns) >= PATIENCE_MS;
	if (p->seen == wanted)
		return false;
	return !p->sent || ms_since(p->sent_ns) >= RESEND_MS;
}

static int turn_send(struct turn *turn, struct turned *p)
{
	struct call *call = turn->call;
	int r;

	call_doing(call, "switching %s%s%s", power_name(turn->wanted), *p->plug ? " plug " : "",
		p->plug);
	r = turn->device->set(call, p->plug, turn->wanted);
	p->error = r;
	if (r == 0 || call_may_retry(r) || r == -EPERM) {
		/* A command whose answer was lost may have been heard: what is read decides. */
		p->sent = r != -EAGAIN;
		p->sent_ns = deadline_now_ns();
		p->refused = r == -EPERM;
		turn->any_sent = true;
		return 0;
	}
	return r;
}

static int turn_look(struct turn *turn, struct turned *p)
{
	struct call *call = turn->call;
	char refusal[sizeof(call->reason)];
	uint64_t start = deadline_now_ns();
	enum power power = POWER_UNKNOWN;
	int r;

	memcpy(refusal, call->reason, sizeof(refusal));
	call_doing(call, "reading back the power state%s%s", *p->plug ? " of plug " : "", p->plug);
	r = turn->device->get(call, p->plug, &power);
	turn->read_ms = ms_since(start);
	if (r < 0) {
		p->reads = 0;
		p->error = r;
		return call_may_retry(r) ? 0 : r;
	}
	p->seen = power;
	p->reads = power == turn->wanted ? p->reads + 1 : 0;
	p->proven = p->reads >= turn->proof_reads;
	if (p->refused && power != turn->wanted && power != POWER_CHANGING) {
		memcpy(call->reason, refusal, sizeof(refusal));
		return -EPERM;
	}
	if (p->proven)
		call_evidence(call, &(struct evidence_step){ .step = "proof",
					    .plug = p->plug,
					    .read = power_name(power),
					    .reads = p->reads,
					    .start_ns = turn->start_ns });
	return 0;
}

static int turn_late(struct turn *turn)
{
	struct call *call = turn->call;

	for (size_t i = 0; i < turn->n; i++) {
		struct turned *p = &turn->plugs[i];
		owned(free) char *last = p->error ? own_printf(" (last: %s)", call->reason) : NULL;

		if (p->proven)
			continue;
		return call_fail(call, -ETIME,
			"timed out: %s%s%s is not proven %s after %.1f s; it reads %s%s",
			*p->plug ? "plug " : "power", p->plug, p->sent ? "" : " (not switched)",
			power_name(turn->wanted), (double)ms_since(turn->start_ns) / 1000,
			power_name(p->seen), last ? last : "");
	}
	return call_fail(call, -ETIME, "timed out");
}

/* One look at every plug that is not proven yet, with a command where one is due. */
static int turn_round(struct turn *turn, bool *ret_done)
{
	bool done = true, sent = false;
	int r;

	for (size_t i = 0; i < turn->n; i++) {
		struct turned *p = &turn->plugs[i];

		if (p->proven || !turn_due(p, turn->wanted))
			continue;
		sent = sent || !p->sent;
		r = turn_send(turn, p);
		if (r < 0)
			return r;
	}
	if (sent)
		deadline_sleep(turn->until, settings_ms(turn->call->settings, "power_wait"));
	for (size_t i = 0; i < turn->n; i++) {
		if (turn->plugs[i].proven)
			continue;
		r = turn_look(turn, &turn->plugs[i]);
		if (r < 0)
			return r;
		done = done && turn->plugs[i].proven;
	}
	*ret_done = done;
	return 0;
}

/* All plugs are read before the first is switched: a wrong name must not cost half a node. */
static int turn_survey(struct turn *turn)
{
	for (size_t i = 0; i < turn->n; i++) {
		struct turned *p = &turn->plugs[i];
		int r;

		p->plug = turn->call->plugs[i];
		call_doing(turn->call, "reading the power state%s%s", *p->plug ? " of plug " : "",
			p->plug);
		r = turn_read(turn->call, turn->device, p->plug, turn->until, &p->seen);
		if (r < 0)
			return r;
		p->first_ns = deadline_now_ns();
		p->reads = p->seen == turn->wanted;
		p->proven = p->reads >= turn->proof_reads;
		if (p->proven)
			call_evidence(turn->call, &(struct evidence_step){ .step = "proof",
							  .plug = p->plug,
							  .read = power_name(p->seen),
							  .reads = p->reads });
	}
	return 0;
}

static uint64_t turn_pause(const struct turn *turn, uint64_t before_ms)
{
	uint64_t ms = turn->read_ms > POLL_MS ? turn->read_ms : POLL_MS;

	if (ms_since(turn->start_ns) > EAGER_MS && before_ms * 2 > ms)
		ms = before_ms * 2;
	return ms < turn->sleep_max_ms ? ms : turn->sleep_max_ms;
}

static void turn_init(
	struct turn *turn, struct call *call, const struct agent_device *device, enum power wanted)
{
	uint64_t window = settings_ms(call->settings, "power_timeout") +
			  settings_ms(call->settings, "power_wait");
	long reads = settings_number(call->settings, "proof_reads");
	uint64_t sleep = settings_ms(call->settings, "stonith_status_sleep");

	*turn = (struct turn){ .call = call,
		.device = device,
		.wanted = wanted,
		.until = deadline_within(call->deadline, window),
		.proof_reads = reads > 1 ? (unsigned)reads : 1,
		.start_ns = deadline_now_ns(),
		.sleep_max_ms = sleep > POLL_MS ? sleep : POLL_MS,
		.n = call->n_plugs };
	turn->plugs = own_alloc(turn->n * sizeof(*turn->plugs));
}

int turn_plugs(
	struct call *call, const struct agent_device *device, enum power wanted, bool *ret_already)
{
	struct turn turn;
	uint64_t pause = 0;
	bool done = false;
	int r;

	turn_init(&turn, call, device, wanted);
	r = turn_survey(&turn);
	while (r == 0) {
		done = true;
		for (size_t i = 0; i < turn.n; i++)
			done = done && turn.plugs[i].proven;
		if (!done)
			r = turn_round(&turn, &done);
		if (r < 0 || done)
			break;
		pause = turn_pause(&turn, pause);
		/* A device that said "later" is left alone until then. */
		if (call->retry_ms > pause)
			pause = call->retry_ms;
		call->retry_ms = 0;
		if (!deadline_sleep(turn.until, pause))
			r = turn_late(&turn);
	}
	if (r == 0)
		*ret_already = !turn.any_sent;
	free(turn.plugs);
	return r;
}

static int cycle_wait(struct turn *turn, const char *plug, enum power wanted)
{
	struct call *call = turn->call;

	for (;;) {
		uint64_t start = deadline_now_ns();
		enum power power = POWER_UNKNOWN;
		int r = turn_read(call, turn->device, plug, turn->until, &power);

		if (r < 0)
			return r;
		if (power == wanted) {
			call_evidence(call, &(struct evidence_step){ .step = "proof",
						    .plug = plug,
						    .read = power_name(power),
						    .reads = 1,
						    .start_ns = turn->start_ns });
			return 0;
		}
		turn->read_ms = ms_since(start);
		/* The time without power may be short: no slower than the device answers. */
		if (!deadline_sleep(
			    turn->until, wanted == POWER_OFF ? POLL_MS : turn_pause(turn, 0)))
			return call_fail(call, -ETIME,
				wanted == POWER_OFF ? "timed out: the device accepted the cycle, "
						      "but power was never seen off"
						    : "timed out: off was seen, but not on again");
	}
}

static int cycle_plug(struct call *call, const struct agent_device *device, const char *plug)
{
	enum power power = POWER_UNKNOWN;
	struct turn turn;
	int r;

	turn_init(&turn, call, device, POWER_OFF);
	free(turn.plugs);
	r = turn_read(call, device, plug, turn.until, &power);
	if (r < 0)
		return r;
	if (power == POWER_OFF) /* nothing to cycle; many devices refuse to */
		return device->set(call, plug, POWER_ON);
	call_doing(call, "cycling the power");
	r = device->cycle(call, plug);
	if (r < 0)
		return r;
	call_doing(call, "waiting to see the power off during the cycle");
	r = cycle_wait(&turn, plug, POWER_OFF);
	if (r < 0)
		return r;
	turn.until = deadline_within(call->deadline, settings_ms(call->settings, "power_timeout"));
	if (cycle_wait(&turn, plug, POWER_ON) < 0)
		call_log(call, CALL_NORMAL, "%s",
			call->reason); /* it was off: that is what counts */
	return 0;
}

int turn_cycle(struct call *call, const struct agent_device *device)
{
	for (size_t i = 0; i < call->n_plugs; i++) {
		int r = cycle_plug(call, device, call->plugs[i]);

		if (r < 0)
			return r;
	}
	return 0;
}
