/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fences through the outlets of power distribution units that speak SNMP, or JSON over HTTP. */
#include <errno.h>
#include <string.h>

#include "agent.h"
#include "base/own.h"
#include "pdu_family.h"
#include "pdu_joined.h"
#include "pdu_web.h"
#include "snmp.h"

enum { OUTLETS_MAX = 512, INDEX_MAX = 64 };

struct pdu {
	struct pdu_web *web; /* then nothing of the next four */
	struct snmp *snmp;
	struct pdu_family family; /* a copy: the generic one is made of parameters */
	struct snmp_name state, label;
	bool checked;               /* the recorded names */
	struct outlet_known *known; /* what was resolved before */
	size_t n_known, cap_known;
};

struct outlet_known {
	char *plug, index[INDEX_MAX];
};

static const char *const versions[] = { "1", "2c", "3", NULL };
static const char *const auths[] = { "MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512",
	NULL };
static const char *const privs[] = { "DES", "AES", "AES-192", "AES-256", NULL };
static const char *const levels[] = { "noAuthNoPriv", "authNoPriv", "authPriv", NULL };
static const char *const families[] = { "auto", "generic", "apc_rpdu2", "apc_rpdu", "apc_msp",
	"apc_ms", "eaton_epdu", "eaton_managed", "raritan_px2", "raritan_px1", "sentry4", "sentry3",
	"cyberpower", "vertiv_geist", "liebert_mpx", "avocent", "tripplite", "tripplite_lx",
	"hpe_g2", "ibm_ipdu", "lindy", "raritan_json", "netio_json", "redfish_outlets",
	"http_template", NULL };

static const struct param params[] = {
	{ "ip", "ipaddr", 'a', PARAM_STRING, "[ip]", NULL, NULL,
		"IP address or hostname of fencing device", .required = true },
	{ "plug", "port", 'n', PARAM_STRING, "[id]", NULL, NULL,
		"Outlet: its number, unit:number, or name; several for a node with several feeds",
		.required = true },
	{ "plug_names", NULL, 0, PARAM_STRING, "[names]", NULL, NULL,
		"Recorded names of the outlets, in the order of plug: refuse an outlet with "
		"another" },
	{ "family", NULL, 0, PARAM_SELECT, "[family]", "auto", families,
		"Make of the unit; auto asks it" },
	{ "switch", NULL, 's', PARAM_STRING, "[id]", NULL, NULL,
		"Physical switch (unit) number on device, for plugs without one" },
	{ "snmp_version", NULL, 'd', PARAM_SELECT, "[version]", "1", versions,
		"Specifies SNMP version to use" },
	{ "community", NULL, 'c', PARAM_STRING, "[community]", "private", NULL,
		"Set the community string", .secret = true },
	{ "community_file", NULL, 0, PARAM_STRING, "[file]", NULL, NULL,
		"File that holds the community string in its first line" },
	{ "snmp_auth_prot", NULL, 'b', PARAM_SELECT, "[prot]", NULL, auths,
		"Set authentication protocol" },
	{ "snmp_sec_level", NULL, 'E', PARAM_SELECT, "[level]", NULL, levels,
		"Set security level" },
	{ "snmp_priv_prot", NULL, 'B', PARAM_SELECT, "[prot]", NULL, privs,
		"Set privacy protocol" },
	{ "snmp_priv_passwd", NULL, 'P', PARAM_STRING, "[pass]", NULL, NULL,
		"Set privacy protocol password", .secret = true },
	{ "snmp_priv_passwd_script", NULL, 'R', PARAM_STRING, "[script]", NULL, NULL,
		"Script to run to retrieve privacy password" },
	{ "snmp_priv_passwd_file", NULL, 0, PARAM_STRING, "[file]", NULL, NULL,
		"File that holds the privacy password in its first line" },
	{ "generic_state", NULL, 0, PARAM_STRING, "[oid]", NULL, NULL,
		"Family generic: column of the outlets' states" },
	{ "generic_state_on", NULL, 0, PARAM_INTEGER, "[value]", "1", NULL,
		"Family generic: the state that is on" },
	{ "generic_state_off", NULL, 0, PARAM_INTEGER, "[value]", "2", NULL,
		"Family generic: the state that is off" },
	{ "generic_control", NULL, 0, PARAM_STRING, "[oid]", NULL, NULL,
		"Family generic: column that takes commands" },
	{ "generic_control_on", NULL, 0, PARAM_INTEGER, "[value]", "1", NULL,
		"Family generic: the command on" },
	{ "generic_control_off", NULL, 0, PARAM_INTEGER, "[value]", "2", NULL,
		"Family generic: the command off" },
	{ "generic_name", NULL, 0, PARAM_STRING, "[oid]", NULL, NULL,
		"Family generic: column of the outlets' names" },
	{ "redfish_uri", NULL, 0, PARAM_STRING, "[uri]", "/redfish/v1", NULL,
		"Family redfish_outlets: base URI of the service" },
	{ "http_status", NULL, 0, PARAM_STRING, "[template]", NULL, NULL,
		"Family http_template: what asks for the state, METHOD /path [body]; {plug} stands "
		"for the plug" },
	{ "http_status_key", NULL, 0, PARAM_STRING, "[key]", NULL, NULL,
		"Family http_template: where in a JSON answer the state is, as relays.0.on; else "
		"the first line of the answer is the state" },
	{ "http_status_on", NULL, 0, PARAM_STRING, "[text]", "true", NULL,
		"Family http_template: the state that is on" },
	{ "http_status_off", NULL, 0, PARAM_STRING, "[text]", "false", NULL,
		"Family http_template: the state that is off; every other one is unknown" },
	{ "http_on", NULL, 0, PARAM_STRING, "[template]", NULL, NULL,
		"Family http_template: what switches on" },
	{ "http_off", NULL, 0, PARAM_STRING, "[template]", NULL, NULL,
		"Family http_template: what switches off" },
	{ "snmpget_path", NULL, 0, PARAM_STRING, "[path]", "/usr/bin/snmpget", NULL,
		"Accepted for compatibility; no other program is used" },
	{ "snmpset_path", NULL, 0, PARAM_STRING, "[path]", "/usr/bin/snmpset", NULL,
		"Accepted for compatibility" },
	{ "snmpwalk_path", NULL, 0, PARAM_STRING, "[path]", "/usr/bin/snmpwalk", NULL,
		"Accepted for compatibility" },
	{ NULL },
};

