/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>

#include "base/file.h"
#include "core/document.h"
#include "edge/daemoncfg.h"

#define FILE_MAX (1 << 20) /* bytes of a picketd.yaml */
#define AT(field) offsetof(struct daemoncfg, field)

enum kind { TEXT, INDEX, ID, FLAG, LIST, CONTROLLERS };

static const struct row {
	const char *key;
	enum kind kind;
	size_t at, count;    /* count: of a list */
	const char *initial; /* NULL: none; "!": must be given */
	const char *help;
} rows[] = {
	{ "name", TEXT, AT(name), 0, "!", "name of this controller, as its certificate has it" },
	{ "index", INDEX, AT(index), 0, NULL, "place in controllers, from 0 (found by name)" },
	{ "id", ID, AT(id), 0, NULL, "number in the log, as the cluster gave it (index + 1)" },
	{ "join", FLAG, AT(join), 0, NULL,
		"true: it was added to a cluster that there is ('picket join' writes that)" },
	{ "node", TEXT, AT(node), 0, NULL, "the node on this host; a witness has none" },
	{ "controllers", CONTROLLERS, 0, 0, NULL,
		"list of {name, link, raft, addresses}: 1, 3, 5 or 7, all alike everywhere" },
	{ "interfaces", LIST, AT(interfaces), AT(n_interfaces), "!",
		"heartbeat interfaces, link 0 first" },
	{ "link", TEXT, AT(link), 0, "!", "address:port where agents connect (port 7407)" },
	{ "raft", TEXT, AT(raft), 0, NULL, "address:port for the other controllers (port 7408)" },
	{ "api", TEXT, AT(api), 0, NULL, "address:port of API and console over TLS (7409)" },
	{ "state_dir", TEXT, AT(state_dir), 0, "/var/lib/picket", "the replicated log" },
	{ "socket", TEXT, AT(socket), 0, "/run/picket/api.sock", "where `picket` asks" },
	{ "group", TEXT, AT(group), 0, NULL, "who may open the socket (root alone)" },
	{ "pki", TEXT, AT(pki), 0, "/etc/picket/pki", "folder of ca.crt, node.crt and node.key" },
	{ "pin_prefix", TEXT, AT(pin_prefix), 0, "host", "folder below /sys/fs/bpf/picket" },
	{ "fence_path", LIST, AT(fence_path), AT(n_fence_path), NULL,
		"folders of fence agents (/usr/libexec/picket/fence, /usr/sbin)" },
	{ "log_level", TEXT, AT(log_level), 0, "info", "err, warning, notice, info or debug" },
};
#define ROWS (sizeof(rows) / sizeof(*rows))

static void take_list(struct daemoncfg *c, const struct row *row, json_t *value, const char *where,
	struct problems *problems)
{
	char **items = (char **)((char *)c + row->at);
	size_t *n = (size_t *)((char *)c + row->count), i;
	json_t *item;

	json_array_foreach (value, i, item) {
		if (json_is_string(item) && *n < DAEMONCFG_LIST_MAX)
			items[(*n)++] = own_string(json_string_value(item));
		else
			problems_add(problems, false, where, "%s: at most %d texts", row->key,
				DAEMONCFG_LIST_MAX);
	}
	if (!*n)
		problems_add(problems, false, where, "%s: a list is wanted", row->key);
}

static void controller_field(struct daemoncfg_controller *c, const char *key, json_t *value,
	const char *where, struct problems *problems)
{
	json_t *item;
	size_t i;

	if (!strcmp(key, "name") && json_is_string(value)) {
		c->name = own_string(json_string_value(value));
	} else if (!strcmp(key, "link") && json_is_string(value)) {
		c->link = own_string(json_string_value(value));
	} else if (!strcmp(key, "raft") && json_is_string(value)) {
		c->raft = own_string(json_string_value(value));
	} else if (!strcmp(key, "addresses") && json_is_array(value)) {
		json_array_foreach (value, i, item)
			if (json_is_string(item) && c->n_addresses < PICKET_LINKS_MAX)
				c->addresses[c->n_addresses++] =
					own_string(json_string_value(item));
	} else {
		problems_add(problems, false, where,
			"controllers: there is no '%s', or not with such a value; each has name, "
			"link, raft (texts) and addresses (a list)",
			key);
	}
}

static void take_controllers(struct daemoncfg *c, json_t *value, const char *where,
	struct problems *problems)
{
	json_t *item, *field;
	const char *key;
	size_t i;

