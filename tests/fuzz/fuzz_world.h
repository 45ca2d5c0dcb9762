/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz world: a fence agent's surroundings, made of the fuzzer's bytes: its device and its clock.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "base/own.h"
#include "turn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int agent_program(int argc, char **argv); /* an agent's main(), included and not called */

/* What the device still has to say: messages that end with RECORD. */
static struct world {
	const uint8_t *data;
	size_t size;
	uint64_t now_ns;
	struct params params;
} world;

enum { RECORD = 0x1e };

static inline unsigned world_byte(void)
{
	if (!world.size)
		return 0;
	world.size--;
	return *world.data++;
}

/* One message, in the world's memory; false: the device has fallen silent. */
static inline bool world_message(const uint8_t **ret, size_t *ret_size)
{
	const uint8_t *end;
	size_t n;

	if (!world.size)
		return false;
	end = memchr(world.data, RECORD, world.size);
	n = end ? (size_t)(end - world.data) : world.size;
	*ret = world.data;
	*ret_size = n;
	world.data += n + (end != NULL);
	world.size -= n + (end != NULL);
	return true;
}

/* ---- the clock: sleeping takes no time. In place of deadline.c.
 * ----------------------------------- */

uint64_t deadline_now_ns(void)
{
	return world.now_ns += 1000;
}

struct deadline deadline_in(uint64_t ms)
{
	return (struct deadline){ world.now_ns + ms * 1000000U };
}

struct deadline deadline_within(struct deadline deadline, uint64_t ms)
{
	struct deadline other = deadline_in(ms);

	return other.end_ns < deadline.end_ns ? other : deadline;
}

uint64_t deadline_left_ms(struct deadline deadline)
{
	return deadline.end_ns > world.now_ns ? (deadline.end_ns - world.now_ns) / 1000000U : 0;
}

bool deadline_reached(struct deadline deadline)
{
	return deadline_left_ms(deadline) == 0;
}

bool deadline_sleep(struct deadline deadline, uint64_t ms)
{
	if (!world.size) /* it will say nothing more, however long one waits */
		ms = 60000;
	world.now_ns += (ms ? ms : 1) * 1000000U;
	return !deadline_reached(deadline);
}

/* ---- a call
 * ---------------------------------------------------------------------------------------- */

static inline void world_quiet(void *ctx, const char *text)
{
}

/* With these settings ("name=value" lines). */
static inline void world_begin(struct call *call, const char *agent, unsigned groups,
	const struct param *rows, const struct param_preset *presets, const char *text,
	const uint8_t *data, size_t size)
{
	char *problem = NULL;

	world.data = data;
	world.size = size;
	world.now_ns = 1000000000U;
	params_init(&world.params, groups, rows, presets);
	*call = (struct call){ .agent = agent, .action = "off", .evidence.fd = -1 };
	call->settings = settings_new(&world.params);
	settings_take_text(call->settings, text, strlen(text), world_quiet, NULL);
	if (settings_finish(call->settings, 1, &problem) < 0)
		abort();
	call->deadline = deadline_in(20000);
	call->plugs = own_alloc(2 * sizeof(*call->plugs));
	call->plugs[0] = own_string(settings_get(call->settings, "plug"));
	if (!call->plugs[0])
		call->plugs[0] = own_string("");
	call->n_plugs = 1;
}

static inline void world_end(struct call *call)
{
	free(call->plugs[0]);
	free(call->plugs);
	settings_free(call->settings);
	params_done(&world.params);
}

/* Opens the device, switches it off, lists, rehearses. true: it is said to be off. */
static inline bool world_off(struct call *call, const struct agent_device *device)
{
	bool already, off = false;

	if (device->open(call) == 0)
		off = turn_plugs(call, device, POWER_OFF, &already) == 0;
	return off;
}

#endif
