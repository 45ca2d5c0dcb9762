/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/own.h"
#include "core/worker.h"
#include "edge/agentcfg.h"
#include "edge/deadman.h"
#include "edge/keeper.h"
#include "edge/lease.h"
#include "edge/link.h"

const char *keeper_name(const struct keeper *k, unsigned controller)
{
	const char *name = k->config->controllers[controller].name;

	return name ? name : "?";
}

bool keeper_welcomed(const struct keeper *k)
{
	for (unsigned i = 0; i < PICKET_CONTROLLERS_MAX; i++)
		if (k->epochs[i])
			return true;
	return false;
}

/* ---- the lease --------------------------------------------------------------------------------
 */

static void addresses(const struct agentcfg *c, struct lease_controller ret[PICKET_CONTROLLERS_MAX])
{
	for (unsigned i = 0; i < c->n_controllers; i++)
		for (unsigned k = 0; k < c->controllers[i].addresses.n && k < PICKET_LINKS_MAX; k++)
			ret[i].address[k] = c->controllers[i].addresses.items[k];
}

static int lease_begin(struct keeper *keeper)
{
	const struct allegiance *a = worker_allegiance(keeper->worker);
	const struct agentcfg *c = keeper->config;
	struct lease_controller controllers[PICKET_CONTROLLERS_MAX] = { 0 };
	const char *keep[] = { c->bind };
	struct lease_config config = { .pin_prefix = c->pin_prefix,
		.cluster = a->cluster,
		.node = a->node,
		.port = c->heartbeat_port,
		.controllers = controllers,
		.n_controllers = c->n_controllers,
		.ifaces = (const char **)c->interfaces.items,
		.n_ifaces = c->interfaces.n,
		.data_ifaces = (const char **)c->data_interfaces.items,
		.n_data_ifaces = c->data_interfaces.n,
		.keep = keep,
		.n_keep = c->bind ? 1 : 0,
		.link_port = c->link_port,
		.raft_port = c->raft_port,
		.interval_us = a->interval_us,
		.lease_ns = a->lease_ns,
		.goes_on = a->goes_on,
		.verdict = keeper->verdict,
		.voters = { keeper->voters, keeper->voters_next },
		.warn = keeper->warn };
	int r;

	addresses(c, controllers);
	if (c->verdict == AGENTCFG_NONE)
		config.n_data_ifaces = 0;
	r = lease_new(keeper->loop, &config, keeper->on_event, keeper->ctx, &keeper->lease);
	if (r)
		log_error(keeper->log, "cannot hold a lease: %s", strerror(-r));
	return r;
}

static const char *controller_address(void *ctx, unsigned controller, unsigned link)
{
	const struct agentcfg_list *list =
		&((struct keeper *)ctx)->config->controllers[controller].addresses;

	return link < list->n ? list->items[link] : NULL;
}

/* The same lease, told to what stands behind it. */
static void deadman_follow(struct keeper *keeper)
{
	const struct allegiance *a = worker_allegiance(keeper->worker);
	const struct agentcfg *c = keeper->config;
	const struct deadman_lease lease = { .cluster = a->cluster,
		.incarnation = a->incarnation,
		.node = a->node,
		.lease_ns = a->lease_ns,
		.interval_us = a->interval_us,
		.port = c->heartbeat_port,
		.page = lease_page(keeper->lease),
		.address = controller_address,
		.ifaces = (const char *const *)c->interfaces.items,
		.n_controllers = c->n_controllers,
		.n_ifaces = c->interfaces.n,
		.ctx = keeper };

	/* Where only its power supply says when this node is dead, nothing ends it from within. */
	if (!a->goes_on)
		deadman_lease_set(keeper->deadman, &lease);
}

int keeper_begin(struct keeper *keeper)
{
	int r = lease_begin(keeper);

	if (!r)
		deadman_follow(keeper);
	return r;
}

static void key_follow(struct keeper *keeper, unsigned controller)
{
	uint8_t key[LINK_KEY_LEN];
	uint32_t epoch = keeper->epochs[controller];
	int r = epoch ? link_client_key(keeper->link, controller, epoch, key) : -ENOTCONN;

	if (!r)
		r = lease_key_set(keeper->lease, controller, key, epoch);
	if (!r)
		deadman_key_set(keeper->deadman, controller, key, epoch);
	if (r && r != -ENOTCONN)
		log_error(keeper->log, "heartbeat key of controller %s: %s",
			keeper_name(keeper, controller), strerror(-r));
	explicit_bzero(key, sizeof(key));
}

