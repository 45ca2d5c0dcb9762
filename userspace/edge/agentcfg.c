/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "core/document.h"
#include "edge/agentcfg.h"

#define FILE_MAX (1 << 20) /* bytes of an agent.yaml */

enum kind { TEXT, NUMBER, CHOICE, IFACES, CONTROLLERS };

struct row {
	const char *key;
	enum kind kind;
	size_t at;
	const char *initial; /* NULL: none; "!": must be given */
	const char *choices; /* "a|b" */
	const char *help;
};

#define AT(field) offsetof(struct agentcfg, field)

static const struct row rows[] = {
	{ "node", TEXT, AT(node), "!", NULL,
		"name of this node, as the cluster's configuration has it" },
	{ "controllers", CONTROLLERS, 0, "!", NULL,
		"list of {name, link: host:port, addresses: [one per heartbeat interface]}" },
	{ "interfaces", IFACES, AT(interfaces), "!", NULL, "heartbeat interfaces, link 0 first" },
	{ "data_interfaces", IFACES, AT(data_interfaces), NULL, NULL,
		"interfaces that are cut off when the lease runs out" },
	{ "verdict", CHOICE, AT(verdict), "isolate", "isolate|reboot|none|panic|poweroff",
		"what happens when the lease has run out" },
	{ "module", CHOICE, AT(module), "auto", "auto|require|off",
		"picket.ko: used when it is there, or must be there" },
	{ "watchdog", TEXT, AT(watchdog), "off", NULL,
		"hardware watchdog, like /dev/watchdog0, fed by renewals of the lease" },
	{ "leftovers", CHOICE, AT(leftovers), "kill", "kill|fail|report",
		"processes that a stop left behind: end them, call the stop failed, or only tell" },
	{ "state_dir", TEXT, AT(state_dir), "/var/lib/picket/agent", NULL,
		"where the history is kept" },
	{ "socket", TEXT, AT(socket), "/run/picket/agent.sock", NULL,
		"for the commands of OCF agents" },
	{ "pki", TEXT, AT(pki), "/etc/picket/pki", NULL,
		"folder of ca.crt, node.crt and node.key" },
	{ "pin_prefix", TEXT, AT(pin_prefix), "host", NULL, "folder below /sys/fs/bpf/picket" },
	{ "bind", TEXT, AT(bind), NULL, NULL, "source address of the links to the controllers" },
	{ "helpers", TEXT, AT(helpers), "/usr/libexec/picket/ocf", NULL,
		"folder of crm_attribute and its like: first in the agents' PATH" },
	{ "ocf_root", TEXT, AT(ocf_root), "/usr/lib/ocf", NULL, "where OCF agents are" },
	{ "init_dir", TEXT, AT(init_dir), "/etc/init.d", NULL, "where LSB scripts are" },
	{ "cgroup", TEXT, AT(cgroup), "auto", NULL,
		"cgroup v2 folder for the resources; auto: below our own; none: process groups "
		"only" },
	{ "log_level", CHOICE, AT(log_level), "info", "err|warning|notice|info|debug",
		"what is logged" },
	{ "heartbeat_port", NUMBER, AT(heartbeat_port), "7406", NULL, "UDP" },
	{ "link_port", NUMBER, AT(link_port), "7407", NULL, "TCP, stays open when isolated" },
	{ "raft_port", NUMBER, AT(raft_port), "7408", NULL, "TCP, stays open when isolated" },
	{ "jobs", NUMBER, AT(jobs), "64", NULL, "operations at the same time" },
	{ "monitors", NUMBER, AT(monitors), "8", NULL, "of these, recurring monitors" },
};
#define ROWS (sizeof(rows) / sizeof(*rows))

struct reading {
	struct agentcfg *config;
	struct document *document;
	char *problems; /* NULL: none */
};

static void problem(struct reading *r, const char *pointer, char *sentence)
{
	char *before = r->problems;

	r->problems = own_printf("%s%s%s: %s", before ? before : "", before ? "\n" : "",
		document_where(r->document, pointer), sentence);
	free(before);
	free(sentence);
}

