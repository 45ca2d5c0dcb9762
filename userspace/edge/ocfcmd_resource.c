/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crm_resource, crm_failcount and stonith_admin: the few wishes that OCF agents have of a cluster.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/member.h"
#include "base/own.h"
#include "edge/ocfcmd.h"

struct wish {
	int verb; /* 'g', 'p', 'd' of a parameter; 'B' ban; 'O' list operations; 'W' where */
	const char *resource, *node, *name, *value;
	bool utilization, quiet;
};

static const struct option longs[] = { { "resource", 1, 0, 'r' }, { "node", 1, 0, 'N' },
	{ "get-parameter", 1, 0, 'g' }, { "set-parameter", 1, 0, 'p' },
	{ "delete-parameter", 1, 0, 'd' }, { "parameter-value", 1, 0, 'v' },
	{ "utilization", 0, 0, 'z' }, { "ban", 0, 0, 'B' }, { "list-operations", 0, 0, 'O' },
	{ "locate", 0, 0, 'W' }, { "quiet", 0, 0, 'Q' }, { "verbose", 0, 0, 'V' },
	{ "lifetime", 1, 0, 'u' }, { 0 } };

static bool wish_option(struct wish *w, int c)
{
	switch (c) {
	case 'r':
		w->resource = optarg;
		break;
	case 'N':
	case 'H':
		w->node = optarg;
		break;
	case 'g':
	case 'p':
	case 'd':
		w->verb = c;
		w->name = optarg;
		break;
	case 'v':
		w->value = optarg;
		break;
	case 'z':
		w->utilization = true;
		break;
	case 'B':
	case 'O':
	case 'W':
		w->verb = c;
		break;
	case 'Q':
		w->quiet = true;
		break;
	case 'V':
	case 'u':
		break;
	default:
		return false;
	}
	return true;
}

static int utilization(struct ocfcmd *cmd, const struct wish *w)
{
	int status = OCFCMD_OK;
	json_t *r = json_pack("{s:s, s:s, s:s, s:s}", w->verb == 'g' ? "ask" : "type", "attribute",
		       "store", "resource-utilization", "node", w->resource, "name", w->name),
	       *answer;

	if (w->verb != 'g') {
		json_object_set_new(r, "value",
			w->verb == 'p' && w->value ? json_string(w->value) : json_null());
		return ocfcmd_tell(cmd, r);
	}
	answer = ocfcmd_ask(cmd, r, &status);
	if (!answer)
		return status;
	if (json_object_get(answer, "value")) {
		printf("%s\n", member_text(answer, "value"));
	} else {
		fprintf(stderr,
			"crm_resource: Error performing operation: No such device or address\n");
		status = OCFCMD_NO_SUCH;
	}
	json_decref(answer);
	return status;
}

static int list_resources(struct ocfcmd *cmd, const struct wish *w)
{
	int status = OCFCMD_OK;
	json_t *answer = ocfcmd_ask(cmd, json_pack("{s:s}", "ask", "resources"), &status), *r;
	size_t i;

	if (!answer)
		return status;
	json_array_foreach (json_object_get(answer, "resources"), i, r) {
		const char *id = member_text(r, "id"), *node = member_text(r, "node");

		if (!json_is_true(json_object_get(r, "active")) ||
			(w->node && strcmp(node, w->node)) ||
			(w->resource && strcmp(id, w->resource)))
			continue;
		if (w->verb == 'W')
			printf(w->quiet ? "%.0s%s\n" : "resource %s is running on: %s\n", id, node);
		else
			printf("%s\t(%s):\t %s (node=%s)\n", id, member_text(r, "agent"),
				member_text(r, "role"), node);
	}
	json_decref(answer);
	return OCFCMD_OK;
}

int ocfcmd_crm_resource(struct ocfcmd *cmd)
{
	struct wish w = { 0 };
	int c;

	while ((c = getopt_long(cmd->argc, cmd->argv, "r:N:H:g:p:d:v:zBOWQVu:", longs, NULL)) >= 0)
		if (!wish_option(&w, c))
			return OCFCMD_USAGE;
	if (w.verb == 'O' || w.verb == 'W')
		return list_resources(cmd, &w);
	if (!w.resource) {
		fprintf(stderr, "crm_resource: Must supply a resource id with -r\n");
		return OCFCMD_USAGE;
	}
	if (w.verb == 'B')
		return ocfcmd_tell(
			cmd, json_pack("{s:s, s:s, s:s, s:s}", "type", "request", "what", "ban",
				     "resource", w.resource, "node", ocfcmd_node(cmd, w.node)));
	if (w.utilization && w.name)
		return utilization(cmd, &w);
	fprintf(stderr, "crm_resource: this form is not known to picket; use the command picket\n");
	return OCFCMD_USAGE;
}

/* ---- crm_failcount --------------------------------------------------------------------------- */

struct failures {
	const char *resource, *node, *op, *interval;
	bool quiet;
};

/* An attribute that counts failures is called fail-count-RESOURCE#OP_MILLISECONDS. */
static bool counts(const struct failures *f, const char *attribute)
{
	static const char prefix[] = "fail-count-";
	size_t len = strlen(f->resource);
	const char *rest = attribute + sizeof(prefix) - 1, *interval;

	if (strncmp(attribute, prefix, sizeof(prefix) - 1) || strncmp(rest, f->resource, len) ||
		rest[len] != '#')
		return false;
	rest += len + 1;
	interval = strrchr(rest, '_');
	if (f->op && (!interval || strlen(f->op) != (size_t)(interval - rest) ||
			     strncmp(rest, f->op, (size_t)(interval - rest))))
		return false;
	return !f->interval ||
	       (interval && strtoull(f->interval, NULL, 10) == strtoull(interval + 1, NULL, 10));
}

