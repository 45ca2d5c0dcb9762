/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/member.h"
#include "base/own.h"
#include "edge/local.h"
#include "edge/ocfcmd.h"

#define DEFAULT_SOCKET "/run/picket/agent.sock"
#define ASK_MS 120000 /* a fence request may take its time */

/* cibadmin is a program of its own: what an XPath needs would make every call of every other
 * command three times as long. */
static const struct {
	const char *name;
	int (*run)(struct ocfcmd *cmd); /* NULL: the program beside us */
} commands[] = {
	{ "crm_attribute", ocfcmd_crm_attribute },
	{ "crm_master", ocfcmd_crm_master },
	{ "attrd_updater", ocfcmd_attrd_updater },
	{ "crm_node", ocfcmd_crm_node },
	{ "crm_mon", ocfcmd_crm_mon },
	{ "crm_resource", ocfcmd_crm_resource },
	{ "crm_failcount", ocfcmd_crm_failcount },
	{ "cibadmin", NULL },
	{ "stonith_admin", ocfcmd_stonith_admin },
	{ "crm_simulate", ocfcmd_crm_simulate },
	{ "pacemakerd", ocfcmd_pacemakerd },
	{ "ha_logger", ocfcmd_ha_logger },
};
#define COMMANDS (sizeof(commands) / sizeof(*commands))

json_t *ocfcmd_ask(struct ocfcmd *cmd, json_t *request, int *ret_exit)
{
	int error = 0;
	json_t *answer = local_ask(cmd->socket, request, ASK_MS, &error);

	json_decref(request);
	if (answer)
		return answer;
	*ret_exit = error == -ETIMEDOUT ? OCFCMD_TIMEOUT : OCFCMD_DISCONNECTED;
	fprintf(stderr, "%s: Error: could not connect to the cluster: %s: not connected (%s)\n",
		cmd->name, cmd->socket, strerror(-error));
	return NULL;
}

int ocfcmd_tell(struct ocfcmd *cmd, json_t *request)
{
	int status = OCFCMD_OK;
	json_t *answer = ocfcmd_ask(cmd, request, &status);
	const char *error = member_text(answer, "error");

	if (*error) {
		fprintf(stderr, "%s: Error performing operation: %s\n", cmd->name, error);
		status = OCFCMD_ERROR;
	}
	json_decref(answer);
	return status;
}

const char *ocfcmd_local(struct ocfcmd *cmd)
{
	const char *given = getenv("OCF_RESKEY_CRM_meta_on_node");
	int status;
	json_t *nodes;

	if (cmd->local[0])
		return cmd->local;
	if (given && *given) {
		snprintf(cmd->local, sizeof(cmd->local), "%s", given);
		return cmd->local;
	}
	nodes = ocfcmd_ask(cmd, json_pack("{s:s}", "ask", "nodes"), &status);
	if (!nodes)
		exit(status);
	snprintf(cmd->local, sizeof(cmd->local), "%s", member_text(nodes, "local"));
	json_decref(nodes);
	return cmd->local;
}

const char *ocfcmd_node(struct ocfcmd *cmd, const char *given)
{
	if (!given || !*given || !strcmp(given, "auto") || !strcmp(given, "localhost"))
		return ocfcmd_local(cmd);
	return given;
}

/* Instances of an anonymous clone are one resource to their agents: "db:2" scores as "db". */
char *ocfcmd_score_name(const char *name)
{
	const char *unique = getenv("OCF_RESKEY_CRM_meta_globally_unique");
	owned(free) char *resource = NULL;
	char *colon;

	if (!name || !*name)
		name = getenv("OCF_RESOURCE_INSTANCE");
	if (!name || !*name)
		return NULL;
	resource = own_string(name);
	colon = strrchr(resource, ':');
	if (colon && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1) &&
		!(unique && !strcmp(unique, "true")))
		*colon = '\0';
	return own_printf("master-%s", resource);
}

int ocfcmd_run_as(const char *name, int (*run)(struct ocfcmd *cmd), int argc, char **argv)
{
	const char *socket = getenv("PICKET_AGENT_SOCKET");
	struct ocfcmd cmd = { .name = name,
		.argc = argc,
		.argv = argv,
		.socket = socket && *socket ? socket : DEFAULT_SOCKET };
	int status = run(&cmd);

	return fflush(stdout) || ferror(stdout) ? OCFCMD_ERROR : status;
}

int ocfcmd_run(int argc, char **argv)
{
	const char *name = basename(argv[0]);

	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].run && !strcmp(commands[i].name, name))
			return ocfcmd_run_as(name, commands[i].run, argc, argv);
	return -1;
}

int ocfcmd_install(const char *program, const char *dir)
{
	owned(free) char *copy = own_string(program);
	owned(free) char *cib = own_printf("%s/picket-cib", dirname(copy));

	if (mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	for (size_t i = 0; i < COMMANDS; i++) {
		owned(free) char *path = own_printf("%s/%s", dir, commands[i].name);

		if (unlink(path) && errno != ENOENT)
			return -errno;
		if (symlink(commands[i].run ? program : cib, path))
			return -errno;
	}
	return 0;
}

void ocfcmd_list(FILE *out)
{
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "%s\n", commands[i].name);
}
