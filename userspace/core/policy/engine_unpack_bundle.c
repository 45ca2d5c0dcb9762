// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <stdio.h>

#include "core/policy/engine_bundle.h"
#include "core/policy/engine_unpack.h"

struct replica *bundle_replica_of(const struct bundle *b, const struct resource *part)
{
	for (unsigned i = 0; i < b->n; i++) {
		struct replica *r = &b->replicas[i];

		if (part == r->ip || part == r->container || part == r->connection ||
			part == r->child)
			return r;
	}
	return NULL;
}

struct replica *bundle_replica_on(const struct bundle *b, const struct node *guest)
{
	for (unsigned i = 0; i < b->n; i++)
		if (b->replicas[i].node == guest)
			return &b->replicas[i];
	return NULL;
}

struct resource *bundle_child_on(struct resource *bundle, const struct node *node)
{
	struct replica *r = bundle->bundle ? bundle_replica_on(bundle->bundle, node) : NULL;

	return r ? r->child : NULL;
}

/* The clone that holds what the containers carry, as if it had been configured. */
static struct element *clone_element(
	struct engine *e, const struct bundle *b, const struct element *primitive)
{
	struct element *x = new_child(e, NULL, "clone"), *meta;

	element_set(e->arena, x, "id",
		engine_printf(e, "%s-%s", b->prefix, b->promoted_max ? "master" : "clone"));
	meta = new_child(e, x, "meta_attributes");
	new_nvpair(e, meta, "ordered", "true");
	new_nvpair(e, meta, "clone-max", engine_printf(e, "%d", b->n_replicas));
	new_nvpair(e, meta, "clone-node-max", engine_printf(e, "%d", b->per_host));
	new_nvpair(e, meta, "globally-unique", b->per_host > 1 ? "true" : "false");
	if (b->promoted_max) {
		new_nvpair(e, meta, "promotable", "true");
		new_nvpair(e, meta, "promoted-max", engine_printf(e, "%d", b->promoted_max));
	}
	element_copy(e->arena, x, primitive);
	return x;
}

static struct element *part_element(
	struct engine *e, const char *id, const char *agent, struct element **ret_params)
{
	struct element *x = new_child(e, NULL, "primitive"), *ops, *op;

	element_set(e->arena, x, "id", id);
	element_set(e->arena, x, "class", "ocf");
	element_set(e->arena, x, "provider", "heartbeat");
	element_set(e->arena, x, "type", agent);
	*ret_params = new_child(e, x, "instance_attributes");
	ops = new_child(e, x, "operations");
	op = new_child(e, ops, "op");
	element_set(e->arena, op, "name", "monitor");
	element_set(e->arena, op, "interval", "60s");
	return x;
}

static struct element *ip_element(
	struct engine *e, const struct resource *bundle, const char *address)
{
	const struct element *network = element_child(bundle->own_xml, "network");
	const char *mask = element_get(network, "host-netmask");
	struct element *params, *x;

	x = part_element(e, engine_printf(e, "%s-ip-%s", bundle->id, address), "IPaddr2", &params);
	new_nvpair(e, params, "ip", address);
	new_nvpair(e, params, "nic", element_get(network, "host-interface"));
	new_nvpair(e, params, "cidr_netmask", mask ? mask : "32");
	return x;
}

static const char *next_address(struct engine *e, const char *last)
{
	struct in6_addr six;
	struct in_addr four;
	char text[INET6_ADDRSTRLEN];

	if (inet_pton(AF_INET, last, &four) == 1) {
		four.s_addr = htonl(ntohl(four.s_addr) + 1);
		return engine_printf(e, "%s", inet_ntop(AF_INET, &four, text, sizeof(text)));
	}
	if (inet_pton(AF_INET6, last, &six) == 1) {
		for (int i = 15; i >= 0 && !++six.s6_addr[i]; i--)
			;
		return engine_printf(e, "%s", inet_ntop(AF_INET6, &six, text, sizeof(text)));
	}
	return last;
}

static const char *joined(struct engine *e, const char *a, const char *b)
{
	return engine_printf(e, "%s%s", a, b);
}

/* The volumes of a container: as options, and where one is made for each replica, as a list. */
static const char *volumes(struct engine *e, const struct resource *bundle, const struct replica *r,
	const char *opts, const char **ret_points)
{
	const struct element *list = element_child(bundle->own_xml, "storage"), *m;
	const char *points = "";

	for (m = element_child(list, "storage-mapping"); m;
		m = element_sibling(m, "storage-mapping")) {
		const char *from = element_get(m, "source-dir"), *how = element_get(m, "options");

		if (!from) {
			from = engine_printf(e, "%s/%s-%d", element_get(m, "source-dir-root"),
				bundle->id, r->offset);
			points = engine_printf(e, "%s%s%s", points, *points ? "," : "", from);
		}
		opts = engine_printf(e, "%s -v %s:%s%s%s", opts, from, element_get(m, "target-dir"),
			how ? ":" : "", how ? how : "");
	}
	if (r->child) {
		const char *log =
			engine_printf(e, "/var/log/pacemaker/bundles/%s-%d", bundle->id, r->offset);

		points = engine_printf(e, "%s%s%s", points, *points ? "," : "", log);
		opts = engine_printf(e,
			"%s -v /etc/pacemaker/authkey:/etc/pacemaker/authkey -v %s:/var/log", opts,
			log);
	}
	*ret_points = points;
	return opts;
}