static const struct param_preset presets[] = { { "ipport", "161" }, { NULL, NULL } };

/* ---- settings ----------------------------------------------------------------------------------
 */

static bool is_generic(const struct call *call)
{
	return strcmp(settings_get(call->settings, "family"), "generic") == 0;
}

static int pdu_check(struct call *call)
{
	const struct settings *s = call->settings;
	const char *state = settings_get(s, "generic_state"), *control;
	struct snmp_name name;

	if (pdu_web_knows(settings_get(s, "family")))
		return pdu_web_check(call);
	control = settings_get(s, "generic_control");
	if (is_generic(call) && (!state || !control || snmp_name_parse(state, &name) < 0 ||
					snmp_name_parse(control, &name) < 0))
		return call_fail(call, -EINVAL,
			"family generic needs generic_state and generic_control, as 1.3.6…");
	if (is_generic(call) &&
		settings_number(s, "generic_state_on") == settings_number(s, "generic_state_off"))
		return call_fail(call, -EINVAL, "on and off cannot be the same state");
	if (strcmp(settings_get(s, "snmp_version"), "3") == 0 && !settings_get(s, "username"))
		return call_fail(call, -EINVAL, "SNMP version 3 needs a username");
	return 0;
}

static void family_generic(const struct settings *s, struct pdu_family *f)
{
	*f = (struct pdu_family){ .name = "generic",
		.title = "by parameters",
		.state = settings_get(s, "generic_state"),
		.label = settings_get(s, "generic_name"),
		.on = { settings_number(s, "generic_state_on"), -1 },
		.off = { settings_number(s, "generic_state_off"), -1 },
		.changing = { -1 },
		.turn_on = { settings_get(s, "generic_control"),
			settings_number(s, "generic_control_on") },
		.turn_off = { settings_get(s, "generic_control"),
			settings_number(s, "generic_control_off") },
		.before = "" };
}

/* ---- which tree --------------------------------------------------------------------------------
 */

/* 1: the unit has numbers in this family's column of states; 0: it has not. */
static int family_probe(struct pdu *pdu, const struct pdu_family *f)
{
	struct snmp_name column;
	struct snmp_value value;
	int r = snmp_name_parse(f->state, &column);

	if (f->joined) {
		r = pdu_joined_get(pdu->snmp, f, "1.1", &value);
		return r < 0 ? r : value.type == SNMP_NUMBER;
	}
	if (r == 0)
		r = snmp_next(pdu->snmp, &column, &value);
	if (r < 0)
		return r;
	return value.type == SNMP_NUMBER && snmp_name_below(&value.name, &column);
}

