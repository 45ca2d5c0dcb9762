/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include <picket/maps.h>

#include "base/own.h"
#include "edge/council.h"
#include "edge/daemoncfg.h"
#include "edge/heartbeat.h"
#include "edge/lease_sender.h"
#include "edge/link.h"

#define COUNCIL_INTERVAL_US 25000
#define COUNCIL_MISSES 4
#define COUNCIL_PATIENCE_MS 3000 /* as long as the log's own connections have */
#define COUNCIL_PAUSE_MS 500 /* they are few, and each one counts */
#define COUNCIL_EPOCH 1    /* each connection has a key of its own */

struct member {
	char *name; /* NULL: nobody has this place */
	char *address[PICKET_LINKS_MAX];
	bool dialled, up; /* dialled: we call it */
	uint32_t heard;   /* links on which its beats are heard */
};

struct council {
	struct council_handler handler;
	void *ctx;
	unsigned index;
	size_t n_links;
	char *ifaces[PICKET_LINKS_MAX];
	uint64_t cluster;
	struct member members[PICKET_CONTROLLERS_MAX];
	struct link *link;
	struct link_client *client; /* NULL: all others call us */
	struct heartbeat *heartbeat;
	struct lease_sender *sender; /* NULL: no addresses are known */
	struct picket_sent *sent;
};

static uint32_t id_of(unsigned controller)
{
	return PICKET_NODE_CONTROLLER + controller;
}

/* ---- beats --------------------------------------------------------------------------------- */

/* A new connection has a new key, and the other end may have begun to count anew. */
static void listen_to(struct council *c, unsigned controller)
{
	struct heartbeat_node node = { .key_epoch = COUNCIL_EPOCH,
		.incarnation = 1,
		.interval_us = COUNCIL_INTERVAL_US,
		.misses = COUNCIL_MISSES,
		.links_mask = (uint8_t)((1u << c->n_links) - 1) };
	struct member *m = &c->members[controller];
	owned(free) char *name = own_printf("%s%s", LINK_CONTROLLER, m->name);
	int r = m->dialled ? link_client_key(c->client, controller, COUNCIL_EPOCH, node.key)
			   : link_key(c->link, name, COUNCIL_EPOCH, node.key);

	if (!c->sender || r)
		return;
	heartbeat_node_remove(c->heartbeat, id_of(controller));
	m->heard = 0;
	lease_sender_key(c->sender, controller, node.key, COUNCIL_EPOCH);
	heartbeat_node_set(c->heartbeat, id_of(controller), &node);
	explicit_bzero(node.key, sizeof(node.key));
}

bool council_beat(struct council *c, const struct picket_event *beat)
{
	unsigned controller = beat->node - PICKET_NODE_CONTROLLER;
	struct member *m;
	uint32_t before;

	if (beat->node < PICKET_NODE_CONTROLLER)
		return false;
	if (!c || controller >= PICKET_CONTROLLERS_MAX)
		return true;
	m = &c->members[controller];
	before = m->heard;
	if (beat->kind == PICKET_EVENT_HEARD)
		m->heard |= 1u << beat->link;
	else if (beat->kind == PICKET_EVENT_SILENT)
		m->heard &= ~(1u << beat->link);
	if (before && !m->heard)
		c->handler.on_silent(c->ctx, controller);
	return true;
}

static bool addressed(const struct council *c)
{
	for (size_t i = 0; i < PICKET_CONTROLLERS_MAX; i++)
		for (size_t l = 0; i != c->index && l < PICKET_LINKS_MAX; l++)
			if (c->members[i].address[l])
				return true;
	return false;
}

/* Where a member is to be heard, as the sender wants to know it. */
static struct lease_controller where(const struct council *c, unsigned controller)
{
	struct lease_controller is = { 0 };

	for (size_t l = 0; controller != c->index && l < c->n_links; l++)
		is.address[l] = c->members[controller].address[l];
	return is;
}

