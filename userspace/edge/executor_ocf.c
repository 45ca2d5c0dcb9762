/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "edge/executor_ocf.h"

#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
/* What agents compare when they ask which cluster manager's rules hold: Pacemaker 2.1.5's. */
#define FEATURE_SET "3.16.2"

struct environment {
	char **items;
	size_t n, cap;
};

static void put(struct environment *e, char *item)
{
	own_grow(e->items, e->n, e->cap);
	e->items[e->n++] = item;
}

/* Later ones win: a name that is there already is replaced. */
static void set(struct environment *e, const char *name, const char *value)
{
	size_t len = strlen(name);
	char *item = own_printf("%s=%s", name, value);

	for (size_t i = 0; i < e->n; i++) {
		if (!strncmp(e->items[i], name, len) && e->items[i][len] == '=') {
			free(e->items[i]);
			e->items[i] = item;
			return;
		}
	}
	put(e, item);
}

static void set_number(struct environment *e, const char *name, uint64_t value)
{
	owned(free) char *text = own_printf("%llu", (unsigned long long)value);

	set(e, name, text);
}

static bool is_meta(const char *name)
{
	return !strncmp(name, "CRM_meta_", 9);
}

/* Meta attributes are called as in the configuration; in the environment '-' becomes '_'. */
static void set_meta(struct environment *e, const char *name, const char *value)
{
	owned(free) char *full = NULL;

	if (!strcmp(name, "OCF_CHECK_LEVEL")) {
		set(e, name, value);
		return;
	}
	full = own_printf("OCF_RESKEY_CRM_meta_%s", is_meta(name) ? name + 9 : name);
	for (char *p = full; *p; p++)
		if (*p == '-')
			*p = '_';
	set(e, full, value);
}

static void set_params(struct environment *e, json_t *params)
{
	const char *name;
	json_t *value;

	json_object_foreach (params, name, value) {
		owned(free) char *full = own_printf("OCF_RESKEY_%s", name);

		if (!strcmp(name, "OCF_CHECK_LEVEL"))
			set(e, name, json_string_value(value));
		else
			set(e, full, json_string_value(value));
	}
}

static void set_common(struct environment *e, const struct executor_config *config)
{
	owned(free) char *path = config->helpers ? own_printf("%s:%s", config->helpers, SYSTEM_PATH)
						 : own_string(SYSTEM_PATH);

	set(e, "PATH", path);
	set(e, "SHELL", "/bin/bash");
	set(e, "LC_ALL", "C");
	set(e, "HOME", "/root");
	if (config->helpers)
		set(e, "HA_SBIN_DIR", config->helpers);
	if (config->socket)
		set(e, "PICKET_AGENT_SOCKET", config->socket);
}

static void set_ocf(
	struct environment *e, const struct executor_config *config, const struct operation *o)
{
	set(e, "HA_RSCTMP", "/run/resource-agents");
	set(e, "HA_LOGFACILITY", "daemon");
	set(e, "HA_debug", "0");
	set(e, "HA_use_logd", "no");
	set(e, "OCF_ROOT", config->ocf_root ? config->ocf_root : "/usr/lib/ocf");
	set(e, "OCF_RA_VERSION_MAJOR", "1");
	set(e, "OCF_RA_VERSION_MINOR", "1");
	set(e, "OCF_EXIT_REASON_PREFIX", "ocf-exit-reason:");
	set(e, "OCF_OUTPUT_FORMAT", "text");
	set(e, "OCF_RESOURCE_INSTANCE", o->resource);
	set(e, "OCF_RESOURCE_TYPE", o->type);
	set(e, "OCF_RESOURCE_PROVIDER", o->provider);
	set(e, "OCF_RESKEY_crm_feature_set", FEATURE_SET);
}

/* The value of OCF_RESKEY_CRM_meta_NAME; NULL: it is not set. */
static const char *meta_of(const struct environment *e, const char *name)
{
	static const char prefix[] = "OCF_RESKEY_CRM_meta_";
	size_t len = strlen(name);

	for (size_t i = 0; i < e->n; i++) {
		const char *rest = e->items[i] + sizeof(prefix) - 1;

		if (!strncmp(e->items[i], prefix, sizeof(prefix) - 1) &&
			!strncmp(rest, name, len) && rest[len] == '=')
			return rest + len + 1;
	}
	return NULL;
}

