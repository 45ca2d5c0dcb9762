/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/replicated.h"
#include "edge/store_replicated.h"

static void *machine_new(void)
{
	return replicated_new();
}

static void machine_free(void *machine)
{
	replicated_free(machine);
}

static void machine_apply(
	void *machine, uint64_t index, uint64_t term, const void *data, size_t len)
{
	replicated_apply(machine, index, term, data, len);
}

static int machine_snapshot(void *machine, void **ret_data, size_t *ret_len)
{
	return replicated_snapshot(machine, ret_data, ret_len);
}

static int machine_restore(void *machine, const void *data, size_t len)
{
	return replicated_restore(machine, data, len);
}

const struct store_machine store_replicated = {
	.machine_new = machine_new,
	.machine_free = machine_free,
	.apply = machine_apply,
	.snapshot = machine_snapshot,
	.restore = machine_restore,
};
