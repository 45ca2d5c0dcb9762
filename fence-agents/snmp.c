/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "base/own.h"
#include "snmp.h"

enum { RETRANSMIT_MS = 500 };

struct snmp {
	struct call *call;
	void *session; /* of the library's single-session API */
};

/* ---- names -------------------------------------------------------------------------------------
 */

int snmp_name_append(struct snmp_name *name, const char *index)
{
	struct snmp_name longer = *name;

	while (*index) {
		char *end;
		unsigned long id;

		if (*index == '.')
			index++;
		if (*index < '0' || *index > '9' || longer.n >= SNMP_OID_MAX)
			return -EINVAL;
		errno = 0;
		id = strtoul(index, &end, 10);
		if (errno || id > 0xffffffffUL || (*end && *end != '.') || (*end && !end[1]))
			return -EINVAL;
		longer.ids[longer.n++] = id;
		index = end;
	}
	*name = longer;
	return 0;
}

int snmp_name_parse(const char *text, struct snmp_name *ret_name)
{
	struct snmp_name name = { .n = 0 };
	int r = *text ? snmp_name_append(&name, text) : -EINVAL;

	if (r == 0)
		*ret_name = name;
	return r;
}

bool snmp_name_below(const struct snmp_name *name, const struct snmp_name *prefix)
{
	return name->n > prefix->n &&
	       memcmp(name->ids, prefix->ids, prefix->n * sizeof(prefix->ids[0])) == 0;
}

void snmp_name_index(
	const struct snmp_name *name, const struct snmp_name *prefix, char *to, size_t size)
{
	size_t used = 0;

	*to = 0;
	for (size_t i = prefix->n; i < name->n && used < size; i++) {
		int n = snprintf(
			to + used, size - used, "%s%lu", i > prefix->n ? "." : "", name->ids[i]);

		used += n > 0 ? (size_t)n : 0;
	}
}

static const char *name_text(const struct snmp_name *name, char *to, size_t size)
{
	static const struct snmp_name root = { .n = 0 };

	snmp_name_index(name, &root, to, size);
	return to;
}

/* ---- the session -------------------------------------------------------------------------------
 */