/* Agents know the roles by their old names, by their new ones, or by both. */
static void set_aliases(struct environment *e)
{
	static const char *const names[][2] = { { "promotable", "master" },
		{ "promoted_max", "master_max" }, { "promoted_node_max", "master_node_max" },
		{ "notify_promoted_resource", "notify_master_resource" },
		{ "notify_promoted_uname", "notify_master_uname" },
		{ "notify_unpromoted_resource", "notify_slave_resource" },
		{ "notify_unpromoted_uname", "notify_slave_uname" },
		{ "notify_type", "notify_key_type" },
		{ "notify_operation", "notify_key_operation" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (int k = 0; k < 2; k++) {
			const char *value = meta_of(e, names[i][k]);

			if (value && !meta_of(e, names[i][!k]))
				set_meta(e, names[i][!k], value);
		}
}

static void set_list(struct environment *e, const char *name)
{
	const char *value = meta_of(e, name);

	if (!value || !*value)
		set_meta(e, name, " ");
}

/* A notification names every list; an empty one is a blank, for agents tell that from none. */
static void set_lists(struct environment *e)
{
	static const char *const both[] = { "start", "stop", "promote", "demote", "active",
		"promoted", "unpromoted", "master", "slave" };
	static const char *const one[] = { "notify_inactive_resource", "notify_available_uname",
		"notify_all_uname" };

	for (size_t i = 0; i < sizeof(both) / sizeof(*both); i++) {
		owned(free) char *resource = own_printf("notify_%s_resource", both[i]);
		owned(free) char *uname = own_printf("notify_%s_uname", both[i]);

		set_list(e, resource);
		set_list(e, uname);
	}
	for (size_t i = 0; i < sizeof(one) / sizeof(*one); i++)
		set_list(e, one[i]);
}

/* Of the order, and then what it must say for this very call: a check of a stop is a probe. */
static void set_metas(struct environment *e, const struct executor_config *config,
	const struct operation *o, enum operation_kind as, uint64_t timeout_ms)
{
	const char *name;
	json_t *value;

	set_meta(e, "on_node", config->node);
	set_meta(e, "on_node_uuid", config->node_uuid ? config->node_uuid : config->node);
	if (o->target_rc >= 0)
		set_number(e, "OCF_RESKEY_CRM_meta_op_target_rc", (uint64_t)o->target_rc);
	json_object_foreach (o->meta, name, value) {
		/* A depth asked for in a recurring monitor is not meant for others. */
		if (as == o->kind || strcmp(name, "OCF_CHECK_LEVEL"))
			set_meta(e, name, json_string_value(value));
	}
	set_meta(e, "name", operation_name(as));
	set_number(e, "OCF_RESKEY_CRM_meta_timeout", timeout_ms);
	set_number(e, "OCF_RESKEY_CRM_meta_interval", as == o->kind ? o->interval_ms : 0);
	set_aliases(e);
	if (as == OPERATION_NOTIFY)
		set_lists(e);
}

/* LSB's words for it; NULL: it has none. */
static const char *lsb_action(enum operation_kind as)
{
	switch (as) {
	case OPERATION_START:
		return "start";
	case OPERATION_STOP:
		return "stop";
	case OPERATION_MONITOR:
		return "status";
	case OPERATION_RELOAD:
		return "reload";
	default:
		return NULL;
	}
}

int executor_ocf_init(struct executor_ocf *call, const struct executor_config *config,
	const struct operation *o, enum operation_kind as, uint64_t timeout_ms)
{
	bool ocf = !strcmp(o->standard, "ocf");
	const char *action = ocf ? operation_name(as) : lsb_action(as);
	owned(free) char *path =
		ocf ? own_printf("%s/resource.d/%s/%s",
			      config->ocf_root ? config->ocf_root : "/usr/lib/ocf", o->provider,
			      o->type)
		    : own_printf("%s/%s", config->init_dir ? config->init_dir : "/etc/init.d",
			      o->type);
	struct environment e = { 0 };

	if (!action)
		return -EINVAL;
	if (access(path, X_OK))
		return errno == EACCES ? -EACCES : -ENOENT;
	set_common(&e, config);
	if (ocf) {
		set_ocf(&e, config, o);
		set_params(&e, o->params);
		set_metas(&e, config, o, as, timeout_ms);
	}
	put(&e, NULL);
	*call = (struct executor_ocf){ .envp = e.items };
	call->path = give(path);
	call->argv[0] = call->path;
	call->argv[1] = action;
	return 0;
}

void executor_ocf_done(struct executor_ocf *call)
{
	for (char **item = call->envp; item && *item; item++)
		free(*item);
	free(call->envp);
	free(call->path);
	*call = (struct executor_ocf){ 0 };
}

int executor_ocf_rc(const struct operation *o, enum operation_kind as, int code)
{
	if (!strcmp(o->standard, "ocf"))
		return code;
	if (as == OPERATION_MONITOR) /* LSB core: dead with a PID file, with a lock, not running */
		return code == 0   ? OUTCOME_OK
		       : code <= 3 ? OUTCOME_NOT_RUNNING
		       : code == 5 ? OUTCOME_NOT_INSTALLED
				   : OUTCOME_ERROR;
	return code <= OUTCOME_NOT_RUNNING ? code : OUTCOME_ERROR;
}

char *executor_ocf_reason(const char *text, size_t len)
{
	static const char prefix[] = "ocf-exit-reason:";
	const char *end = text + len, *found = NULL;
	size_t found_len = 0;

	for (const char *line = text; line < end;) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((next ? next : end) - line);

		if (n >= sizeof(prefix) - 1 && !memcmp(line, prefix, sizeof(prefix) - 1)) {
			found = line + sizeof(prefix) - 1;
			found_len = n - (sizeof(prefix) - 1);
		}
		line = next ? next + 1 : end;
	}
	if (!found)
		return NULL;
	if (found_len > EXECUTOR_REASON_MAX)
		found_len = EXECUTOR_REASON_MAX;
	return own_printf("%.*s", (int)found_len, found);
}
