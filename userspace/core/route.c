/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/route.h"

#define GET(id, path, right, query, answer, summary)                                               \
	{                                                                                          \
		id, "GET", path, right, summary, query, NULL, answer, 200                          \
	}
#define POST(id, path, right, body, answer, summary)                                               \
	{                                                                                          \
		id, "POST", path, right, summary, NULL, body, answer, 200                          \
	}
#define ACT(id, path, right, body, summary) POST(id, path, right, body, "Applied", summary)

const struct route routes[] = {
	GET("console", "/", ROUTE_OPEN, NULL, "text", "The console"),
	GET("consoleFile", "/ui/{file}", ROUTE_OPEN, NULL, "text", "A file of the console"),
	GET("healthz", "/healthz", ROUTE_OPEN, NULL, "Health", "The daemon runs"),
	GET("readyz", "/readyz", ROUTE_OPEN, NULL, "Ready", "The daemon leads, and has caught up"),
	GET("metrics", "/metrics", ROUTE_READ, "names:string", "text",
		"Figures for Prometheus; names=ha_cluster: under the names of ha_cluster_exporter"),
	GET("openapi", "/v1/openapi.json", ROUTE_OPEN, NULL, "Any", "This document"),
	GET("whoami", "/v1/whoami", ROUTE_READ, NULL, "Who", "Who asks, and what is allowed"),
	GET("status", "/v1/status", ROUTE_READ, NULL, "Status", "What is"),
	GET("nodes", "/v1/nodes", ROUTE_READ, NULL, "Nodes", "The nodes"),
	GET("node", "/v1/nodes/{node}", ROUTE_READ, NULL, "Node", "One node"),
	GET("links", "/v1/links", ROUTE_READ, NULL, "Links", "Who hears whom, on which link"),
	GET("leases", "/v1/leases", ROUTE_READ, NULL, "Leases",
		"Each node's lease on life, as this controller grants it"),
	GET("controllers", "/v1/controllers", ROUTE_READ, NULL, "Controllers", "The controllers"),
	ACT("controllersChange", "/v1/controllers", ROUTE_ADMIN, "ControllersWish",
		"Let other controllers vote: add and remove, in one change, while everything runs"),
	ACT("keysRotate", "/v1/keys/rotate", ROUTE_ADMIN, "Empty",
		"Let every heartbeat key give way to the next; no beat is missed"),
	GET("resources", "/v1/resources", ROUTE_READ, NULL, "Resources", "The resources"),
	GET("resource", "/v1/resources/{resource}", ROUTE_READ, NULL, "Resource",
		"One resource: where it runs, and why not elsewhere"),
	GET("constraints", "/v1/constraints", ROUTE_READ, NULL, "Constraints", "The constraints"),
	GET("actions", "/v1/transitions", ROUTE_READ, NULL, "Transitions",
		"What is being done, and which failovers there were"),
	GET("events", "/v1/events", ROUTE_READ, "after:integer limit:integer follow:string",
		"Events", "What happened; follow: as server-sent events, for ever"),
	GET("configuration", "/v1/configuration", ROUTE_READ, "format:string revision:integer",
		"Any", "The configuration; format=text: as it was written"),
	{ "configure", "PUT", "/v1/configuration", ROUTE_ADMIN,
		"Make the body, YAML or JSON, the configuration; If-Match: only on this revision",
		"dryRun:string name:string", "text", "Applied", 200 },
	{ "configurationPatch", "PATCH", "/v1/configuration", ROUTE_ADMIN,
		"Change the configuration by a JSON merge patch (RFC 7396)", "dryRun:string", "Any",
		"Applied", 200 },
	POST("configurationValidate", "/v1/configuration/validate", ROUTE_READ, "text", "Plan",
		"Check a configuration, and say what would follow from it"),
	{ "configurationDiff", "GET", "/v1/configuration/diff", ROUTE_READ,
		"The difference of two revisions, line by line", "from:integer to:integer", NULL,
		"Diff", 200 },
	GET("configurationHistory", "/v1/configuration/history", ROUTE_READ, NULL, "Revisions",
		"The revisions that are kept, newest first"),
	ACT("configurationRollback", "/v1/configuration/rollback", ROUTE_ADMIN, "Rollback",
		"Make an older revision the newest one"),
	ACT("nodeStandby", "/v1/nodes/{node}/standby", ROUTE_OPERATE, "Empty",
		"Move everything away from a node"),
	ACT("nodeOnline", "/v1/nodes/{node}/online", ROUTE_OPERATE, "Empty",
		"End a node's standby"),
	ACT("nodeMaintenance", "/v1/nodes/{node}/maintenance", ROUTE_OPERATE, "Empty",
		"Leave a node and what it runs alone"),
	ACT("nodeUnmaintenance", "/v1/nodes/{node}/unmaintenance", ROUTE_OPERATE, "Empty",
		"End a node's maintenance"),
	ACT("nodeStop", "/v1/nodes/{node}/stop", ROUTE_OPERATE, "Empty",
		"Move everything away from a node, then let it leave"),
	ACT("nodeFence", "/v1/nodes/{node}/fence", ROUTE_FENCE, "Empty",
		"Cut a node off and switch it off"),
	POST("nodeFenceTest", "/v1/nodes/{node}/fence-test", ROUTE_OPERATE, "Empty", "FenceTest",
		"Rehearse the fencing of a node: log in to each of its devices, switch nothing"),
	ACT("nodeConfirm", "/v1/nodes/{node}/confirm", ROUTE_FENCE, "Empty",
		"Vouch that a lost node is switched off"),
	ACT("resourceMove", "/v1/resources/{resource}/move", ROUTE_OPERATE, "Place",
		"Move a resource to a node, or away from where it runs"),
	ACT("resourceBan", "/v1/resources/{resource}/ban", ROUTE_OPERATE, "Place",
		"Keep a resource from a node"),
	ACT("resourceClear", "/v1/resources/{resource}/clear", ROUTE_OPERATE, "Empty",
		"Forget what move and ban asked for"),
	ACT("resourceCleanup", "/v1/resources/{resource}/cleanup", ROUTE_OPERATE, "Place",
		"Forget a resource's failures"),
	ACT("resourceRestart", "/v1/resources/{resource}/restart", ROUTE_OPERATE, "Empty",
		"Stop a resource and start it again"),
	POST("whatif", "/v1/whatif", ROUTE_READ, "Whatif", "WhatifAnswer",
		"What would be, if nodes were down, on standby or online"),
	GET("model", "/v1/model", ROUTE_READ, NULL, "Model",
		"Configuration and status as the policy sees them, secrets masked: picket "
		"simulate"),
	GET("tickets", "/v1/tickets", ROUTE_READ, NULL, "Tickets",
		"The tickets, and which of them this cluster holds"),
	ACT("ticketGrant", "/v1/tickets/{ticket}/grant", ROUTE_ADMIN, "Empty",
		"Let this cluster hold a ticket: no other one may hold it by then"),
	ACT("ticketRevoke", "/v1/tickets/{ticket}/revoke", ROUTE_ADMIN, "Empty",
		"Take a ticket away: what depends on it does as its constraint says"),
	ACT("ticketStandby", "/v1/tickets/{ticket}/standby", ROUTE_OPERATE, "Empty",
		"Stop what depends on a ticket, and keep the ticket"),
	ACT("ticketActivate", "/v1/tickets/{ticket}/activate", ROUTE_OPERATE, "Empty",
		"End a ticket's standby"),
	GET("fencing", "/v1/fencing", ROUTE_READ, NULL, "Fencing",
		"By what each node can be fenced, and what was proven of whom"),
	GET("audit", "/v1/audit", ROUTE_ADMIN, "limit:integer", "Audit",
		"Who changed what, and who was refused: a chain of hashes"),
	GET("tokens", "/v1/tokens", ROUTE_ADMIN, NULL, "Tokens",
		"The tokens, without their secrets"),
	{ "tokenCreate", "POST", "/v1/tokens", ROUTE_ADMIN,
		"Make a token; its secret is in this answer and nowhere else", NULL, "TokenWish",
		"TokenMade", 201 },
	GET("authority", "/v1/ca", ROUTE_OPEN, NULL, "Authority",
		"The cluster's CA, for a host that has its fingerprint and nothing else"),
	GET("authorityRotation", "/v1/ca/rotation", ROUTE_READ, NULL, "Rotation",
		"How far one CA has given way to the next: which host trusts and shows what"),
	ACT("authorityRotate", "/v1/ca/rotate", ROUTE_ADMIN, "RotationWish",
		"Let the CA give way to the one whose certificate this is, while everything runs"),
	ACT("authorityRetire", "/v1/ca/retire", ROUTE_ADMIN, "RetireWish",
		"Trust the CA before no longer: everybody shows a certificate of the next one"),
	POST("join", "/v1/join", ROUTE_JOIN, "JoinWish", "Joined",
		"Become the node or controller that the token was made for; it is used up by it"),
	{ "tokenDrop", "DELETE", "/v1/tokens/{token}", ROUTE_ADMIN, "Take a token back", NULL, NULL,
		"Applied", 200 },
	GET("jobs", "/v1/jobs", ROUTE_READ, NULL, "Jobs",
		"What was asked for with Prefer: respond-async"),
	GET("job", "/v1/jobs/{job}", ROUTE_READ, NULL, "Job", "How far a job is"),
	GET("backup", "/v1/backup", ROUTE_ADMIN, NULL, "Backup",
		"Everything that a new cluster needs to be this one: configuration and tokens"),
	ACT("restore", "/v1/restore", ROUTE_ADMIN, "Backup",
		"Take a backup's configuration and tokens"),
};
const size_t routes_n = sizeof(routes) / sizeof(*routes);