/* The library by itself reads files of the user's home, environment and system, and writes some. */
void snmp_warm(void)
{
	setenv("MIBS", "", 1);
	setenv("MIBDIRS", "/dev/null", 1); /* otherwise the head of every MIB there is */
	setenv("SNMPCONFPATH", "/dev/null", 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
	snmp_disable_log();
	init_snmp("picket");
}

static int community_set(struct call *call, netsnmp_session *s)
{
	const char *community = settings_get(call->settings, "community");

	s->community = (u_char *)own_string(community);
	s->community_len = strlen(community);
	return 0;
}

/*
 * RFC 3414 A.2: a key is the hash of a megabyte of the password, again and again. The library's
 * generate_Ku() does the same with a division for each byte, which took as much time as all else.
 */
static int key_make(
	const oid *protocol, size_t length, const char *password, u_char *key, size_t *key_size)
{
	size_t n = strlen(password);
	u_char *text;
	int r;

	if (!protocol || n < USM_LENGTH_P_MIN)
		return -EINVAL;
	text = own_alloc(USM_LENGTH_EXPANDED_PASSPHRASE);
	for (size_t at = 0; at < USM_LENGTH_EXPANDED_PASSPHRASE; at += n) {
		size_t left = USM_LENGTH_EXPANDED_PASSPHRASE - at;

		memcpy(text + at, password, n < left ? n : left);
	}
	r = sc_hash(protocol, length, text, USM_LENGTH_EXPANDED_PASSPHRASE, key, key_size);
	explicit_bzero(text, USM_LENGTH_EXPANDED_PASSPHRASE);
	free(text);
	return r == SNMPERR_SUCCESS ? 0 : -EINVAL;
}

static int key_set(struct call *call, const oid *protocol, size_t length, const char *password,
	u_char *key, size_t *key_size, const char *what)
{
	if (key_make(protocol, length, password, key, key_size) < 0)
		return call_fail(call, -EINVAL,
			"no SNMPv3 key from the %s password (at least 8 "
			"characters) and protocol",
			what);
	return 0;
}

static int user_set(struct call *call, netsnmp_session *s)
{
	const struct settings *set = call->settings;
	const char *user = settings_get(set, "username"),
		   *level = settings_get(set, "snmp_sec_level");
	const char *auth = settings_get(set, "snmp_auth_prot"),
		   *password = settings_get(set, "password");
	const char *priv = settings_get(set, "snmp_priv_prot");
	const char *priv_password = settings_get(set, "snmp_priv_passwd");
	int type, r;

	s->securityName = own_string(user);
	s->securityNameLen = strlen(user);
	if (!level)
		level = priv_password ? "authPriv" : password ? "authNoPriv" : "noAuthNoPriv";
	s->securityLevel = strcmp(level, "authPriv") == 0     ? SNMP_SEC_LEVEL_AUTHPRIV
			   : strcmp(level, "authNoPriv") == 0 ? SNMP_SEC_LEVEL_AUTHNOPRIV
							      : SNMP_SEC_LEVEL_NOAUTH;
	if (s->securityLevel == SNMP_SEC_LEVEL_NOAUTH)
		return 0;
	if (!password)
		return call_fail(call, -EINVAL, "parameter password is missing");
	type = usm_lookup_auth_type(auth ? auth : "SHA");
	s->securityAuthProto = sc_get_auth_oid(type, &s->securityAuthProtoLen);
	s->securityAuthKeyLen = USM_AUTH_KU_LEN;
	r = key_set(call, s->securityAuthProto, s->securityAuthProtoLen, password,
		s->securityAuthKey, &s->securityAuthKeyLen, "login");
	if (r < 0 || s->securityLevel == SNMP_SEC_LEVEL_AUTHNOPRIV)
		return r;
	if (!priv_password)
		return call_fail(call, -EINVAL, "parameter snmp_priv_passwd is missing");
	type = usm_lookup_priv_type(priv ? priv : "AES");
	s->securityPrivProto = sc_get_priv_oid(type, &s->securityPrivProtoLen);
	s->securityPrivKeyLen = USM_PRIV_KU_LEN;
	/* The privacy key is made with the authentication protocol's hash. */
	if (!s->securityPrivProto)
		return call_fail(call, -EINVAL, "unknown privacy protocol %s", priv);
	return key_set(call, s->securityAuthProto, s->securityAuthProtoLen, priv_password,
		s->securityPrivKey, &s->securityPrivKeyLen, "privacy");
}

static void secrets_wipe(netsnmp_session *s)
{
	explicit_bzero(s->securityAuthKey, sizeof(s->securityAuthKey));
	explicit_bzero(s->securityPrivKey, sizeof(s->securityPrivKey));
	if (s->community) {
		explicit_bzero(s->community, s->community_len);
		free(s->community);
	}
	free(s->securityName);
}

static char *peer_of(const struct call *call)
{
	const char *ip = call_address(call), *port = settings_get(call->settings, "ipport");
	bool v6 = settings_flag(call->settings, "inet6_only") || strchr(ip, ':');

	if (v6 && *ip != '[' && strchr(ip, ':'))
		return own_printf("udp6:[%s]:%s", ip, port);
	return own_printf("%s:%s:%s", v6 ? "udp6" : "udp", ip, port);
}

/* Sends again every half second until login_timeout or the deadline. */
static void patience_set(struct call *call, netsnmp_session *s)
{
	uint64_t ms = settings_ms(call->settings, "login_timeout");
	uint64_t left = deadline_left_ms(call->deadline);

	if (left < ms)
		ms = left;
	s->timeout = (ms < RETRANSMIT_MS ? (long)ms + 1 : RETRANSMIT_MS) * 1000L;
	s->retries = ms < RETRANSMIT_MS ? 0 : (int)(ms / RETRANSMIT_MS) - 1;
}

int snmp_new(struct call *call, struct snmp **ret_snmp)
{
	const char *version = settings_get(call->settings, "snmp_version");
	owned(free) char *peer = peer_of(call);
	netsnmp_session s;
	struct snmp *snmp;
	void *session;
	int r;

	snmp_warm();
	snmp_sess_init(&s);
	s.peername = peer;
	s.version = strcmp(version, "3") == 0    ? SNMP_VERSION_3
		    : strcmp(version, "2c") == 0 ? SNMP_VERSION_2c
						 : SNMP_VERSION_1;
	patience_set(call, &s);
	r = s.version == SNMP_VERSION_3 ? user_set(call, &s) : community_set(call, &s);
	session = r == 0 ? snmp_sess_open(&s) : NULL;
	if (r == 0 && !session) {
		char *text = NULL;

		snmp_error(&s, NULL, NULL, &text);
		r = call_fail(call, -ETIMEDOUT, "no SNMP session: %s", text ? text : "no answer");
		free(text);
	}
	secrets_wipe(&s);
	if (r < 0)
		return r;
	snmp = own_new(struct snmp);
	snmp->call = call;
	snmp->session = session;
	*ret_snmp = snmp;
	return 0;
}

void snmp_free(struct snmp *snmp)
{
	if (!snmp)
		return;
	snmp_sess_close(snmp->session);
	free(snmp);
}

/* ---- exchanges ---------------------------------------------------------------------------------
 */

static int session_error(struct snmp *snmp, int status)
{
	char *text = NULL;
	int error = -EPROTO, code = 0;

	snmp_sess_error(snmp->session, NULL, &code, &text);
	if (status == STAT_TIMEOUT || code == SNMPERR_TIMEOUT)
		error = -ETIMEDOUT;
	else if (code == SNMPERR_UNKNOWN_USER_NAME || code == SNMPERR_AUTHENTICATION_FAILURE ||
		 code == SNMPERR_UNSUPPORTED_SEC_LEVEL || code == SNMPERR_DECRYPTION_ERR ||
		 code == SNMPERR_USM_AUTHENTICATIONFAILURE ||
		 code == SNMPERR_USM_UNKNOWNSECURITYNAME ||
		 code == SNMPERR_USM_UNSUPPORTEDSECURITYLEVEL ||
		 code == SNMPERR_USM_DECRYPTIONERROR)
		error = -EACCES;
	error = call_fail(snmp->call, error, "SNMP: %s", text ? text : "no answer");
	free(text);
	return error;
}

static void take_text(const netsnmp_variable_list *v, struct snmp_value *to)
{
	size_t n = v->val_len < SNMP_TEXT_MAX - 1 ? v->val_len : SNMP_TEXT_MAX - 1;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = v->val.string[i];

		to->text[i] = (char)(c >= ' ' && c != 127 ? c : '_');
	}
	while (n && to->text[n - 1] == '_' && v->val.string[n - 1] == 0) /* some count the NUL */
		n--;
	to->text[n] = 0;
	to->type = SNMP_TEXT;
}

