/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "edge/fencer_agent.h"

static bool plain_name(const char *name)
{
	if (!name || !*name || *name == '.')
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("_-.", *name))
			return false;
	return true;
}

static bool usable(const char *path, struct stat *ret)
{
	return stat(path, ret) == 0 && S_ISREG(ret->st_mode) && access(path, X_OK) == 0;
}

int fencer_agent_find(struct fencer_agent **list, const char *const *paths, const char *name,
	struct fencer_agent **ret_agent)
{
	struct fencer_agent *agent = *list;
	owned(free) char *path = NULL;
	struct stat st;

	if (!plain_name(name))
		return -EINVAL;
	for (; *paths && !path; paths++) {
		path = own_printf("%s/%s", *paths, name);
		if (!usable(path, &st))
			free(give(path));
	}
	if (!path)
		return -ENOENT;
	while (agent && strcmp(agent->path, path) != 0)
		agent = agent->next;
	if (!agent) {
		agent = own_new(struct fencer_agent);
		agent->name = own_string(name);
		agent->path = give(path);
		agent->next = *list;
		*list = agent;
	}
	if (agent->inode != st.st_ino || agent->mtime.tv_sec != st.st_mtim.tv_sec ||
		agent->mtime.tv_nsec != st.st_mtim.tv_nsec)
		agent->known = false;
	agent->inode = st.st_ino;
	agent->mtime = st.st_mtim;
	*ret_agent = agent;
	return 0;
}

void fencer_agent_free_all(struct fencer_agent *list)
{
	while (list) {
		struct fencer_agent *next = list->next;

		free(list->name);
		free(list->path);
		free(list);
		list = next;
	}
}

static void learn_parameter(struct fencer_agent *agent, xmlNode *node)
{
	xmlChar *name = xmlGetProp(node, BAD_CAST "name");

	if (!name)
		return;
	agent->plug = agent->plug || xmlStrEqual(name, BAD_CAST "plug");
	agent->port = agent->port || xmlStrEqual(name, BAD_CAST "port");
	agent->evidence = agent->evidence || xmlStrEqual(name, BAD_CAST "evidence");
	agent->deadline = agent->deadline || xmlStrEqual(name, BAD_CAST "deadline");
	xmlFree(name);
}

/* Is it an element with this name as an attribute? */
static bool names(xmlNode *node, const char *wanted)
{
	xmlChar *name = node->type == XML_ELEMENT_NODE ? xmlGetProp(node, BAD_CAST "name") : NULL;
	bool same = name && xmlStrEqual(name, BAD_CAST wanted);

	xmlFree(name);
	return same;
}

static xmlNode *child_named(xmlNode *node, const char *name)
{
	for (node = node ? node->children : NULL; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && xmlStrEqual(node->name, BAD_CAST name))
			return node;
	return NULL;
}

int fencer_agent_learn(struct fencer_agent *agent, const char *xml, size_t size)
{
	xmlDoc *doc = xmlReadMemory(xml, (int)size, "metadata.xml", NULL,
		XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET);
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	xmlNode *parameters;

	if (!root || !xmlStrEqual(root->name, BAD_CAST "resource-agent")) {
		xmlFreeDoc(doc);
		return -EPROTO;
	}
	agent->plug = agent->port = agent->evidence = agent->deadline = false;
	parameters = child_named(root, "actions");
	agent->rehearse = false;
	for (xmlNode *n = parameters ? parameters->children : NULL; n; n = n->next)
		agent->rehearse = agent->rehearse || names(n, "rehearse");
	parameters = child_named(root, "parameters");
	for (xmlNode *n = parameters ? parameters->children : NULL; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE && xmlStrEqual(n->name, BAD_CAST "parameter"))
			learn_parameter(agent, n);
	agent->known = true;
	xmlFreeDoc(doc);
	return 0;
}

const char *fencer_agent_param(const char *const *params, const char *name)
{
	for (; params && params[0] && params[1]; params += 2)
		if (strcmp(params[0], name) == 0)
			return params[1];
	return NULL;
}

const char *fencer_agent_action(const char *const *params, const char *action)
{
	owned(free) char *name = own_printf("pcmk_%s_action", action);
	const char *other = fencer_agent_param(params, name);

	return other && *other ? other : action;
}