/* Does the path fit the pattern? Its arguments go to *m. */
static bool route_fits(const char *pattern, const char *path, struct route_match *m)
{
	m->n = 0;
	while (*pattern) {
		size_t len;

		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		len = strcspn(path, "/");
		if (!len || len >= PICKET_NAME_MAX || m->n == ROUTE_ARGUMENTS_MAX)
			return false;
		memcpy(m->argument[m->n], path, len);
		m->argument[m->n++][len] = '\0';
		path += len;
		pattern = strchr(pattern, '}') + 1;
	}
	return !*path;
}

bool route_find(const char *method, const char *path, struct route_match *ret)
{
	struct route_match m = { 0 };
	size_t at = 0;

	*ret = (struct route_match){ 0 };
	for (size_t i = 0; i < routes_n; i++) {
		if (!route_fits(routes[i].path, path, &m))
			continue;
		if (!strcmp(routes[i].method, method)) {
			memcpy(ret->argument, m.argument, sizeof(ret->argument));
			ret->n = m.n;
			ret->route = &routes[i];
			return true;
		}
		at += (size_t)snprintf(ret->allow + at, sizeof(ret->allow) - at, "%s%s",
			at ? ", " : "", routes[i].method);
	}
	return false;
}

bool route_changes(const struct route *route)
{
	return strcmp(route->method, "GET") && route->right != ROUTE_READ &&
	       route->right != ROUTE_OPEN;
}