static int lease_follow(struct keeper *keeper, unsigned controller, json_int_t wait_ms)
{
	const struct allegiance *a = worker_allegiance(keeper->worker);
	bool fresh = !keeper->lease;
	int r;

	if (!a->node || !a->cluster || !a->interval_us || !a->lease_ns) {
		log_error(keeper->log, "the controllers did not say how to hold a lease");
		return 0;
	}
	r = deadman_wait_set(keeper->deadman, a->lease_ns, (uint64_t)wait_ms * 1000000);
	if (!r && fresh)
		r = lease_begin(keeper);
	if (r)
		return r;
	if (!fresh) {
		lease_interval_set(keeper->lease, a->interval_us);
		lease_length_set(keeper->lease, a->lease_ns);
		lease_goes_on_set(keeper->lease, a->goes_on);
	}
	for (unsigned i = 0; i < PICKET_CONTROLLERS_MAX; i++)
		if (i == controller || fresh)
			key_follow(keeper, i);
	if ((r = lease_incarnation_set(keeper->lease, a->incarnation)))
		log_error(keeper->log, "incarnation %llu: %s", (unsigned long long)a->incarnation,
			strerror(-r));
	deadman_follow(keeper);
	return 0;
}

void keeper_rekey(struct keeper *keeper, unsigned controller, json_t *message)
{
	uint32_t epoch = (uint32_t)json_integer_value(json_object_get(message, "key_epoch"));

	/* Of an earlier connection, or the same again: a welcome tells which one is right. */
	if (!keeper->lease || !keeper->epochs[controller] || epoch <= keeper->epochs[controller])
		return;
	keeper->epochs[controller] = epoch;
	key_follow(keeper, controller);
}

int keeper_welcome(struct keeper *keeper, unsigned controller, json_t *welcome, uint64_t known_term)
{
	int r;

	keeper->epochs[controller] =
		(uint32_t)json_integer_value(json_object_get(welcome, "key_epoch"));
	if (!worker_allegiance(keeper->worker)->incarnation)
		return 0; /* known, not admitted: nothing to hold yet */
	r = lease_follow(
		keeper, controller, json_integer_value(json_object_get(welcome, "wait_ms")));
	/* As long as the log has no list, who votes goes by the term alone. */
	if (!r && keeper->lease && !keeper->serial &&
		lease_voters_learn(keeper->lease, welcome, known_term))
		log_error(keeper->log, "somebody votes who is not in this agent's list");
	return r;
}

/* ---- who the controllers are ------------------------------------------------------------------
 */

static uint32_t mask(json_t *message, const char *key)
{
	return (uint32_t)json_integer_value(json_object_get(message, key));
}

static void links_follow(struct keeper *keeper)
{
	const struct agentcfg *c = keeper->config;

	for (unsigned i = 0; i < PICKET_CONTROLLERS_MAX; i++) {
		struct link_controller is = { c->controllers[i].name, c->controllers[i].link };

		link_client_set(keeper->link, i, is.name ? &is : NULL);
	}
}

static int lease_learn(struct keeper *keeper)
{
	struct lease_controller list[PICKET_CONTROLLERS_MAX] = { 0 };
	int r;

	if (!keeper->lease)
		return 0;
	addresses(keeper->config, list);
	r = lease_controllers_set(keeper->lease, list, keeper->config->n_controllers);
	return r ? r : lease_voters_set(keeper->lease, keeper->voters, keeper->voters_next);
}

bool keeper_controllers(struct keeper *keeper, json_t *message)
{
	uint64_t serial = (uint64_t)json_integer_value(json_object_get(message, "serial"));
	uint64_t before = keeper->serial;
	int r;

	if (serial <= before || !mask(message, "voters") ||
		!agentcfg_controllers(keeper->config, json_object_get(message, "list")))
		return false;
	keeper->serial = serial;
	keeper->voters = mask(message, "voters");
	keeper->voters_next = mask(message, "voters_next");
	r = lease_learn(keeper);
	if (r) {
		log_error(keeper->log,
			"who the controllers are could not be told to the kernel: %s",
			strerror(-r));
		keeper->serial = before; /* it is not acknowledged, and told again */
		return false;
	}
	links_follow(keeper);
	if (keeper->lease)
		deadman_follow(keeper);
	log_notice(keeper->log, "the controllers have changed: %u vote%s",
		(unsigned)__builtin_popcount(keeper->voters),
		keeper->voters_next ? ", and others are about to" : "");
	return true;
}

json_t *keeper_state(const struct keeper *keeper, json_t *list, uint64_t cluster)
{
	return json_pack("{s:I, s:I, s:i, s:i, s:O}", "cluster", (json_int_t)cluster, "serial",
		(json_int_t)keeper->serial, "voters", (int)keeper->voters, "voters_next",
		(int)keeper->voters_next, "list", list);
}

void keeper_restore(struct keeper *keeper, json_t *state, uint64_t cluster)
{
	if ((uint64_t)json_integer_value(json_object_get(state, "cluster")) != cluster ||
		!mask(state, "voters") ||
		!agentcfg_controllers(keeper->config, json_object_get(state, "list")))
		return;
	keeper->serial = (uint64_t)json_integer_value(json_object_get(state, "serial"));
	keeper->voters = mask(state, "voters");
	keeper->voters_next = mask(state, "voters_next");
}