/* Once there is somebody to beat for. */
static int sender_begin(struct council *c)
{
	struct lease_controller controllers[PICKET_CONTROLLERS_MAX] = { 0 };
	struct lease_config lease = { .cluster = c->cluster,
		.node = id_of(c->index),
		.controllers = controllers,
		.n_controllers = PICKET_CONTROLLERS_MAX,
		.ifaces = (const char **)c->ifaces,
		.n_ifaces = c->n_links,
		.interval_us = COUNCIL_INTERVAL_US };
	struct timespec ts;
	int r;

	if (c->sender || !c->heartbeat || !addressed(c))
		return 0;
	for (unsigned i = 0; i < PICKET_CONTROLLERS_MAX; i++)
		controllers[i] = where(c, i);
	c->sent = own_alloc(PICKET_SENT_MAX * sizeof(*c->sent));
	r = lease_sender_new(&lease, c->sent, &c->sender);
	if (r)
		return r;
	/* Newer than that of the last life of ours: both ends know no other order. */
	clock_gettime(CLOCK_REALTIME, &ts);
	lease_sender_incarnation(c->sender, (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
	return lease_sender_start(c->sender);
}

/* ---- connections --------------------------------------------------------------------------- */

static void come(struct council *c, unsigned controller)
{
	c->members[controller].up = true;
	listen_to(c, controller);
	c->handler.on_up(c->ctx, controller);
}

static void go(struct council *c, unsigned controller, const char *why)
{
	if (!c->members[controller].up)
		return;
	c->members[controller].up = false;
	c->handler.on_down(c->ctx, controller);
	/* Its kernel has closed it: the daemon there has ended, or is about to begin anew. */
	if (!strstr(why, "timed out"))
		c->handler.on_silent(c->ctx, controller);
}

static void on_dialled(void *ctx, unsigned controller)
{
	struct council *c = ctx;
	json_t *hello = json_pack(
		"{s:s, s:s}", "type", "hello", "controller", c->members[c->index].name);

	link_client_send(c->client, controller, hello);
	json_decref(hello);
	come(c, controller);
}

static void on_answer(void *ctx, unsigned controller, json_t *message)
{
	struct council *c = ctx;

	c->handler.on_says(c->ctx, controller, message);
}

static void on_undialled(void *ctx, unsigned controller, const char *why)
{
	go(ctx, controller, why);
}

static int member_of(const struct council *c, const char *name)
{
	for (size_t i = 0; c && i < PICKET_CONTROLLERS_MAX; i++)
		if (i != c->index && !c->members[i].dialled && c->members[i].name &&
			!strcmp(c->members[i].name, name))
			return (int)i;
	return -1;
}

static bool is_controller(const char *name)
{
	return name[0] == LINK_CONTROLLER[0];
}

bool council_link_up(struct council *c, const char *name, json_t *hello)
{
	int i = is_controller(name) ? member_of(c, name + 1) : -1;

	if (i >= 0)
		come(c, (unsigned)i);
	else if (c && is_controller(name)) /* one that we may hear of soon: it calls again */
		link_drop(c->link, name, "not known here, or not yet");
	return is_controller(name);
}

bool council_link_says(struct council *c, const char *name, json_t *message)
{
	int i = is_controller(name) ? member_of(c, name + 1) : -1;

	if (i >= 0)
		c->handler.on_says(c->ctx, (unsigned)i, message);
	return is_controller(name);
}

bool council_link_down(struct council *c, const char *name, const char *why)
{
	int i = is_controller(name) ? member_of(c, name + 1) : -1;

	if (i >= 0)
		go(c, (unsigned)i, why);
	return is_controller(name);
}

int council_say(struct council *c, unsigned controller, json_t *message)
{
	struct member *m = &c->members[controller];
	owned(free) char *name = NULL;

	if (controller >= PICKET_CONTROLLERS_MAX || !m->up)
		return -ENOTCONN;
	if (m->dialled)
		return link_client_send(c->client, controller, message);
	name = own_printf("%s%s", LINK_CONTROLLER, m->name);
	return link_send(c->link, name, message);
}

void council_tell(struct council *c, int controller, json_t *message)
{
	for (unsigned i = 0; c && i < PICKET_CONTROLLERS_MAX; i++)
		if (i != c->index && (controller < 0 || controller == (int)i))
			council_say(c, i, message);
}

static int dial(struct council *c, uv_loop_t *loop, const struct council_config *config)
{
	static const struct link_client_handler handler = { on_dialled, on_answer, on_undialled };
	struct link_controller controllers[PICKET_CONTROLLERS_MAX] = { 0 };
	int r;

	if (!c->index) /* all others call us */
		return 0;
	for (unsigned i = 0; i < c->index && i < config->n; i++)
		controllers[i] = (struct link_controller){ config->members[i].name,
			config->members[i].link };
	r = link_client_new(
		loop, config->identity, NULL, controllers, c->index, &handler, c, &c->client);
	if (!r)
		link_client_patience(c->client, COUNCIL_PATIENCE_MS);
	if (!r)
		link_client_pause(c->client, COUNCIL_PAUSE_MS);
	return r;
}

static void member_is(struct council *c, unsigned controller, const char *name)
{
	struct member *m = &c->members[controller];

	free(m->name);
	m->name = own_string(name);
	for (size_t l = 0; l < PICKET_LINKS_MAX; l++) {
		free(m->address[l]);
		m->address[l] = NULL;
	}
}

int council_new(uv_loop_t *loop, const struct council_config *config,
	const struct council_handler *handler, void *ctx, struct council **ret)
{
	struct council *c = own_new(struct council);
	int r;

	assert(config->n <= PICKET_CONTROLLERS_MAX && config->index < PICKET_CONTROLLERS_MAX);
	c->handler = *handler;
	c->ctx = ctx;
	c->index = config->index;
	c->link = config->link;
	c->heartbeat = config->heartbeat;
	c->cluster = config->cluster;
	c->n_links = config->n_ifaces < PICKET_LINKS_MAX ? config->n_ifaces : PICKET_LINKS_MAX;
	for (size_t l = 0; l < c->n_links; l++)
		c->ifaces[l] = own_string(config->ifaces[l]);
	for (unsigned i = 0; i < PICKET_CONTROLLERS_MAX; i++) {
		c->members[i].dialled = i < c->index;
		if (c->heartbeat)
			heartbeat_node_remove(c->heartbeat, id_of(i));
		if (i >= config->n)
			continue;
		member_is(c, i, config->members[i].name);
		for (size_t l = 0; l < PICKET_LINKS_MAX; l++)
			c->members[i].address[l] = own_string(config->members[i].addresses[l]);
	}
	if (config->name)
		member_is(c, c->index, config->name);
	link_patience(c->link, COUNCIL_PATIENCE_MS);
	r = sender_begin(c);
	if (!r)
		r = dial(c, loop, config);
	if (r) {
		council_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

/* ---- others come and go ---------------------------------------------------------------------- */

static const char *text_of(json_t *member, const char *key)
{
	return json_string_value(json_object_get(member, key));
}

static bool stays(const struct council *c, unsigned controller, json_t *member)
{
	const char *is = c->members[controller].name, *will = text_of(member, "name");

	return is && will && !strcmp(is, will);
}

/* Whoever had the place and has it no more is not listened to. */
static void expel(struct council *c, unsigned controller)
{
	struct member *m = &c->members[controller];
	owned(free) char *name = m->name ? own_printf("%s%s", LINK_CONTROLLER, m->name) : NULL;

	if (m->dialled)
		link_client_set(c->client, controller, NULL);
	else if (m->up && name)
		link_drop(c->link, name, "a controller no more");
	if (c->heartbeat)
		heartbeat_node_remove(c->heartbeat, id_of(controller));
	member_is(c, controller, NULL);
	m->heard = 0;
}

void council_set(struct council *c, unsigned controller, json_t *member)
{
	struct link_controller call = { text_of(member, "name"), text_of(member, "link") };
	struct member *m = &c->members[controller];
	json_t *addresses = json_object_get(member, "addresses");
	struct lease_controller is;

	if (controller == c->index || controller >= PICKET_CONTROLLERS_MAX)
		return;
	if (!stays(c, controller, member) && m->name)
		expel(c, controller);
	member_is(c, controller, text_of(member, "name"));
	for (size_t l = 0; l < c->n_links; l++)
		m->address[l] = own_string(json_string_value(json_array_get(addresses, l)));
	is = where(c, controller);
	if (c->sender)
		lease_sender_controller(c->sender, controller, member ? &is : NULL,
			(const char *const *)c->ifaces, c->n_links);
	else
		sender_begin(c);
	if (m->dialled && member)
		link_client_set(c->client, controller, &call);
}

const char *council_name(const struct council *c, unsigned controller)
{
	return controller < PICKET_CONTROLLERS_MAX && c->members[controller].name
		? c->members[controller].name
		: "?";
}

void council_free(struct council *c)
{
	if (!c)
		return;
	link_client_free(c->client);
	if (c->sender)
		lease_sender_free(c->sender);
	for (unsigned i = 0; i < PICKET_CONTROLLERS_MAX; i++)
		member_is(c, i, NULL);
	for (size_t l = 0; l < c->n_links; l++)
		free(c->ifaces[l]);
	free(c->sent);
	free(c);
}