static const char *port_option(struct engine *e, const struct replica *r, const char *opts,
	const char *network, const char *from, const char *to)
{
	if (r->address)
		return engine_printf(e, "%s -p %s:%s:%s", opts, r->address, from, to);
	if (!network || strcmp(network, "host"))
		return engine_printf(e, "%s -p %s:%s", opts, from, to);
	return opts;
}

static const char *ports(struct engine *e, const struct resource *bundle, const struct replica *r,
	const char *opts, const char *network)
{
	const struct element *m =
		element_child(element_child(bundle->own_xml, "network"), "port-mapping");
	const char *control = bundle->bundle->control_port;

	for (; m; m = element_sibling(m, "port-mapping")) {
		const char *from = element_get(m, "port"), *to = element_get(m, "internal-port");

		if (!from)
			from = to = element_get(m, "range");
		opts = port_option(e, r, opts, network, from, to ? to : from);
	}
	if (!r->child)
		return opts;
	control = control ? control : "3121";
	return port_option(e, r, opts, network, control, control);
}

/* The replicas know each other by name. */
static const char *hosts(struct engine *e, const struct resource *bundle)
{
	const struct bundle *b = bundle->bundle;
	const char *text = "";

	if (!value_true(element_get(element_child(bundle->own_xml, "network"), "add-host"), true))
		return text;
	for (unsigned i = 0; i < b->n; i++)
		if (b->replicas[i].address)
			text = strcmp(b->agent, "rkt")
				       ? engine_printf(e, "%s --add-host=%s-%d:%s", text, b->prefix,
						 b->replicas[i].offset, b->replicas[i].address)
				       : engine_printf(e, "%s --hosts-entry=%s=%s-%d", text,
						 b->replicas[i].address, b->prefix,
						 b->replicas[i].offset);
	return text;
}

/* The container as its agent is told to make it. */
static struct element *container_element(
	struct engine *e, const struct resource *bundle, const struct replica *r)
{
	const struct bundle *b = bundle->bundle;
	const struct element *from = element_child(bundle->own_xml, b->agent);
	const char *network = element_get(from, "network"), *points, *opts = "";
	const char *command = element_get(from, "run-command"), *more;
	struct element *params, *x;

	x = part_element(
		e, engine_printf(e, "%s-%s-%d", b->prefix, b->agent, r->offset), b->agent, &params);
	new_nvpair(e, params, "image", element_get(from, "image"));
	new_nvpair(e, params, "allow_pull", "true");
	new_nvpair(e, params, "force_kill", "false");
	new_nvpair(e, params, "reuse", "false");
	if (!strcmp(b->agent, "docker"))
		opts = " --restart=no";
	if (r->address)
		opts = engine_printf(e, "%s -h %s-%d", opts, b->prefix, r->offset);
	opts = joined(e, opts, " -e PCMK_stderr=1");
	if (network)
		opts = engine_printf(e, "%s --net=%s", opts, network);
	opts = engine_printf(
		e, "%s -e PCMK_remote_port=%s", opts, b->control_port ? b->control_port : "3121");
	opts = ports(e, bundle, r, volumes(e, bundle, r, opts, &points), network);
	more = element_get(from, "options");
	if (more)
		opts = engine_printf(e, "%s %s", opts, more);
	/* The blank stands there even if no address follows: digests are made of it. */
	opts = engine_printf(e, "%s %s", opts, hosts(e, bundle));
	new_nvpair(e, params, "run_opts", opts);
	new_nvpair(e, params, "mount_points", points);
	if (!command && r->child)
		command = "/usr/sbin/pacemaker-remoted";
	new_nvpair(e, params, "run_cmd", command);
	new_nvpair(e, params, "monitor_cmd", "/bin/true");
	return x;
}

static void disallow(struct engine *e, struct resource *r, struct node *node)
{
	struct slot *slot = resource_slot(e, r, node);

	slot->allowed = 1;
	slot->score = -SCORE_INFINITY;
	slot->discovery = DISCOVER_NEVER;
}

/* The guest node of a replica: nothing may run there but the replica's own child. */
static void replica_node(
	struct engine *e, struct resource *bundle, struct replica *r, const char *name)
{
	struct resource *parent = r->child->parent;
	struct node *node = node_by_name(e, name);
	struct slot *slot;

