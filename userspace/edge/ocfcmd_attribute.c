/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crm_attribute, crm_master and attrd_updater: reading and writing attributes. */
#include <ctype.h>
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/member.h"
#include "base/own.h"
#include "edge/ocfcmd.h"

enum deed { QUERY, UPDATE, DELETE, NOTHING };

struct attribute {
	enum deed deed;
	const char *name, *value, *node, *set, *lifetime, *type, *fallback;
	uint64_t dampen_ms;
	char *score; /* holds name */
	bool quiet, utilization, promotion, private, all, dampened;
};

static int usage(struct ocfcmd *cmd)
{
	fprintf(stderr, "%s: not an option, or no value: %s\n", cmd->name,
		cmd->argv[optind - 1 < cmd->argc ? optind - 1 : cmd->argc - 1]);
	return OCFCMD_USAGE;
}

/* An option whose value may be missing: the next word, unless it is an option itself. */
static const char *optional(struct ocfcmd *cmd)
{
	if (optarg)
		return optarg;
	if (optind < cmd->argc && cmd->argv[optind][0] != '-')
		return cmd->argv[optind++];
	return NULL;
}

/* Where the attribute is kept. Without lifetime, type and node it is the cluster's. */
static const char *store_of(const struct attribute *a)
{
	const char *type = a->type ? a->type : "";
	bool reboot = a->lifetime && !strcmp(a->lifetime, "reboot");

	if (a->private)
		return "private";
	if (a->utilization)
		return "utilization";
	if (!strcmp(type, "crm_config") || !strcmp(type, "properties"))
		return "property";
	if (!strcmp(type, "status") || reboot)
		return "transient";
	if (!strcmp(type, "nodes") || a->lifetime || a->node)
		return "permanent";
	return a->promotion ? "transient" : "property";
}

static json_t *request(
	struct ocfcmd *cmd, const struct attribute *a, const char *verb, const char *verb_value)
{
	const char *store = store_of(a);
	bool property = !strcmp(store, "property");
	json_t *r = json_pack("{s:s, s:s, s:s, s:s}", verb, verb_value, "store", store, "node",
		property ? "" : ocfcmd_node(cmd, a->node), "name", a->name);

	if (property && a->set)
		json_object_set_new(r, "set", json_string(a->set));
	return r;
}

static const char *scope_of(const struct attribute *a)
{
	const char *store = store_of(a);

	return !strcmp(store, "transient")  ? "status"
	       : !strcmp(store, "property") ? "crm_config"
					    : "nodes";
}

static int query(struct ocfcmd *cmd, const struct attribute *a)
{
	int status = OCFCMD_OK;
	json_t *answer = ocfcmd_ask(cmd, request(cmd, a, "ask", "attribute"), &status);
	const char *value = a->fallback;

	if (!answer)
		return status;
	if (json_object_get(answer, "value"))
		value = member_text(answer, "value");
	if (!value) {
		fprintf(stderr, "%s: Error performing operation: No such device or address\n",
			cmd->name);
		status = OCFCMD_NO_SUCH;
	} else if (a->quiet) {
		printf("%s\n", value);
	} else {
		printf("scope=%s  name=%s value=%s\n", scope_of(a), a->name, value);
	}
	json_decref(answer);
	return status;
}

static int write_value(struct ocfcmd *cmd, const struct attribute *a, const char *value)
{
	json_t *r = request(cmd, a, "type", "attribute");

	json_object_set_new(r, "value", value ? json_string(value) : json_null());
	if (a->dampened)
		json_object_set_new(r, "dampen_ms", json_integer((json_int_t)a->dampen_ms));
	return ocfcmd_tell(cmd, r);
}