static void *field(struct reading *r, const struct row *row)
{
	return (char *)r->config + row->at;
}

/* A scalar as text: a plain 7406 may name something, too. */
static char *text_of(json_t *value)
{
	if (json_is_string(value))
		return own_string(json_string_value(value));
	if (json_is_integer(value))
		return own_printf("%lld", (long long)json_integer_value(value));
	return NULL;
}

static int choice_of(const char *choices, const char *text)
{
	size_t len = strlen(text);

	for (int i = 0; *choices; i++) {
		size_t n = strcspn(choices, "|");

		if (n == len && !strncmp(choices, text, n))
			return i;
		choices += n + (choices[n] == '|');
	}
	return -1;
}

static void take_scalar(struct reading *r, const struct row *row, const char *pointer, char *given)
{
	owned(free) char *text = given;
	long number;
	char *end;
	int i;

	if (!text || !*text) {
		problem(r, pointer, own_printf("%s: expected one value", row->key));
	} else if (row->choices) {
		i = choice_of(row->choices, text);
		if (i < 0)
			problem(r, pointer,
				own_printf("%s: '%s' is none of %s", row->key, text, row->choices));
		else if (row->at == AT(log_level))
			*(char **)field(r, row) = give(text);
		else
			*(unsigned *)field(r, row) = (unsigned)i;
	} else if (row->kind == NUMBER) {
		number = strtol(text, &end, 10);
		if (*end || number < 1 || number > 65535)
			problem(r, pointer,
				own_printf("%s: '%s' is not a number from 1 to 65535", row->key,
					text));
		else
			*(unsigned *)field(r, row) = (unsigned)number;
	} else {
		*(char **)field(r, row) = give(text);
	}
}

static void take_list(struct reading *r, const char *key, const char *pointer, json_t *value,
	struct agentcfg_list *list, size_t max)
{
	json_t *item;
	size_t i;

	if (!json_is_array(value)) {
		problem(r, pointer, own_printf("%s: expected a list", key));
		return;
	}
	if (json_array_size(value) > max) {
		problem(r, pointer, own_printf("%s: more than %zu", key, max));
		return;
	}
	json_array_foreach (value, i, item) {
		char *text = text_of(item);

		if (!text)
			problem(r, pointer, own_printf("%s: expected names", key));
		else
			list->items[list->n++] = text;
	}
}

static void take_ifaces(
	struct reading *r, const struct row *row, const char *pointer, json_t *value)
{
	struct agentcfg_list *list = field(r, row);

	take_list(r, row->key, pointer, value, list,
		row->at == AT(interfaces) ? PICKET_LINKS_MAX : AGENTCFG_IFACES_MAX);
	for (unsigned i = 0; i < list->n; i++)
		if (strlen(list->items[i]) >= IF_NAMESIZE)
			problem(r, pointer,
				own_printf("%s: '%s' is no interface's name", row->key,
					list->items[i]));
}

static bool is_address(const char *text)
{
	unsigned char binary[16];

	return inet_pton(AF_INET, text, binary) == 1 || inet_pton(AF_INET6, text, binary) == 1;
}

static void take_addresses(struct reading *r, const char *pointer, struct agentcfg_controller *c)
{
	for (unsigned i = 0; i < c->addresses.n; i++)
		if (!is_address(c->addresses.items[i]))
			problem(r, pointer,
				own_printf("addresses: '%s' is not an IP address",
					c->addresses.items[i]));
}

static void take_controller(struct reading *r, const char *pointer, json_t *value)
{
	struct agentcfg_controller *c = &r->config->controllers[r->config->n_controllers++];
	const char *key;
	json_t *item;

	if (!json_is_object(value)) {
		problem(r, pointer, own_string("controllers: expected {name, link, addresses}"));
		return;
	}
	json_object_foreach (value, key, item) {
		owned(free) char *at = own_printf("%s/%s", pointer, key);

		if (!strcmp(key, "name"))
			c->name = text_of(item);
		else if (!strcmp(key, "link"))
			c->link = text_of(item);
		else if (!strcmp(key, "addresses"))
			take_list(r, key, at, item, &c->addresses, PICKET_LINKS_MAX);
		else
			problem(r, at, own_printf("controllers: there is no '%s'", key));
	}
	if (!c->name || !c->link || !c->addresses.n)
		problem(r, pointer, own_string("controllers: each needs name, link and addresses"));
	take_addresses(r, pointer, c);
}