static int family_detect(struct call *call, struct pdu *pdu)
{
	for (const struct pdu_family *f = pdu_families(); f->name; f++) {
		int r = family_probe(pdu, f);

		if (r < 0)
			return r;
		if (r) {
			pdu->family = *f;
			return 0;
		}
	}
	return call_fail(call, -ENODEV,
		"no known tree of outlets in this device; name its family, or use generic");
}

static int pdu_open(struct call *call)
{
	const char *name = settings_get(call->settings, "family");
	struct pdu *pdu = call->device = own_new(struct pdu);
	uint64_t start;
	int r;

	if (pdu_web_knows(name))
		return pdu_web_new(call, &pdu->web);
	snmp_warm();
	start = deadline_now_ns();
	r = snmp_new(call, &pdu->snmp);
	if (r < 0)
		return r;
	call_doing(call, "looking for the tree of outlets");
	if (is_generic(call))
		family_generic(call->settings, &pdu->family);
	else if (strcmp(name, "auto") != 0)
		pdu->family = *pdu_family_find(name);
	else
		r = family_detect(call, pdu);
	if (r < 0)
		return r;
	snmp_name_parse(pdu->family.state, &pdu->state);
	if (pdu->family.label)
		snmp_name_parse(pdu->family.label, &pdu->label);
	call_evidence(call, &(struct evidence_step){ .step = "identity",
				    .asked = "outlet tree",
				    .answered = pdu->family.title,
				    .start_ns = start });
	return 0;
}

static void pdu_close(struct call *call)
{
	struct pdu *pdu = give(call->device);

	if (!pdu)
		return;
	pdu_web_free(pdu->web);
	snmp_free(pdu->snmp);
	for (size_t i = 0; i < pdu->n_known; i++)
		free(pdu->known[i].plug);
	free(pdu->known);
	free(pdu);
}

/* ---- outlets ------------------------------------------------------------------------------------
 */

/* Lists are read by commas and lines, so names in them must have none. */
static void alias_clean(char *name)
{
	for (; *name; name++)
		if (*name == ',' || *name == ';')
			*name = '_';
}

static int label_get(struct pdu *pdu, const char *index, char *to, size_t size)
{
	struct snmp_name name = pdu->label;
	struct snmp_value value;
	int r;

	if (pdu->family.joined) {
		r = pdu_joined_label(pdu->snmp, &pdu->family, index, to, size);
		alias_clean(to);
		return r;
	}
	*to = 0;
	if (!pdu->family.label || snmp_name_append(&name, index) < 0)
		return 0;
	r = snmp_get(pdu->snmp, &name, &value);
	if (r < 0)
		return r;
	if (value.type == SNMP_TEXT)
		snprintf(to, size, "%s", value.text);
	alias_clean(to);
	return 0;
}

/* The state of an outlet, or SNMP_MISSING. */
static int state_get(struct pdu *pdu, const char *index, struct snmp_value *ret_value)
{
	struct snmp_name name = pdu->state;

	if (pdu->family.joined)
		return pdu_joined_get(pdu->snmp, &pdu->family, index, ret_value);
	if (!*index || snmp_name_append(&name, index) < 0) {
		*ret_value = (struct snmp_value){ .type = SNMP_MISSING };
		return 0;
	}
	return snmp_get(pdu->snmp, &name, ret_value);
}

typedef int walk_each(void *ctx, const char *index, const struct snmp_value *value);

/* Each instance below a column. A unit that gives names in no rising order would lead us in
 * circles; it is left. */
static int walk(struct call *call, struct pdu *pdu, const struct snmp_name *column, walk_each *each,
	void *ctx)
{
	struct snmp_name at = *column;

	for (int i = 0; i < OUTLETS_MAX; i++) {
		struct snmp_value value;
		char index[INDEX_MAX];
		int r = snmp_next(pdu->snmp, &at, &value);

		if (r < 0)
			return r;
		if (value.type == SNMP_MISSING || !snmp_name_below(&value.name, column))
			return 0;
		if (value.name.n == at.n &&
			memcmp(value.name.ids, at.ids, at.n * sizeof(at.ids[0])) == 0)
			return call_fail(call, -EPROTO, "SNMP: the tree of outlets does not end");
		snmp_name_index(&value.name, column, index, sizeof(index));
		r = each(ctx, index, &value);
		if (r < 0)
			return r;
		at = value.name;
		if (deadline_reached(call->deadline))
			return call_fail(call, -ETIMEDOUT, "timed out while listing");
	}
	return 0;
}

