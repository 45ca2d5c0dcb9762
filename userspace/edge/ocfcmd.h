/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ocfcmd: the cluster commands that OCF agents call, answered by the picket-agent of this host. */
#ifndef EDGE_OCFCMD_H
#define EDGE_OCFCMD_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#define OCFCMD_INFINITY 1000000 /* scores and counts of failures from here on are INFINITY */

/* Exit statuses that agents compare (Pacemaker's). */
enum ocfcmd_exit {
	OCFCMD_OK = 0,
	OCFCMD_ERROR = 1,
	OCFCMD_USAGE = 64,
	OCFCMD_DISCONNECTED = 102,
	OCFCMD_NO_SUCH = 105,
	OCFCMD_TIMEOUT = 124,
};

struct ocfcmd {
	const char *name; /* which command we are */
	int argc;
	char **argv;
	const char *socket;
	char local[256]; /* this node's name; filled by ocfcmd_local() */
};

/* Runs the command that argv[0] names; its exit status, or -1: there is none of that name. */
int ocfcmd_run(int argc, char **argv);
int ocfcmd_run_as(const char *name, int (*run)(struct ocfcmd *cmd), int argc, char **argv);
/* Makes a link to `program` for each command in a folder, for cibadmin to the picket-cib beside it.
 * 0 or -errno. */
int ocfcmd_install(const char *program, const char *dir);
void ocfcmd_list(FILE *out); /* their names, one a line */

/* ---- for the commands ---------------------------------------------------------------------- */

/* Asks the agent. NULL: said on stderr, *ret_exit is set. Steals the request. */
json_t *ocfcmd_ask(struct ocfcmd *cmd, json_t *request, int *ret_exit);
/* Writes, or wishes: an exit status. Steals the request. */
int ocfcmd_tell(struct ocfcmd *cmd, json_t *request);
/* The node meant when none is named; a container's agent is told another one's name. */
const char *ocfcmd_local(struct ocfcmd *cmd);
/* "", "auto", "localhost", NULL: ours; else as given. */
const char *ocfcmd_node(struct ocfcmd *cmd, const char *given);
/* Name of the promotion score's attribute; name: a resource, NULL: the one whose agent calls. */
char *ocfcmd_score_name(const char *name);

int ocfcmd_crm_attribute(struct ocfcmd *cmd);
int ocfcmd_crm_master(struct ocfcmd *cmd);
int ocfcmd_attrd_updater(struct ocfcmd *cmd);
int ocfcmd_crm_node(struct ocfcmd *cmd);
int ocfcmd_crm_mon(struct ocfcmd *cmd);
int ocfcmd_crm_resource(struct ocfcmd *cmd);
int ocfcmd_crm_failcount(struct ocfcmd *cmd);
int ocfcmd_cibadmin(struct ocfcmd *cmd);
int ocfcmd_stonith_admin(struct ocfcmd *cmd);
int ocfcmd_crm_simulate(struct ocfcmd *cmd);
int ocfcmd_pacemakerd(struct ocfcmd *cmd);
int ocfcmd_ha_logger(struct ocfcmd *cmd);

#endif