	if (!json_is_array(value) || json_array_size(value) > PICKET_CONTROLLERS_MAX) {
		problems_add(problems, false, where, "controllers: a list of 1, 3, 5 or 7");
		return;
	}
	json_array_foreach (value, i, item) {
		struct daemoncfg_controller *ctl = &c->controllers[c->n_controllers++];

		json_object_foreach (item, key, field)
			controller_field(ctl, key, field, where, problems);
		if (!ctl->name || !ctl->link || !ctl->raft)
			problems_add(problems, false, where,
				"controllers: number %zu lacks name, link or raft", i + 1);
	}
}

/* With an even number a split in the middle stops both halves, and one more that may fail is all
 * that the last one brings. */
static void check_controllers(struct daemoncfg *c, bool index_given, struct problems *problems)
{
	size_t at = c->n_controllers;

	if (!c->n_controllers) {
		if (!index_given)
			problems_add(problems, false, "", "controllers or index is missing");
		return;
	}
	for (size_t i = 0; i < c->n_controllers; i++)
		if (c->name && c->controllers[i].name && !strcmp(c->name, c->controllers[i].name))
			at = i;
	if (at == c->n_controllers)
		problems_add(problems, false, "", "controllers: none of them is '%s'",
			c->name ? c->name : "?");
	else if (index_given && c->index != at)
		problems_add(problems, false, "", "index: %u is given, and '%s' is number %zu",
			c->index, c->name, at);
	c->index = (unsigned)at;
	if (c->n_controllers == 2)
		problems_add(problems, false, "",
			"two controllers are refused: the loss of either stops both, for one of "
			"two is no majority. Either add a third as a witness (a small host that "
			"votes and runs no resources: picketd without an agent), or keep one "
			"controller only, and know that nothing is decided while it is away");
	else if (c->n_controllers % 2 == 0)
		problems_add(problems, false, "",
			"%zu controllers survive no more than %zu do: take 1, 3, 5 or 7",
			c->n_controllers, c->n_controllers - 1);
}

static void take(struct daemoncfg *c, const struct row *row, json_t *value, const char *where,
	struct problems *problems)
{
	json_int_t number = json_integer_value(value);

	if (row->kind == CONTROLLERS) {
		take_controllers(c, value, where, problems);
	} else if (row->kind == LIST) {
		take_list(c, row, value, where, problems);
	} else if (row->kind == INDEX) {
		if (!json_is_integer(value) || number < 0 || number >= PICKET_CONTROLLERS_MAX)
			problems_add(problems, false, where, "%s: 0 to %d is wanted", row->key,
				PICKET_CONTROLLERS_MAX - 1);
		else
			*(unsigned *)((char *)c + row->at) = number;
	} else if (row->kind == ID) {
		if (!json_is_integer(value) || number < 1 || number > 1 << 30)
			problems_add(problems, false, where, "%s: a number from 1 on is wanted",
				row->key);
		else
			*(unsigned *)((char *)c + row->at) = (unsigned)number;
	} else if (row->kind == FLAG) {
		if (!json_is_boolean(value))
			problems_add(problems, false, where, "%s: true or false", row->key);
		*(bool *)((char *)c + row->at) = json_is_true(value);
	} else if (!json_is_string(value) || !*json_string_value(value)) {
		problems_add(problems, false, where, "%s: one text is wanted", row->key);
	} else {
		*(char **)((char *)c + row->at) = own_string(json_string_value(value));
	}
}

static const struct row *row_of(const char *key)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].key, key))
			return &rows[i];
	return NULL;
}

static void take_all(
	struct daemoncfg *c, const struct document *document, struct problems *problems)
{
	const char *key;
	char pointer[128];
	json_t *value;

	if (!json_is_object(document->root)) {
		problems_add(problems, false, "", "a mapping of keys is wanted");
		return;
	}
	json_object_foreach (document->root, key, value) {
		const struct row *row = row_of(key);

		snprintf(pointer, sizeof(pointer), "/%s", key);
		if (row)
			take(c, row, value, document_where(document, pointer), problems);
		else
			problems_add(problems, false, document_where(document, pointer),
				"unknown key '%s'; `picketd --help` lists them", key);
	}
	for (size_t i = 0; i < ROWS; i++) {
		char **text = (char **)((char *)c + rows[i].at);

		if (json_object_get(document->root, rows[i].key) || !rows[i].initial)
			continue;
		if (!strcmp(rows[i].initial, "!"))
			problems_add(problems, false, "", "%s is missing: %s", rows[i].key,
				rows[i].help);
		else
			*text = own_string(rows[i].initial);
	}
	check_controllers(c, json_object_get(document->root, "index"), problems);
	if (!c->n_fence_path) {
		c->fence_path[c->n_fence_path++] = own_string("/usr/libexec/picket/fence");
		c->fence_path[c->n_fence_path++] = own_string("/usr/sbin");
	}
}