static void take_value(const netsnmp_variable_list *v, struct snmp_value *to)
{
	*to = (struct snmp_value){ .type = SNMP_OTHER };
	to->name.n = v->name_length < SNMP_OID_MAX ? v->name_length : SNMP_OID_MAX;
	for (size_t i = 0; i < to->name.n; i++)
		to->name.ids[i] = v->name[i];
	switch (v->type) {
	case ASN_INTEGER:
	case ASN_GAUGE:
	case ASN_UINTEGER:
		if (v->val_len == sizeof(long) && v->val.integer) {
			to->type = SNMP_NUMBER;
			to->number = *v->val.integer;
		}
		break;
	case ASN_OCTET_STR:
		take_text(v, to);
		break;
	case SNMP_NOSUCHOBJECT:
	case SNMP_NOSUCHINSTANCE:
	case SNMP_ENDOFMIBVIEW:
	case ASN_NULL:
		to->type = SNMP_MISSING;
		break;
	}
}

static int answer_take(struct snmp *snmp, const netsnmp_pdu *answer, const char *oid_text,
	bool writing, struct snmp_value *ret_value)
{
	if (answer->errstat == SNMP_ERR_NOSUCHNAME && !writing) {
		*ret_value = (struct snmp_value){ .type = SNMP_MISSING };
		return 0;
	}
	if (answer->errstat == SNMP_ERR_AUTHORIZATIONERROR || answer->errstat == SNMP_ERR_NOACCESS)
		return call_fail(
			snmp->call, writing ? -EPERM : -EACCES, "SNMP %s: no access", oid_text);
	if (answer->errstat != SNMP_ERR_NOERROR)
		return call_fail(snmp->call, writing ? -EPERM : -EPROTO, "SNMP %s: %s", oid_text,
			snmp_errstring((int)answer->errstat));
	if (answer->command != SNMP_MSG_RESPONSE || !answer->variables)
		return call_fail(
			snmp->call, -EPROTO, "SNMP %s: a report instead of an answer", oid_text);
	take_value(answer->variables, ret_value);
	return 0;
}

