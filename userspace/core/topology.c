/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/topology.h"

/* The nth device, from 0, that names the node as a target. */
static const struct site_device *aimed(const struct site *site, const char *node, size_t nth)
{
	json_t *t;
	size_t i;

	for (size_t k = 0; k < site->n_devices; k++)
		json_array_foreach (site->devices[k].targets, i, t)
			if (!strcmp(json_string_value(t), node) && !nth--)
				return &site->devices[k];
	return NULL;
}

size_t topology_levels(const struct site *site, const char *node)
{
	size_t n = 0;

	if (site_level(site, node, 0)) {
		while (site_level(site, node, n))
			n++;
		return n;
	}
	while (aimed(site, node, n))
		n++;
	return n;
}

size_t topology_steps(const struct site *site, const char *node, size_t level)
{
	if (site_level(site, node, 0))
		return json_array_size(site_level(site, node, level));
	return aimed(site, node, level) != NULL;
}

bool topology_at(const struct site *site, const char *node, struct topology_place place,
	struct topology_step *ret)
{
	json_t *level = site_level(site, node, place.level);
	const char *name = json_string_value(json_array_get(level, place.step));

	if (!site_level(site, node, 0)) {
		if (place.step || !aimed(site, node, place.level))
			return false;
		ret->device = aimed(site, node, place.level);
		return true;
	}
	if (!name)
		return false;
	ret->device = strcmp(name, SITE_SELF) ? site_device(site, name) : NULL;
	return true;
}

bool topology_any(const struct site *site, const char *node, size_t level)
{
	return site_level_any(site, node, level);
}

bool topology_self(const struct site *site, const char *node, size_t level)
{
	json_t *name;
	size_t i;

	json_array_foreach (site_level(site, node, level), i, name)
		if (!strcmp(json_string_value(name), SITE_SELF))
			return true;
	return false;
}

bool topology_counts_on_self(const struct site *site, const char *node)
{
	for (size_t level = 0; level < topology_levels(site, node); level++)
		if (topology_self(site, node, level))
			return true;
	return false;
}

bool topology_outlets(const struct site_device *device)
{
	static const char *const words[] = { "pdu", "apc", "eaton", "raritan", "emerson",
		"tripplite", "_wti", "_cdu", "netio", "_eps", "cyberpower", "powerman", "shelly",
		"lindy" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(device->agent, words[i]))
			return true;
	return false;
}

bool topology_feeds(const struct site *site, const char *node, size_t level)
{
	struct topology_place place = { .level = level };
	struct topology_step step;

	if (topology_any(site, node, level))
		return false;
	for (; topology_at(site, node, place, &step); place.step++)
		if (!step.device || !topology_outlets(step.device))
			return false;
	return place.step > 0;
}

const struct site_device *topology_machine(const struct site *site, const char *node, size_t level)
{
	struct topology_place place = { 0 };

	for (; place.level < level; place.level++, place.step = 0) {
		struct topology_step step;

		for (; topology_at(site, node, place, &step); place.step++)
			if (step.device && !topology_outlets(step.device))
				return step.device;
	}
	return NULL;
}
