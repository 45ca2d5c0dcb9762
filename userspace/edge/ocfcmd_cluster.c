/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crm_node, crm_mon, crm_simulate, pacemakerd: what the cluster looks like; ha_logger. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/member.h"
#include "base/own.h"
#include "edge/ocfcmd.h"

/* The release whose commands these are forms of; agents compare it. */
#define PACEMAKER_VERSION "2.1.5"

static bool flag(json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static const char *yes(bool b)
{
	return b ? "true" : "false";
}

/* Text as it stands in an XML attribute. */
static char *escaped(const char *s)
{
	size_t len = 0, cap = strlen(s) * 6 + 1;
	char *out = own_alloc(cap);

	for (; *s; s++) {
		const char *as = *s == '&'    ? "&amp;"
				 : *s == '<'  ? "&lt;"
				 : *s == '>'  ? "&gt;"
				 : *s == '"'  ? "&quot;"
				 : *s == '\n' ? "&#10;"
					      : NULL;

		if (as) {
			strcpy(out + len, as);
			len += strlen(as);
		} else if ((unsigned char)*s >= 0x20) {
			out[len++] = *s;
		}
	}
	return out;
}

static json_t *whole(struct ocfcmd *cmd, int *ret_exit)
{
	return ocfcmd_ask(cmd, json_pack("{s:s}", "ask", "all"), ret_exit);
}

/* ---- crm_node ---------------------------------------------------------------------------------
 */

static json_t *node_called(json_t *nodes, const char *name)
{
	json_t *node;
	size_t i;

	json_array_foreach (nodes, i, node)
		if (!strcmp(member_text(node, "name"), name))
			return node;
	return NULL;
}

static int node_print(struct ocfcmd *cmd, json_t *answer, int what, const char *id)
{
	json_t *nodes = json_object_get(answer, "nodes"), *node;
	const char *separator = "";
	size_t i;

	if (what == 'q') {
		printf("%d\n", flag(answer, "quorate"));
		return OCFCMD_OK;
	}
	if (what == 'i') {
		node = node_called(nodes, ocfcmd_local(cmd));
		printf("%lld\n", (long long)json_integer_value(json_object_get(node, "id")));
		return node ? OCFCMD_OK : OCFCMD_NO_SUCH;
	}
	json_array_foreach (nodes, i, node) {
		long long number = json_integer_value(json_object_get(node, "id"));
		const char *name = member_text(node, "name");

		if (what == 'N' && number == atoll(id)) {
			printf("%s\n", name);
			return OCFCMD_OK;
		}
		if (what == 'l') {
			printf("%lld %s %s\n", number, name,
				flag(node, "member") ? "member" : "lost");
		} else if (what == 'p' && flag(node, "member")) {
			printf("%s%s", separator, name);
			separator = " ";
		}
	}
	if (what == 'p')
		putchar('\n');
	return what == 'N' ? OCFCMD_NO_SUCH : OCFCMD_OK;
}

int ocfcmd_crm_node(struct ocfcmd *cmd)
{
	static const struct option longs[] = { { "name", 0, 0, 'n' }, { "cluster-id", 0, 0, 'i' },
		{ "partition", 0, 0, 'p' }, { "quorum", 0, 0, 'q' }, { "list", 0, 0, 'l' },
		{ "name-for-id", 1, 0, 'N' }, { "quiet", 0, 0, 'Q' }, { "verbose", 0, 0, 'V' },
		{ 0 } };
	const char *id = "";
	int c, what = 0, status = OCFCMD_OK;
	json_t *answer;

	while ((c = getopt_long(cmd->argc, cmd->argv, "nipqlN:QV", longs, NULL)) >= 0) {
		if (c == '?')
			return OCFCMD_USAGE;
		if (c != 'Q' && c != 'V')
			what = c;
		if (c == 'N')
			id = optarg;
	}
	if (!what) {
		fprintf(stderr, "crm_node: Must specify a command option\n");
		return OCFCMD_USAGE;
	}
	if (what == 'n') {
		printf("%s\n", ocfcmd_local(cmd));
		return OCFCMD_OK;
	}
	answer = ocfcmd_ask(cmd, json_pack("{s:s}", "ask", "nodes"), &status);
	if (answer)
		status = node_print(cmd, answer, what, id);
	json_decref(answer);
	return status;
}

/* ---- crm_mon -----------------------------------------------------------------------------------
 */

static void mon_node(json_t *all, json_t *node)
{
	owned(free) char *name = escaped(member_text(node, "name"));
	bool online = flag(node, "online");
	unsigned running = 0;
	json_t *r;
	size_t i;

	json_array_foreach (json_object_get(all, "resources"), i, r)
		running += flag(r, "active") &&
			   !strcmp(member_text(r, "node"), member_text(node, "name"));
	printf("    <node name=\"%s\" id=\"%lld\" online=\"%s\" standby=\"%s\" "
	       "standby_onfail=\"false\" "
	       "maintenance=\"%s\" pending=\"false\" unclean=\"%s\" health=\"green\" "
	       "shutdown=\"false\" "
	       "expected_up=\"%s\" is_dc=\"%s\" resources_running=\"%u\" type=\"member\"/>\n",
		name, (long long)json_integer_value(json_object_get(node, "id")), yes(online),
		yes(flag(node, "standby")), yes(flag(node, "maintenance")),
		yes(flag(node, "unclean")), yes(online), yes(flag(node, "dc")), running);
}

/* One line, in this order: agents match it with regular expressions. */
static void mon_resource(json_t *r, const char *indent)
{
	const char *instance = member_text(r, "instance");
	owned(free) char *id = escaped(*instance ? instance : member_text(r, "id"));
	owned(free) char *agent = escaped(member_text(r, "agent"));
	owned(free) char *node = escaped(member_text(r, "node"));
	char *colon = strrchr(id, ':');

	if (colon) /* an anonymous instance is shown by its resource's name */
		*colon = '\0';
	printf("%s<resource id=\"%s\" resource_agent=\"%s\" role=\"%s\" active=\"%s\" "
	       "orphaned=\"false\" "
	       "removed=\"false\" blocked=\"false\" maintenance=\"false\" managed=\"%s\" "
	       "failed=\"%s\" "
	       "failure_ignored=\"false\" nodes_running_on=\"%d\"",
		indent, id, agent, member_text(r, "role"), yes(flag(r, "active")),
		yes(!json_is_false(json_object_get(r, "managed"))), yes(flag(r, "failed")),
		*node != '\0');
	if (*node)
		printf(">\n%s  <node name=\"%s\" id=\"%s\" cached=\"true\"/>\n%s</resource>\n",
			indent, node, node, indent);
	else
		printf("/>\n");
}

static void mon_resources(json_t *resources)
{
	const char *clone = "";
	json_t *r;
	size_t i;

	json_array_foreach (resources, i, r) {
		const char *in = member_text(r, "clone");
		owned(free) char *id = escaped(in);

		if (strcmp(in, clone)) {
			if (*clone)
				printf("    </clone>\n");
			if (*in)
				printf("    <clone id=\"%s\" multi_state=\"%s\" unique=\"false\" "
				       "maintenance=\"false\" managed=\"true\" disabled=\"false\" "
				       "failed=\"false\" failure_ignored=\"false\">\n",
					id, yes(flag(r, "promotable")));
			clone = in;
		}
		mon_resource(r, *in ? "      " : "    ");
	}
	if (*clone)
		printf("    </clone>\n");
}

static void mon_xml(json_t *all, bool old)
{
	json_t *node;
	size_t i;

	printf("<?xml version=\"1.0\"?>\n");
	if (old)
		printf("<crm_mon version=\"" PACEMAKER_VERSION "\">\n");
	else
		printf("<pacemaker-result api-version=\"2.25\" request=\"crm_mon -1 "
		       "--output-as=xml\">\n");
	printf("  <summary>\n    <stack type=\"picket\"/>\n    <current_dc present=\"true\" "
	       "with_quorum=\"%s\"/>\n    <nodes_configured number=\"%zu\"/>\n    "
	       "<resources_configured number=\"%zu\" disabled=\"0\" blocked=\"0\"/>\n  "
	       "</summary>\n  <nodes>\n",
		yes(flag(all, "quorate")), json_array_size(json_object_get(all, "nodes")),
		json_array_size(json_object_get(all, "resources")));
	json_array_foreach (json_object_get(all, "nodes"), i, node)
		mon_node(all, node);
	printf("  </nodes>\n  <resources>\n");
	mon_resources(json_object_get(all, "resources"));
	printf("  </resources>\n");
	if (!old)
		printf("  <status code=\"0\" message=\"OK\"/>\n");
	printf("</%s>\n", old ? "crm_mon" : "pacemaker-result");
}

static void mon_text(json_t *all)
{
	json_t *item;
	size_t i;

	printf("Cluster Summary:\n  * %s\n\nNode List:\n",
		flag(all, "quorate") ? "partition with quorum" : "partition WITHOUT quorum");
	json_array_foreach (json_object_get(all, "nodes"), i, item)
		printf("  * Node %s: %s\n", member_text(item, "name"),
			flag(item, "unclean")  ? "UNCLEAN"
			: flag(item, "online") ? "online"
					       : "OFFLINE");
	printf("\nActive Resources:\n");
	json_array_foreach (json_object_get(all, "resources"), i, item)
		if (flag(item, "active"))
			printf("  * %s\t(%s):\t %s %s\n", member_text(item, "id"),
				member_text(item, "agent"), member_text(item, "role"),
				member_text(item, "node"));
}

int ocfcmd_crm_mon(struct ocfcmd *cmd)
{
	static const struct option longs[] = { { "one-shot", 0, 0, '1' }, { "as-xml", 0, 0, 'X' },
		{ "output-as", 1, 0, 'o' }, { "inactive", 0, 0, 'r' },
		{ "group-by-node", 0, 0, 'n' }, { "show-node-attributes", 0, 0, 'A' },
		{ "quiet", 0, 0, 'Q' }, { "verbose", 0, 0, 'V' }, { 0 } };
	bool xml = false, old = false;
	int c, status = OCFCMD_OK;
	json_t *all;

	while ((c = getopt_long(cmd->argc, cmd->argv, "1XrnAQVfNo", longs, NULL)) >= 0) {
		if (c == '?')
			return OCFCMD_USAGE;
		if (c == 'X' || (c == 'o' && optarg && !strcmp(optarg, "xml"))) {
			xml = true;
			old = c == 'X';
		}
	}
	all = whole(cmd, &status);
	if (all && xml)
		mon_xml(all, old);
	else if (all)
		mon_text(all);
	json_decref(all);
	return status;
}

/* ---- the small ones
 * ------------------------------------------------------------------------------- */

int ocfcmd_crm_simulate(struct ocfcmd *cmd)
{
	int status = OCFCMD_OK;
	json_t *all = whole(cmd, &status), *line;
	size_t i;

	if (!all)
		return status;
	printf("Current cluster status:\n");
	mon_text(all);
	if (json_array_size(json_object_get(all, "planned")))
		printf("\nTransition Summary:\n");
	json_array_foreach (json_object_get(all, "planned"), i, line)
		printf("  * %s\n", json_string_value(line));
	json_decref(all);
	return OCFCMD_OK;
}

/* "pacemakerd -$": agents ask whether there is a cluster here, before they ask for the node's name.
 */
int ocfcmd_pacemakerd(struct ocfcmd *cmd)
{
	if (cmd->argc > 1 && (!strcmp(cmd->argv[1], "--features") || !strcmp(cmd->argv[1], "-F")))
		printf("Pacemaker " PACEMAKER_VERSION
		       " (picket)\n Supporting v3.16.2: agent-manpages\n");
	else
		printf("Pacemaker " PACEMAKER_VERSION "\n");
	return OCFCMD_OK;
}

int ocfcmd_ha_logger(struct ocfcmd *cmd)
{
	const char *tag = "ha";
	owned(free) char *line = own_string("");
	int c;

	while ((c = getopt(cmd->argc, cmd->argv, "+t:D:h")) >= 0) {
		if (c == '?')
			return OCFCMD_USAGE;
		if (c == 't')
			tag = optarg;
	}
	for (int i = optind; i < cmd->argc; i++) {
		owned(free) char *before = line;

		line = own_printf("%s%s%s", before, *before ? " " : "", cmd->argv[i]);
	}
	openlog(tag, LOG_PID, LOG_DAEMON);
	syslog(LOG_INFO, "%s", line);
	closelog();
	return OCFCMD_OK;
}