/* value: what is written, NULL: nothing is. */
static int exchange(struct snmp *snmp, int command, const struct snmp_name *name, u_char type,
	const void *value, size_t size, struct snmp_value *ret_value)
{
	netsnmp_session *s = snmp_sess_session(snmp->session);
	netsnmp_pdu *request = snmp_pdu_create(command), *answer = NULL;
	oid ids[SNMP_OID_MAX];
	char oid_text[256];
	int status, r;

	for (size_t i = 0; i < name->n; i++)
		ids[i] = name->ids[i];
	if (value)
		snmp_pdu_add_variable(request, ids, name->n, type, value, size);
	else
		snmp_add_null_var(request, ids, name->n);
	if (s)
		patience_set(snmp->call, s);
	status = snmp_sess_synch_response(snmp->session, request, &answer);
	name_text(name, oid_text, sizeof(oid_text));
	if (status != STAT_SUCCESS || !answer)
		r = session_error(snmp, status);
	else
		r = answer_take(snmp, answer, oid_text, value != NULL, ret_value);
	if (answer)
		snmp_free_pdu(answer);
	return r;
}

int snmp_get(struct snmp *snmp, const struct snmp_name *name, struct snmp_value *ret_value)
{
	struct snmp_value value;
	int r = exchange(snmp, SNMP_MSG_GET, name, ASN_NULL, NULL, 0, &value);

	if (r < 0)
		return r;
	/* An answer to another question is none. */
	if (value.type != SNMP_MISSING &&
		(value.name.n != name->n ||
			memcmp(value.name.ids, name->ids, name->n * sizeof(name->ids[0])) != 0))
		return call_fail(snmp->call, -EPROTO, "SNMP: the answer is about another object");
	*ret_value = value;
	return 0;
}

int snmp_next(struct snmp *snmp, const struct snmp_name *name, struct snmp_value *ret_value)
{
	return exchange(snmp, SNMP_MSG_GETNEXT, name, ASN_NULL, NULL, 0, ret_value);
}

int snmp_set(struct snmp *snmp, const struct snmp_name *name, long number)
{
	struct snmp_value value;

	return exchange(snmp, SNMP_MSG_SET, name, ASN_INTEGER, &number, sizeof(number), &value);
}

int snmp_set_text(struct snmp *snmp, const struct snmp_name *name, const char *text)
{
	struct snmp_value value;

	return exchange(snmp, SNMP_MSG_SET, name, ASN_OCTET_STR, text, strlen(text), &value);
}