/* "n1:3;n2:4,5": what stands for this target, in memory of its own, or NULL. */
static char *map_find(const char *map, const char *target)
{
	size_t n = strlen(target);

	while (map && *map) {
		size_t length;

		map += strspn(map, "; \t");
		length = strcspn(map, "; \t");
		if (length > n && strncmp(map, target, n) == 0 && (map[n] == ':' || map[n] == '='))
			return strndup(map + n + 1, length - n - 1);
		map += length;
	}
	return NULL;
}

static bool passed_on(const char *name, const char *value)
{
	static const char *const ours[] = { "pcmk_", "CRM_meta_", "crm_feature_set" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strncmp(name, ours[i], strlen(ours[i])) == 0)
			return false;
	if (strcmp(name, "action") == 0 || strcmp(name, "nodename") == 0)
		return false;
	return !((strcmp(name, "plug") == 0 || strcmp(name, "port") == 0) &&
		 strcmp(value, "dynamic") == 0);
}

/* Is the plug named by hand? Then it stays as it is. */
static bool plug_fixed(const char *const *params)
{
	const char *plug = fencer_agent_param(params, "plug");
	const char *port = fencer_agent_param(params, "port");

	return (plug && strcmp(plug, "dynamic") != 0) || (port && strcmp(port, "dynamic") != 0);
}

static bool needs_target(const char *action)
{
	static const char *const with[] = { "on", "off", "reboot", "status", "diag", "enable",
		"disable", "rehearse" };

	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++)
		if (strcmp(with[i], action) == 0)
			return true;
	return false;
}

static void put_plug(FILE *f, const struct fencer_agent *agent, const char *const *params,
	const char *target, const char *plug)
{
	const char *argument = fencer_agent_param(params, "pcmk_host_argument");
	owned(free) char *mapped = NULL;

	if (plug_fixed(params) || (argument && strcmp(argument, "none") == 0))
		return;
	if (!plug)
		plug = mapped = map_find(fencer_agent_param(params, "pcmk_host_map"), target);
	if (!plug)
		plug = target;
	if (argument)
		fprintf(f, "%s=%s\n", argument, plug);
	else if (agent->plug || !agent->known) /* unknown: a parameter too many does no harm */
		fprintf(f, "plug=%s\n", plug);
	else if (agent->port)
		fprintf(f, "port=%s\n", plug);
}

char *fencer_agent_input(const struct fencer_agent *agent, const char *const *params,
	const char *target, const char *plug, const char *action, bool evidence,
	unsigned long left_ms)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	bool alone = strcmp(action, "metadata") == 0;

	if (!f)
		abort();
	for (const char *const *p = params; !alone && p && p[0] && p[1]; p += 2)
		if (passed_on(p[0], p[1]))
			fprintf(f, "%s=%s\n", p[0], p[1]);
	if (needs_target(action) && target) {
		fprintf(f, "nodename=%s\n", target);
		put_plug(f, agent, params, target, plug);
	}
	if (!alone && evidence && agent->evidence && !fencer_agent_param(params, "evidence"))
		fputs("evidence=-\n", f);
	if (!alone && left_ms && agent->deadline && !fencer_agent_param(params, "deadline"))
		fprintf(f, "deadline=%lu.%03lu\n", left_ms / 1000, left_ms % 1000);
	fprintf(f, "action=%s\n", action);
	fclose(f);
	return text;
}

static bool secret_name(const char *name)
{
	static const char *const words[] = { "passw", "passphrase", "secret", "token", "community",
		"_kg", "key" };
	static const char *const not_secret[] = { "_script", "_file", "identity_file" };

	for (size_t i = 0; i < sizeof(not_secret) / sizeof(not_secret[0]); i++)
		if (strstr(name, not_secret[i]))
			return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(name, words[i]))
			return true;
	return false;
}

void fencer_agent_scrub(const char *const *params, char *text)
{
	for (; params && params[0] && params[1]; params += 2) {
		size_t n = strlen(params[1]);
		char *at = text;

		if (n < 3 || !secret_name(params[0]))
			continue;
		while ((at = strstr(at, params[1]))) {
			memcpy(at, "***", 3);
			memmove(at + 3, at + n, strlen(at + n) + 1);
			at += 3;
		}
	}
}