/* The same of a unit that has all in one text; with the names of outlets or their states. */
static int walk_joined(struct call *call, struct pdu *pdu, bool names, walk_each *each, void *ctx)
{
	const char *unit = settings_get(call->settings, "switch");
	int r = 0;

	for (int n = 1; r == 0 && n <= OUTLETS_MAX; n++) {
		struct snmp_value value;
		char index[INDEX_MAX];

		snprintf(index, sizeof(index), "%.9s.%d", unit ? unit : "1", n);
		r = state_get(pdu, index, &value);
		if (r < 0 || value.type == SNMP_MISSING)
			break;
		if (names) {
			value.type = SNMP_TEXT;
			r = label_get(pdu, index, value.text, sizeof(value.text));
		}
		r = r < 0 ? r : each(ctx, index, &value);
	}
	return r;
}

struct name_search {
	const char *wanted;
	char index[INDEX_MAX], seen[256];
	size_t found;
};

static int name_look(void *ctx, const char *index, const struct snmp_value *value)
{
	struct name_search *s = ctx;
	char name[SNMP_TEXT_MAX];
	size_t used = strlen(s->seen);

	snprintf(name, sizeof(name), "%s", value->type == SNMP_TEXT ? value->text : "");
	alias_clean(name);
	snprintf(s->seen + used, sizeof(s->seen) - used, "%s%s", used ? ", " : "", name);
	if (!*name || strcmp(name, s->wanted) != 0)
		return 0;
	s->found++;
	snprintf(s->index, sizeof(s->index), "%s", index);
	return 0;
}

static int resolve_name(struct call *call, struct pdu *pdu, const char *plug, char *to, size_t size)
{
	struct name_search s = { .wanted = plug };
	int r = pdu->family.joined  ? walk_joined(call, pdu, true, name_look, &s)
		: pdu->family.label ? walk(call, pdu, &pdu->label, name_look, &s)
				    : 0;

	if (r < 0)
		return r;
	if (s.found > 1)
		return call_fail(call, -ENODEV, "%zu outlets are named '%s'", s.found, plug);
	if (!s.found)
		return call_fail(call, -ENODEV, "no outlet '%s' in this unit (%s); names: %s", plug,
			pdu->family.title, s.seen);
	snprintf(to, size, "%s", s.index);
	return 0;
}

static void known_add(struct pdu *pdu, const char *plug, const char *index)
{
	struct outlet_known *k;

	own_grow(pdu->known, pdu->n_known, pdu->cap_known);
	k = &pdu->known[pdu->n_known++];
	k->plug = own_string(plug);
	snprintf(k->index, sizeof(k->index), "%s", index);
}

/* A plug is looked for once in a call: a unit that hiccups later does not make it another one. */
static int resolve(struct call *call, struct pdu *pdu, const char *plug, char *to, size_t size)
{
	const char *unit = settings_get(call->settings, "switch");
	owned(free) char *full = unit && plug[strspn(plug, "0123456789")] == 0
					 ? own_printf("%s:%s", unit, plug)
					 : own_string(plug);
	struct snmp_value value;
	int r;

	for (size_t i = 0; i < pdu->n_known; i++)
		if (strcmp(pdu->known[i].plug, plug) == 0) {
			snprintf(to, size, "%s", pdu->known[i].index);
			return 0;
		}
	pdu_family_index(&pdu->family, full, to, size);
	r = state_get(pdu, to, &value);
	if (r < 0)
		return r;
	if (value.type == SNMP_MISSING)
		r = resolve_name(call, pdu, plug, to, size);
	if (r == 0)
		known_add(pdu, plug, to);
	return r;
}

static int plug_label(
	struct call *call, struct pdu *pdu, const char *plug, char *label, size_t size)
{
	char index[INDEX_MAX];
	int r;

	if (pdu->web)
		return pdu_web_label(pdu->web, plug, label, size);
	r = resolve(call, pdu, plug, index, sizeof(index));
	return r < 0 ? r : label_get(pdu, index, label, size);
}