static int perform(struct ocfcmd *cmd, struct attribute *a)
{
	owned(free) char *score = a->promotion ? ocfcmd_score_name(a->name) : NULL;

	if (a->promotion)
		a->name = score;
	if (!a->name || !*a->name) {
		fprintf(stderr, "%s: Must specify attribute name%s\n", cmd->name,
			a->promotion ? ": OCF_RESOURCE_INSTANCE is not set" : "");
		return OCFCMD_USAGE;
	}
	if (a->promotion && !a->lifetime)
		a->lifetime = "reboot";
	switch (a->deed) {
	case UPDATE:
		return write_value(cmd, a, a->value);
	case DELETE:
		return write_value(cmd, a, NULL); /* of what is not there: fine as well */
	default:
		return query(cmd, a);
	}
}

static const struct option attribute_long[] = { { "name", 1, 0, 'n' }, { "attr-name", 1, 0, 'n' },
	{ "query", 0, 0, 'G' }, { "get-value", 0, 0, 'G' }, { "update", 1, 0, 'v' },
	{ "attr-value", 1, 0, 'v' }, { "delete", 0, 0, 'D' }, { "delete-attr", 0, 0, 'D' },
	{ "node", 1, 0, 'N' }, { "uname", 1, 0, 'U' }, { "node-uname", 1, 0, 'U' },
	{ "type", 1, 0, 't' }, { "lifetime", 1, 0, 'l' }, { "set-name", 1, 0, 's' },
	{ "utilization", 0, 0, 'z' }, { "promotion", 2, 0, 'p' }, { "default", 1, 0, 'd' },
	{ "quiet", 0, 0, 'q' }, { "verbose", 0, 0, 'V' }, { "attr-id", 1, 0, 'i' },
	{ "id", 1, 0, 'i' }, { "resource-id", 1, 0, 'r' }, { 0 } };

/* One option of crm_attribute or crm_master; false: not one. */
static bool attribute_option(struct ocfcmd *cmd, struct attribute *a, int c)
{
	const char *given;

	switch (c) {
	case 'n':
		a->name = optarg;
		break;
	case 'G':
		a->deed = QUERY;
		break;
	case 'v':
		a->deed = UPDATE;
		a->value = optarg;
		break;
	case 'D':
		a->deed = DELETE;
		break;
	case 'N':
	case 'U':
	case 'u':
		a->node = optarg;
		break;
	case 't':
		a->type = optarg;
		break;
	case 'l':
		a->lifetime = optarg;
		break;
	case 's':
		a->set = optarg;
		break;
	case 'z':
		a->utilization = true;
		break;
	case 'd':
		a->fallback = optarg;
		break;
	case 'q':
	case 'Q':
		a->quiet = true;
		break;
	case 'r':
		a->name = optarg;
		break;
	case 'V':
	case '!':
	case 'i':
		break;
	case 'p':
		a->promotion = true;
		given = optional(cmd);
		if (given)
			a->name = given;
		break;
	default:
		return false;
	}
	return true;
}

int ocfcmd_crm_attribute(struct ocfcmd *cmd)
{
	struct attribute a = { 0 };
	int c;

	while ((c = getopt_long(cmd->argc, cmd->argv, "n:Gv:DN:U:u:t:l:s:zp::d:qQVi:!",
			attribute_long, NULL)) >= 0)
		if (!attribute_option(cmd, &a, c))
			return usage(cmd);
	return perform(cmd, &a);
}

int ocfcmd_crm_master(struct ocfcmd *cmd)
{
	struct attribute a = { .promotion = true };
	int c;

	while ((c = getopt_long(cmd->argc, cmd->argv, "GQqv:DN:U:l:r:V!", attribute_long, NULL)) >=
		0)
		if (c == 'p' || !attribute_option(cmd, &a, c))
			return usage(cmd);
	return perform(cmd, &a);
}

/* ---- attrd_updater --------------------------------------------------------------------------- */