static void take_controllers(struct reading *r, const char *pointer, json_t *value)
{
	size_t n = json_array_size(value), i;
	json_t *item;

	if (n < 1 || n > PICKET_CONTROLLERS_MAX) {
		problem(r, pointer,
			own_printf(
				"controllers: expected a list of 1 to %d", PICKET_CONTROLLERS_MAX));
		return;
	}
	json_array_foreach (value, i, item) {
		owned(free) char *at = own_printf("%s/%zu", pointer, i);

		take_controller(r, at, item);
	}
}

static const struct row *row_of(const char *key)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].key, key))
			return &rows[i];
	return NULL;
}

static void take_all(struct reading *r)
{
	json_t *root = r->document->root, *value;
	const char *key;

	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];

		if (json_object_get(root, row->key) || !row->initial)
			continue;
		if (!strcmp(row->initial, "!"))
			problem(r, "", own_printf("%s is missing", row->key));
		else
			take_scalar(r, row, "", own_string(row->initial));
	}
	json_object_foreach (root, key, value) {
		owned(free) char *pointer = own_printf("/%s", key);
		const struct row *row = row_of(key);

		if (!row)
			problem(r, pointer, own_printf("there is no '%s'", key));
		else if (row->kind == IFACES)
			take_ifaces(r, row, pointer, value);
		else if (row->kind == CONTROLLERS)
			take_controllers(r, pointer, value);
		else
			take_scalar(r, row, pointer, text_of(value));
	}
	if (r->config->bind && !is_address(r->config->bind))
		problem(r, "/bind", own_printf("bind: '%s' is not an IP address", r->config->bind));
	if (r->config->node && strlen(r->config->node) >= PICKET_NAME_MAX)
		problem(r, "/node", own_printf("node: longer than %d bytes", PICKET_NAME_MAX - 1));
}

static char *problems_text(const struct problems *problems)
{
	char *text = own_string("");

	for (size_t i = 0; i < problems->n; i++) {
		owned(free) char *before = text;

		text = own_printf("%s%s%s: %s", before, *before ? "\n" : "",
			problems->items[i].where ? problems->items[i].where : "",
			problems->items[i].text);
	}
	return text;
}

int agentcfg_read(const char *path, struct agentcfg **ret, char **why)
{
	owned(agentcfg) struct agentcfg *config = own_new(struct agentcfg);
	owned(document) struct document *document = NULL;
	owned(free) char *text = NULL;
	struct problems problems = { 0 };
	struct reading reading = { .config = config };
	size_t len;
	int r = file_read(path, FILE_MAX, &text, &len);

	if (r) {
		*why = own_printf("%s: %s", path, strerror(-r));
		return r;
	}
	r = document_parse(text, len, path, &problems, &document);
	if (r)
		*why = problems_text(&problems);
	problems_done(&problems);
	if (r)
		return r;
	reading.document = document;
	if (json_is_object(document->root))
		take_all(&reading);
	else
		problem(&reading, "", own_string("expected keys and values"));
	if (reading.problems) {
		*why = reading.problems;
		return -EINVAL;
	}
	*ret = give(config);
	return 0;
}

static void list_done(struct agentcfg_list *list)
{
	for (unsigned i = 0; i < list->n; i++)
		free(list->items[i]);
}

void agentcfg_free(struct agentcfg *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].kind == TEXT || rows[i].at == AT(log_level))
			free(*(char **)((char *)config + rows[i].at));
	list_done(&config->interfaces);
	list_done(&config->data_interfaces);
	for (unsigned i = 0; i < config->n_controllers; i++) {
		free(config->controllers[i].name);
		free(config->controllers[i].link);
		list_done(&config->controllers[i].addresses);
	}
	free(config);
}