static int failures_count(struct ocfcmd *cmd, const struct failures *f)
{
	int status = OCFCMD_OK;
	json_t *all = ocfcmd_ask(cmd, json_pack("{s:s}", "ask", "all"), &status), *a;
	const char *node = ocfcmd_node(cmd, f->node);
	owned(free) char *sum = NULL;
	long long n = 0;
	size_t i;

	if (!all)
		return status;
	json_array_foreach (json_object_get(all, "failures"), i, a)
		if (!strcmp(member_text(a, "node"), node) && counts(f, member_text(a, "name")))
			n += json_integer_value(json_object_get(a, "count"));
	json_decref(all);
	sum = n >= OCFCMD_INFINITY ? own_string("INFINITY") : own_printf("%lld", n);
	if (f->quiet)
		printf("%s\n", sum);
	else
		printf("scope=status  name=fail-count-%s value=%s\n", f->resource, sum);
	return OCFCMD_OK;
}

int ocfcmd_crm_failcount(struct ocfcmd *cmd)
{
	static const struct option options[] = { { "query", 0, 0, 'G' }, { "delete", 0, 0, 'D' },
		{ "resource", 1, 0, 'r' }, { "operation", 1, 0, 'n' }, { "interval", 1, 0, 'I' },
		{ "node", 1, 0, 'N' }, { "quiet", 0, 0, 'q' }, { "verbose", 0, 0, 'V' }, { 0 } };
	struct failures f = { 0 };
	int c;

	while ((c = getopt_long(cmd->argc, cmd->argv, "GDr:n:I:N:qQV", options, NULL)) >= 0) {
		if (c == '?')
			return OCFCMD_USAGE;
		f.quiet |= c == 'q' || c == 'Q';
		f.resource = c == 'r' ? optarg : f.resource;
		f.op = c == 'n' ? optarg : f.op;
		f.interval = c == 'I' ? optarg : f.interval;
		f.node = c == 'N' ? optarg : f.node;
		if (c == 'D') {
			fprintf(stderr, "crm_failcount: failures are forgotten by "
					"`picket resource cleanup`\n");
			return OCFCMD_USAGE;
		}
	}
	if (!f.resource) {
		fprintf(stderr, "crm_failcount: Must supply a resource id with -r\n");
		return OCFCMD_USAGE;
	}
	return failures_count(cmd, &f);
}

/* ---- stonith_admin --------------------------------------------------------------------------- */

static int fence_list(struct ocfcmd *cmd, const char *node)
{
	int status = OCFCMD_OK;
	unsigned found = 0;
	json_t *answer = ocfcmd_ask(cmd, json_pack("{s:s}", "ask", "nodes"), &status), *n, *device;
	size_t i, k;

	if (!answer)
		return status;
	json_array_foreach (json_object_get(answer, "nodes"), i, n) {
		if (strcmp(member_text(n, "name"), node))
			continue;
		json_array_foreach (json_object_get(n, "fence_devices"), k, device) {
			printf("%s\n", json_string_value(device));
			found++;
		}
	}
	json_decref(answer);
	printf("%u fence device%s found\n", found, found == 1 ? "" : "s");
	return found ? OCFCMD_OK : OCFCMD_NO_SUCH;
}

int ocfcmd_stonith_admin(struct ocfcmd *cmd)
{
	static const struct option options[] = { { "list", 1, 0, 'l' }, { "reboot", 1, 0, 'B' },
		{ "fence", 1, 0, 'F' }, { "history", 1, 0, 'H' }, { "tag", 1, 0, 'T' },
		{ "timeout", 1, 0, 't' }, { "output-as", 1, 0, 'o' }, { "quiet", 0, 0, 'Q' },
		{ "verbose", 0, 0, 'V' }, { 0 } };
	const char *node = NULL, *tag = "";
	bool xml = false;
	int c, verb = 0;

	while ((c = getopt_long(cmd->argc, cmd->argv, "l:B:F:H:T:t:QV", options, NULL)) >= 0) {
		if (c == '?')
			return OCFCMD_USAGE;
		if (strchr("lBFH", c)) {
			verb = c;
			node = optarg;
		}
		tag = c == 'T' ? optarg : tag;
		xml |= c == 'o' && !strcmp(optarg, "xml");
	}
	if (verb == 'l')
		return fence_list(cmd, node);
	if (verb == 'B' || verb == 'F')
		return ocfcmd_tell(cmd,
			json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "request", "what", "fence",
				"node", node, "op", verb == 'B' ? "reboot" : "off", "tag", tag));
	if (verb != 'H') {
		fprintf(stderr, "stonith_admin: this form is not known to picket\n");
		return OCFCMD_USAGE;
	}
	if (xml)
		printf("<?xml version=\"1.0\"?>\n<pacemaker-result api-version=\"2.25\" "
		       "request=\"stonith_admin\">\n  <fence_history/>\n"
		       "  <status code=\"0\" message=\"OK\"/>\n</pacemaker-result>\n");
	return OCFCMD_OK;
}