/* Each outlet still has the name that was recorded: nobody has plugged or named it otherwise. */
static int names_check(struct call *call, struct pdu *pdu)
{
	owned(free) char *names = own_string(settings_get(call->settings, "plug_names"));
	const char *separator = settings_get(call->settings, "plug_separator");
	char *save = NULL, *name = names ? strtok_r(names, separator, &save) : NULL;

	if (!names || pdu->checked)
		return 0;
	for (size_t i = 0; i < call->n_plugs; i++) {
		char label[SNMP_TEXT_MAX];
		int r = plug_label(call, pdu, call->plugs[i], label, sizeof(label));

		if (r < 0)
			return r;
		if (!name || strcmp(label, name) != 0)
			return call_fail(call, -ESTALE,
				"outlet %s is named '%s', not '%s' as recorded", call->plugs[i],
				label, name ? name : "");
		name = strtok_r(NULL, separator, &save);
	}
	pdu->checked = true;
	return 0;
}

static int pdu_get(struct call *call, const char *plug, enum power *ret_power)
{
	struct pdu *pdu = call->device;
	char index[INDEX_MAX], asked[INDEX_MAX + 128], read[96];
	uint64_t start = deadline_now_ns();
	struct snmp_value value;
	int r = names_check(call, pdu);

	if (r == 0 && pdu->web)
		return pdu_web_get(pdu->web, plug, ret_power);
	if (r == 0)
		r = resolve(call, pdu, plug, index, sizeof(index));
	if (r == 0)
		r = state_get(pdu, index, &value);
	if (r < 0)
		return r;
	snprintf(asked, sizeof(asked), "GET %s.%s", pdu->family.state, index);
	if (value.type == SNMP_NUMBER)
		snprintf(read, sizeof(read), "%ld", value.number);
	else
		snprintf(read, sizeof(read), "%s",
			value.type == SNMP_MISSING ? "no such instance"
			: value.type == SNMP_TEXT  ? value.text
						   : "not a number");
	call_evidence(call, &(struct evidence_step){ .step = "get",
				    .plug = plug,
				    .asked = asked,
				    .read = read,
				    .start_ns = start });
	if (value.type == SNMP_MISSING) /* it was there a moment ago */
		return call_fail(call, -EPROTO, "outlet %s: no such instance", plug);
	if (value.type != SNMP_NUMBER)
		return call_fail(
			call, -EPROTO, "outlet %s: the state is not a number: %s", plug, read);
	*ret_power = pdu_family_power(&pdu->family, value.number);
	return 0;
}

static int pdu_set(struct call *call, const char *plug, enum power wanted)
{
	struct pdu *pdu = call->device;
	const struct pdu_command *command =
		wanted == POWER_OFF ? &pdu->family.turn_off : &pdu->family.turn_on;
	char index[INDEX_MAX], asked[INDEX_MAX + 160];
	uint64_t start = deadline_now_ns();
	struct snmp_name name;
	int r;

	if (pdu->web)
		return pdu_web_set(pdu->web, plug, wanted);
	r = resolve(call, pdu, plug, index, sizeof(index));
	if (r < 0)
		return r;
	if (snmp_name_parse(command->column, &name) < 0 || snmp_name_append(&name, index) < 0)
		return call_fail(call, -EINVAL, "outlet %s has no index", plug);
	r = pdu->family.joined
		    ? pdu_joined_set(call, pdu->snmp, &pdu->family, index, command->value)
		    : snmp_set(pdu->snmp, &name, command->value);
	snprintf(asked, sizeof(asked), "SET %s.%s = %ld", command->column, index, command->value);
	call_evidence(call, &(struct evidence_step){ .step = "set",
				    .plug = plug,
				    .asked = asked,
				    .answered = r < 0 ? call->reason : "accepted",
				    .start_ns = start });
	return r;
}

/* ---- lists
 * --------------------------------------------------------------------------------------- */

struct outlet {
	char index[INDEX_MAX], label[SNMP_TEXT_MAX];
	enum power power;
};

struct outlets {
	struct pdu *pdu;
	struct outlet *items;
	size_t n, cap;
};

static int outlet_add(void *ctx, const char *index, const struct snmp_value *value)
{
	struct outlets *all = ctx;
	struct outlet *o;

	own_grow(all->items, all->n, all->cap);
	o = &all->items[all->n++];
	*o = (struct outlet){ .power = value->type == SNMP_NUMBER
					       ? pdu_family_power(&all->pdu->family, value->number)
					       : POWER_UNKNOWN };
	snprintf(o->index, sizeof(o->index), "%s", index);
	return label_get(all->pdu, index, o->label, sizeof(o->label));
}