static void help(FILE *out)
{
	for (size_t i = 0; i < ROWS; i++) {
		const char *initial = rows[i].initial;

		fprintf(out, "  %-16s %s", rows[i].key, rows[i].help);
		if (rows[i].choices)
			fprintf(out, ": %s", rows[i].choices);
		if (initial && strcmp(initial, "!"))
			fprintf(out, " (%s)", initial);
		fprintf(out, "%s\n", initial && !strcmp(initial, "!") ? " (must be given)" : "");
	}
}

static void usage(FILE *out)
{
	fprintf(out,
		"usage: picket-agent [--config FILE] [--check] [--version] [--help]\n\n"
		"Runs a node's resources as the cluster's leader orders, and keeps its lease.\n\n"
		"  --config FILE  configuration (" AGENTCFG_DEFAULT ")\n"
		"  --check        read the configuration, say what is wrong, and end\n\n"
		"Keys of the configuration (YAML):\n");
	help(out);
}

/* 0: go on; else the exit status + 1. */
static int arguments(int argc, char **argv, const char *version, const char **ret_path,
	bool *ret_check)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			usage(stdout);
			return 1;
		}
		if (!strcmp(argv[i], "--version") || !strcmp(argv[i], "-V")) {
			printf("picket-agent %s\n", version);
			return 1;
		}
		if (!strcmp(argv[i], "--check")) {
			*ret_check = true;
		} else if (!strcmp(argv[i], "--config") && i + 1 < argc) {
			*ret_path = argv[++i];
		} else {
			fprintf(stderr, "picket-agent: %s is not an option; see --help\n", argv[i]);
			return 3;
		}
	}
	return 0;
}

int agentcfg_begin(int argc, char **argv, const char *version, struct agentcfg **ret)
{
	const char *path = AGENTCFG_DEFAULT;
	owned(agentcfg) struct agentcfg *config = NULL;
	owned(free) char *why = NULL;
	bool check = false;
	int r = arguments(argc, argv, version, &path, &check);

	if (r)
		return r;
	if (agentcfg_read(path, &config, &why)) {
		fprintf(stderr, "%s\n", why);
		return 2;
	}
	if (check)
		return 1;
	*ret = give(config);
	return 0;
}

/* ---- whom the cluster tells us to listen to ---------------------------------------------------- */

static void controller_done(struct agentcfg_controller *c)
{
	free(c->name);
	free(c->link);
	for (unsigned k = 0; k < c->addresses.n; k++)
		free(c->addresses.items[k]);
	*c = (struct agentcfg_controller){ 0 };
}

static void controller_learn(struct agentcfg_controller *c, json_t *told)
{
	json_t *address;
	size_t i;

	controller_done(c);
	c->name = own_string(json_string_value(json_object_get(told, "name")));
	c->link = own_string(json_string_value(json_object_get(told, "link")));
	json_array_foreach (json_object_get(told, "addresses"), i, address)
		if (json_is_string(address) && c->addresses.n < PICKET_LINKS_MAX)
			c->addresses.items[c->addresses.n++] =
				own_string(json_string_value(address));
}

bool agentcfg_controllers(struct agentcfg *config, json_t *list)
{
	json_t *told[PICKET_CONTROLLERS_MAX] = { 0 }, *one;
	char key[16];
	unsigned n = 0;

	for (unsigned i = 0; i < PICKET_CONTROLLERS_MAX; i++) {
		snprintf(key, sizeof(key), "%u", i);
		one = json_object_get(list, key);
		if (!json_is_string(json_object_get(one, "name")) ||
			!json_is_string(json_object_get(one, "link")))
			continue;
		told[i] = one;
		n = i + 1;
	}
	if (!n)
		return false;
	for (unsigned i = 0; i < PICKET_CONTROLLERS_MAX; i++)
		controller_learn(&config->controllers[i], told[i]);
	config->n_controllers = n;
	return true;
}