	if (!node)
		node = node_new(e, name, name, true, -SCORE_INFINITY);
	node->base_score = -SCORE_INFINITY;
	node->discovery_never = true;
	for (unsigned i = 0; i < e->n_all; i++) {
		struct resource *other = e->all[i];

		if (other->slots && resource_sees(other, node).allowed)
			disallow(e, other, node);
	}
	r->node = node;
	r->child->slots = NULL;
	slot = resource_slot(e, r->child, node);
	slot->allowed = 1;
	slot->score = 500;
	slot->discovery = DISCOVER_EXCLUSIVE;
	slot = resource_slot(e, parent, node);
	slot->allowed = 1;
	slot->score = -SCORE_INFINITY;
	slot->discovery = DISCOVER_EXCLUSIVE;
}

static void replica_connection(struct engine *e, struct resource *bundle, struct replica *r)
{
	struct bundle *b = bundle->bundle;
	const char *id = engine_printf(e, "%s-%d", b->prefix, r->offset);
	struct element *x;

	if (!r->child || !b->network)
		return;
	if (resource_by_id(e, id))
		id = engine_printf(e, "%s-remote-%d", b->prefix, r->offset);
	x = remote_element(e, id, r->container->id, NULL, NULL, NULL,
		r->address ? r->address : "#uname", b->control_port ? b->control_port : "3121");
	replica_node(e, bundle, r, id);
	r->connection = resource_unpack(e, x, bundle, -1);
	for (unsigned i = 0; i < e->n_nodes; i++)
		if (e->nodes[i]->remote && resource_sees(r->connection, e->nodes[i]).allowed)
			resource_slot(e, r->connection, e->nodes[i])->score = -SCORE_INFINITY;
	r->node->connection = r->connection;
	r->connection->container = r->container;
	table_set(e->arena, &r->node->attributes, "#kind", "container");
	resources_add(e, &bundle->children, r->connection);
}

static void replica_parts(struct engine *e, struct resource *bundle, struct replica *r)
{
	if (r->address) {
		r->ip = resource_unpack(e, ip_element(e, bundle, r->address), bundle, -1);
		resources_add(e, &bundle->children, r->ip);
	}
	r->container = resource_unpack(e, container_element(e, bundle, r), bundle, -1);
	resources_add(e, &bundle->children, r->container);
	replica_connection(e, bundle, r);
	if (!r->child)
		return;
	r->child->exclusive_discovery = true;
	/* What it needs of a host, the container needs: that is what is placed there. */
	r->container->utilization = r->child->utilization;
	r->child->utilization = (struct table){ 0 };
	/* Whether instances are told of each other is said where they are configured. */
	if (r->child->notify)
		r->child->parent->notify = true;
}

static int number_of(const struct element *x, const char *name, int otherwise)
{
	long long n = value_number(element_get(x, name), otherwise);

	return n < 0 ? 0 : n > 1000000 ? 1000000 : (int)n;
}

static const struct element *read_bundle(
	struct engine *e, struct resource *bundle, struct bundle *b)
{
	static const char *const agents[] = { "docker", "rkt", "podman" };
	const struct element *x = NULL;

	b->prefix = bundle->id;
	for (size_t i = 0; i < sizeof(agents) / sizeof(*agents) && !x; i++) {
		x = element_child(bundle->own_xml, agents[i]);
		b->agent = agents[i];
	}
	if (!x)
		return NULL;
	b->promoted_max = number_of(x, "promoted-max", 0);
	if (!element_get(x, "promoted-max"))
		b->promoted_max = number_of(x, "masters", 0);
	b->n_replicas = number_of(x, "replicas", 0);
	if (b->n_replicas <= 0)
		b->n_replicas = b->promoted_max > 0 ? b->promoted_max : 1;
	b->per_host = number_of(x, "replicas-per-host", 1);
	if (b->per_host < 1)
		b->per_host = 1;
	bundle->unique = b->per_host > 1;
	return x;
}

void unpack_bundle(struct engine *e, struct resource *bundle)
{
	struct bundle *b = engine_alloc(e, sizeof(*b));
	const struct element *network = element_child(bundle->own_xml, "network");
	const struct element *primitive = element_child(bundle->own_xml, "primitive");
	const char *address = element_get(network, "ip-range-start");

	bundle->bundle = b;
	if (!read_bundle(e, bundle, b))
		return;
	b->control_port = element_get(network, "control-port");
	b->network = address || b->control_port;
	if (!address && b->network && b->per_host > 1)
		b->per_host = 1;
	if (primitive && b->network) {
		b->child = resource_unpack(e, clone_element(e, b, primitive), bundle, -1);
		if (b->child)
			resources_add(e, &bundle->children, b->child);
	}
	for (int i = 0; i < b->n_replicas; i++) {
		struct replica *r;

		engine_grow(e, b->replicas, b->n, b->cap);
		r = &b->replicas[b->n++];
		*r = (struct replica){ .offset = i, .address = address };
		if (b->child && (unsigned)i < b->child->children.n)
			r->child = b->child->children.items[i];
		if (address)
			address = next_address(e, address);
	}
	for (unsigned i = 0; i < b->n; i++)
		replica_parts(e, bundle, &b->replicas[i]);
}