/* A name that two outlets share names neither. */
static bool unique(const struct outlets *all, size_t i)
{
	for (size_t k = 0; k < all->n; k++)
		if (k != i && strcmp(all->items[k].label, all->items[i].label) == 0)
			return false;
	return true;
}

static int pdu_list(struct call *call, agent_list_entry *entry, void *ctx)
{
	struct pdu *pdu = call->device;
	struct outlets all = { .pdu = pdu };
	int r;

	if (pdu->web)
		return pdu_web_list(pdu->web, entry, ctx);
	r = pdu->family.joined ? walk_joined(call, pdu, false, outlet_add, &all)
			       : walk(call, pdu, &pdu->state, outlet_add, &all);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		char plug[INDEX_MAX];

		pdu_family_plug(&pdu->family, all.items[i].index, plug, sizeof(plug));
		r = entry(
			ctx, plug, unique(&all, i) ? all.items[i].label : NULL, all.items[i].power);
	}
	if (r == 0 && !all.n)
		r = call_fail(call, -ENODEV, "this unit has no outlets in the tree of %s",
			pdu->family.title);
	free(all.items);
	return r;
}

/* Names that can be given back as plug_names, so that nobody plugs or names them otherwise. */
static void record_names(struct call *call, char **labels)
{
	const char *separator = settings_get(call->settings, "plug_separator");

	for (size_t i = 0; i < call->n_plugs; i++)
		if (!*labels[i] || (*separator && strpbrk(labels[i], separator)))
			return;
	fputs("record:plug_names=", stdout);
	for (size_t i = 0; i < call->n_plugs; i++)
		printf("%s%s", i ? separator : "", labels[i]);
	putchar('\n');
}

static int pdu_rehearse(struct call *call)
{
	struct pdu *pdu = call->device;
	char **labels = own_alloc(call->n_plugs * sizeof(*labels));
	int r = names_check(call, pdu);

	printf("family=%s\n", pdu->web ? settings_get(call->settings, "family") : pdu->family.name);
	for (size_t i = 0; r == 0 && i < call->n_plugs; i++) {
		char label[SNMP_TEXT_MAX] = "";
		enum power power;

		r = pdu_get(call, call->plugs[i], &power);
		if (r == 0)
			r = plug_label(call, pdu, call->plugs[i], label, sizeof(label));
		if (r == 0 && power == POWER_UNKNOWN)
			r = call_fail(
				call, -EPROTO, "the state of outlet %s is unknown", call->plugs[i]);
		if (r == 0)
			printf("plug=%s name=%s power=%s\n", call->plugs[i], label,
				power_name(power));
		labels[i] = own_string(label);
	}
	if (r == 0)
		record_names(call, labels);
	for (size_t i = 0; i < call->n_plugs; i++)
		free(labels[i]);
	free(labels);
	return r;
}

static int pdu_pin(struct call *call, char **ret_pin)
{
	if (!pdu_web_knows(settings_get(call->settings, "family")))
		return call_fail(call, -ENOTSUP, "unsupported action: SNMP has no certificates");
	return pdu_web_pin(call, ret_pin);
}

static const struct agent_device device = {
	.warm = snmp_warm,
	.open = pdu_open,
	.get = pdu_get,
	.set = pdu_set,
	.list = pdu_list,
	.rehearse = pdu_rehearse,
	.pin = pdu_pin,
	.close = pdu_close,
};

static const struct agent agent = {
	.name = "fence_picket_pdu",
	.shortdesc = "Fence agent for power distribution units over SNMP and HTTP",
	.longdesc =
		"fence_picket_pdu is an I/O Fencing agent for power distribution units of many "
		"makes that speak SNMP, or JSON over HTTP. An outlet that does not exist is an "
		"error, never off; several "
		"outlets of a node with several feeds are switched as one, and all are proven off.",
	.vendor_url = "http://www.net-snmp.org",
	.groups = PARAM_DEVICE | PARAM_LOGIN | PARAM_PLUG | PARAM_LIST | PARAM_POWER | PARAM_TLS,
	.params = params,
	.presets = presets,
	.check = pdu_check,
	.device = &device,
};

int main(int argc, char **argv)
{
	return agent_main(&agent, argc, argv);
}