/* "5", "5s", "200ms", "2min", "1h": seconds without a unit. */
static uint64_t duration_ms(const char *s)
{
	char *end;
	uint64_t n = strtoull(s, &end, 10);

	while (isspace((unsigned char)*end))
		end++;
	if (!strncmp(end, "ms", 2))
		return n;
	return n * (*end == 'm' ? 60000u : *end == 'h' ? 3600000u : 1000u);
}

/* What a query means by where: ours, one node's, or everybody's. */
static int query_many(struct ocfcmd *cmd, const struct attribute *a)
{
	json_t *ask = json_pack("{s:s, s:s}", "ask", "attributes", "name", a->name), *answer, *item;
	int status = OCFCMD_OK;
	unsigned found = 0;
	size_t i;

	if (!a->all)
		json_object_set_new(ask, "node", json_string(ocfcmd_node(cmd, a->node)));
	answer = ocfcmd_ask(cmd, ask, &status);
	if (!answer)
		return status;
	json_array_foreach (json_object_get(answer, "items"), i, item) {
		const char *store = member_text(item, "store");

		/* attrd knows what is not in the configuration. */
		if (strcmp(store, "transient") && strcmp(store, "private"))
			continue;
		found++;
		printf("name=\"%s\" host=\"%s\" value=\"%s\"\n", a->name, member_text(item, "node"),
			member_text(item, "value"));
	}
	json_decref(answer);
	if (found)
		return OCFCMD_OK;
	fprintf(stderr, "Could not query value of %s: attribute does not exist\n", a->name);
	return OCFCMD_NO_SUCH;
}

static const struct option attrd_long[] = { { "name", 1, 0, 'n' }, { "update", 1, 0, 'U' },
	{ "update-both", 1, 0, 'B' }, { "update-delay", 0, 0, 'Y' }, { "query", 0, 0, 'Q' },
	{ "delete", 0, 0, 'D' }, { "refresh", 0, 0, 'R' }, { "delay", 1, 0, 'd' },
	{ "set", 1, 0, 's' }, { "node", 1, 0, 'N' }, { "all", 0, 0, 'A' }, { "private", 0, 0, 'p' },
	{ "quiet", 0, 0, 'q' }, { "verbose", 0, 0, 'V' }, { "lifetime", 1, 0, 'l' },
	{ "section", 1, 0, 'S' }, { "wait", 1, 0, 'W' }, { 0 } };

/* The last of the words for what to do counts: "-Q -N h -U yes" writes. */
static bool attrd_option(struct attribute *a, int c)
{
	switch (c) {
	case 'n':
		a->name = optarg;
		break;
	case 'U':
	case 'v':
	case 'B':
		a->deed = UPDATE;
		a->value = optarg;
		break;
	case 'Q':
		a->deed = QUERY;
		break;
	case 'D':
		a->deed = DELETE;
		break;
	case 'R':
	case 'Y':
		a->deed = NOTHING;
		break;
	case 'A':
		a->all = true;
		break;
	case 'N':
		a->node = optarg;
		break;
	case 'p':
		a->private = true;
		break;
	case 'd':
		a->dampened = true;
		a->dampen_ms = duration_ms(optarg);
		break;
	case 'q':
	case 'V':
	case 's':
	case 'l':
	case 'S':
	case 'W':
	case '!':
		break;
	default:
		return false;
	}
	return true;
}

int ocfcmd_attrd_updater(struct ocfcmd *cmd)
{
	struct attribute a = { .lifetime = "reboot" };
	int c;

	while ((c = getopt_long(cmd->argc, cmd->argv, "n:U:v:B:YQDRd:s:N:ApqVl:S:W:!", attrd_long,
			NULL)) >= 0)
		if (!attrd_option(&a, c))
			return usage(cmd);
	if (a.deed == NOTHING)
		return OCFCMD_OK;
	if (!a.name) {
		fprintf(stderr, "attrd_updater: Command requires --name argument\n");
		return OCFCMD_USAGE;
	}
	return a.deed == QUERY ? query_many(cmd, &a) : perform(cmd, &a);
}