static char *lines_of(const struct problems *problems, const char *path)
{
	char *all = own_string(""), *longer;

	for (size_t i = 0; i < problems->n; i++) {
		const char *where = problems->items[i].where;

		longer = own_printf("%s%s%s: %s", all, i ? "\n" : "", *where ? where : path,
			problems->items[i].text);
		free(all);
		all = longer;
	}
	return all;
}

int daemoncfg_read(const char *path, struct daemoncfg **ret, char **why)
{
	owned(daemoncfg) struct daemoncfg *config = own_new(struct daemoncfg);
	owned(document) struct document *document = NULL;
	struct problems problems = { 0 };
	owned(free) char *text = NULL;
	size_t len;
	int rc;

	rc = file_read(path, FILE_MAX, &text, &len);
	if (rc) {
		*why = own_printf("%s: %s", path, strerror(-rc));
		return rc;
	}
	if (!document_parse(text, len, path, &problems, &document))
		take_all(config, document, &problems);
	if (problems.errors) {
		*why = lines_of(&problems, path);
		problems_done(&problems);
		return -EINVAL;
	}
	*ret = give(config);
	return 0;
}

void daemoncfg_free(struct daemoncfg *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].kind == TEXT)
			free(*(char **)((char *)c + rows[i].at));
	for (size_t i = 0; i < c->n_controllers; i++) {
		free(c->controllers[i].name);
		free(c->controllers[i].link);
		free(c->controllers[i].raft);
		for (size_t k = 0; k < c->controllers[i].n_addresses; k++)
			free(c->controllers[i].addresses[k]);
	}
	for (size_t i = 0; i < c->n_interfaces; i++)
		free(c->interfaces[i]);
	for (size_t i = 0; i < c->n_fence_path; i++)
		free(c->fence_path[i]);
	free(c);
}

/* One that stands alone has the address of its door. */
static json_t *alone(const struct daemoncfg *c)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < c->index; i++)
		json_array_append_new(list, json_null());
	json_array_append_new(list,
		json_pack("{s:I, s:s, s:s, s:s*, s:[s%]}", "id",
			(json_int_t)(c->id ? c->id : c->index + 1), "name", c->name, "link", c->link,
			"raft", c->raft, "addresses", c->link, strcspn(c->link, ":")));
	return list;
}

json_t *daemoncfg_controllers(const struct daemoncfg *c)
{
	json_t *list = c->n_controllers ? json_array() : alone(c), *addresses;

	for (size_t i = 0; i < c->n_controllers; i++) {
		addresses = json_array();
		for (size_t k = 0; k < c->controllers[i].n_addresses; k++)
			json_array_append_new(
				addresses, json_string(c->controllers[i].addresses[k]));
		json_array_append_new(list,
			json_pack("{s:i, s:s, s:s, s:s, s:o}", "id", (int)i + 1, "name",
				c->controllers[i].name, "link", c->controllers[i].link, "raft",
				c->controllers[i].raft, "addresses", addresses));
	}
	return list;
}

static void keys_say(FILE *out)
{
	for (size_t i = 0; i < ROWS; i++)
		fprintf(out, "  %-12s %s%s%s%s\n", rows[i].key, rows[i].help,
			!rows[i].initial || *rows[i].initial == '!' ? "" : " (",
			!rows[i].initial || *rows[i].initial == '!' ? "" : rows[i].initial,
			!rows[i].initial || *rows[i].initial == '!' ? "" : ")");
}

static void help(void)
{
	printf("usage: picketd [--config FILE]\n\n"
	       "A controller of a picket cluster. FILE (/etc/picket/picketd.yaml) has these "
	       "keys:\n\n");
	keys_say(stdout);
	printf("\nSee picketd(8).\n");
}

static int arguments(int argc, char **argv, const char *version, const char **ret_config)
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'V' }, { 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "c:hV", options, NULL)) >= 0) {
		if (c == 'c') {
			*ret_config = optarg;
		} else if (c == 'h') {
			help();
			return 0;
		} else if (c == 'V') {
			printf("picketd %s\n", version);
			return 0;
		} else {
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "picketd: unexpected argument '%s'; see picketd --help\n",
			argv[optind]);
		return 2;
	}
	return -1;
}

int daemoncfg_begin(int argc, char **argv, const char *version, struct daemoncfg **ret)
{
	const char *path = DAEMONCFG_DEFAULT;
	owned(free) char *why = NULL;
	int r = arguments(argc, argv, version, &path);

	if (r >= 0)
		return r + 1;
	if (!daemoncfg_read(path, ret, &why))
		return 0;
	fprintf(stderr, "picketd: %s\n", why);
	return 2;
}
