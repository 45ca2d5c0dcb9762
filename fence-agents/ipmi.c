/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/own.h"
#include "ipmi.h"

enum {
	RETRANSMIT_MS = 400, /* before a request is sent again; a controller answers in 1 to 200 */
	BUSY_MS = 300,
	OPENSESSION = IPMI_WORKAROUND_FLAGS_OUTOFBAND_2_0_OPEN_SESSION_PRIVILEGE,
};

struct ipmi {
	struct call *call;
	ipmi_ctx_t ctx;
	char *host; /* "address:port" */
	unsigned char kg[IPMI_MAX_K_G_LENGTH];
	int kg_size;
	/* what worked before, so that a lost session is opened anew without trying all again */
	int suite; /* -1: not known */
	unsigned workaround;
	bool known, version_15;
	char description[64];
};

int ipmi_hex(const char *text, unsigned char *to, size_t size)
{
	size_t n = 0;

	if (strncasecmp(text, "0x", 2) == 0)
		text += 2;
	for (; *text; text += 2) {
		unsigned byte;

		if (n >= size || !strchr("0123456789abcdefABCDEF", text[0]) || !text[1] ||
			!strchr("0123456789abcdefABCDEF", text[1]) ||
			sscanf(text, "%2x", &byte) != 1)
			return -EINVAL;
		to[n++] = (unsigned char)byte;
	}
	return (int)n;
}

static char *host_of(const struct call *call)
{
	const char *ip = call_address(call);
	const char *port = settings_get(call->settings, "ipport");

	if (strchr(ip, ':') && *ip != '[')
		return own_printf("[%s]:%s", ip, port);
	return own_printf("%s:%s", ip, port);
}

struct ipmi *ipmi_new(struct call *call)
{
	const char *kg = settings_get(call->settings, "hexadecimal_kg");
	struct ipmi *ipmi = own_new(struct ipmi);

	ipmi->call = call;
	ipmi->host = host_of(call);
	ipmi->suite = -1;
	if (kg)
		ipmi->kg_size = ipmi_hex(kg, ipmi->kg, sizeof(ipmi->kg));
	return ipmi;
}

static void session_drop(struct ipmi *ipmi)
{
	if (!ipmi->ctx)
		return;
	ipmi_ctx_close(ipmi->ctx);
	ipmi_ctx_destroy(ipmi->ctx);
	ipmi->ctx = NULL;
}

void ipmi_free(struct ipmi *ipmi)
{
	if (!ipmi)
		return;
	session_drop(ipmi);
	explicit_bzero(ipmi->kg, sizeof(ipmi->kg));
	free(ipmi->host);
	free(ipmi);
}

const char *ipmi_description(const struct ipmi *ipmi)
{
	return ipmi->description;
}

static int error_of(int errnum)
{
	switch (errnum) {
	case IPMI_ERR_SUCCESS:
		return 0;
	case IPMI_ERR_USERNAME_INVALID:
	case IPMI_ERR_PASSWORD_INVALID:
	case IPMI_ERR_K_G_INVALID:
	case IPMI_ERR_PERMISSION:
	case IPMI_ERR_PRIVILEGE_LEVEL_INSUFFICIENT:
	case IPMI_ERR_PRIVILEGE_LEVEL_CANNOT_BE_OBTAINED:
	case IPMI_ERR_AUTHENTICATION_TYPE_UNAVAILABLE:
	case IPMI_ERR_CIPHER_SUITE_ID_UNAVAILABLE:
	case IPMI_ERR_IPMI_2_0_UNAVAILABLE:
		return -EACCES;
	case IPMI_ERR_CONNECTION_TIMEOUT:
	case IPMI_ERR_SESSION_TIMEOUT:
	case IPMI_ERR_MESSAGE_TIMEOUT:
	case IPMI_ERR_DRIVER_TIMEOUT:
	case IPMI_ERR_PASSWORD_VERIFICATION_TIMEOUT:
		return -ETIMEDOUT;
	case IPMI_ERR_BMC_BUSY:
	case IPMI_ERR_DRIVER_BUSY:
		return -EAGAIN;
	case IPMI_ERR_HOSTNAME_INVALID:
		return -EHOSTUNREACH;
	case IPMI_ERR_COMMAND_INVALID_OR_UNSUPPORTED:
	case IPMI_ERR_COMMAND_INVALID_FOR_SELECTED_INTERFACE:
		return -ENOTSUP;
	case IPMI_ERR_SYSTEM_ERROR:
		return -ECONNREFUSED;
	default:
		return -EPROTO;
	}
}

/* ---- the session -------------------------------------------------------------------------------
 */

static int privilege_of(const struct settings *s)
{
	static const char *const names[] = { "callback", "user", "operator", "administrator" };
	const char *level = settings_get(s, "privlvl");

	for (int i = 0; i < 4; i++)
		if (strcmp(level, names[i]) == 0)
			return IPMI_PRIVILEGE_LEVEL_CALLBACK + i;
	return IPMI_PRIVILEGE_LEVEL_ADMIN;
}

static uint8_t auth_of(const struct settings *s)
{
	const char *auth = settings_get(s, "auth");

	if (auth && strcmp(auth, "none") == 0)
		return IPMI_AUTHENTICATION_TYPE_NONE;
	if (auth && strcmp(auth, "password") == 0)
		return IPMI_AUTHENTICATION_TYPE_STRAIGHT_PASSWORD_KEY;
	return IPMI_AUTHENTICATION_TYPE_MD5;
}

/* How long a session may be without an answer: what is left of the time to log in, at least a few
 * retransmissions. */
static unsigned session_ms(const struct ipmi *ipmi)
{
	uint64_t login = settings_ms(ipmi->call->settings, "login_timeout");
	uint64_t left = deadline_left_ms(ipmi->call->deadline);
	uint64_t ms = left < login ? left : login;

	return ms < RETRANSMIT_MS + 1 ? RETRANSMIT_MS + 1 : (unsigned)ms;
}

static int target_set(struct ipmi *ipmi)
{
	const char *target = settings_get(ipmi->call->settings, "target");
	uint8_t channel = 0, address;

	if (!target)
		return 0;
	address = (uint8_t)strtoul(target, NULL, 0);
	return ipmi_ctx_set_target(ipmi->ctx, &channel, &address);
}

/* One attempt, of one kind. Returns the library's error number. */
static int session_try(struct ipmi *ipmi, int suite, unsigned workaround)
{
	const struct settings *s = ipmi->call->settings;
	const char *user = settings_get(s, "username"), *password = settings_get(s, "password");
	uint64_t start = deadline_now_ns();
	char asked[64];
	int r, errnum = 0;

	if (suite < 0)
		snprintf(asked, sizeof(asked), "1.5");
	else
		snprintf(asked, sizeof(asked), "2.0, cipher suite %d%s", suite,
			workaround ? ", privilege in open session" : "");
	call_doing(ipmi->call, "opening an IPMI %s session", asked);
	ipmi->ctx = ipmi_ctx_create();
	if (!ipmi->ctx)
		return IPMI_ERR_OUT_OF_MEMORY;
	if (suite < 0)
		r = ipmi_ctx_open_outofband(ipmi->ctx, ipmi->host, user, password, auth_of(s),
			(uint8_t)privilege_of(s), session_ms(ipmi), RETRANSMIT_MS, 0,
			IPMI_FLAGS_DEFAULT);
	else
		r = ipmi_ctx_open_outofband_2_0(ipmi->ctx, ipmi->host, user, password,
			ipmi->kg_size > 0 ? ipmi->kg : NULL, (unsigned)ipmi->kg_size,
			(uint8_t)privilege_of(s), (uint8_t)suite, session_ms(ipmi), RETRANSMIT_MS,
			workaround, IPMI_FLAGS_DEFAULT);
	if (r == 0)
		r = target_set(ipmi);
	if (r < 0)
		errnum = ipmi_ctx_errnum(ipmi->ctx);
	if (r < 0)
		call_fail(ipmi->call, 0, "IPMI %s: %s", asked, ipmi_ctx_errormsg(ipmi->ctx));
	call_evidence(ipmi->call, &(struct evidence_step){ .step = "login",
					  .asked = asked,
					  .answered = r < 0 ? ipmi_ctx_errormsg(ipmi->ctx) : "ok",
					  .start_ns = start });
	if (r < 0)
		session_drop(ipmi);
	else
		snprintf(ipmi->description, sizeof(ipmi->description), "%s", asked);
	return errnum;
}

/* Errors that another way of asking may cure. */
static bool wants_workaround(int errnum)
{
	return errnum == IPMI_ERR_PRIVILEGE_LEVEL_CANNOT_BE_OBTAINED ||
	       errnum == IPMI_ERR_PASSWORD_INVALID;
}

static bool wants_other_suite(int errnum)
{
	return errnum == IPMI_ERR_CIPHER_SUITE_ID_UNAVAILABLE ||
	       errnum == IPMI_ERR_BAD_RMCPPLUS_STATUS_CODE ||
	       errnum == IPMI_ERR_PRIVILEGE_LEVEL_CANNOT_BE_OBTAINED ||
	       errnum == IPMI_ERR_IPMI_ERROR;
}

static int suite_try(struct ipmi *ipmi, int suite)
{
	int errnum = session_try(ipmi, suite, 0), other;

	ipmi->workaround = 0;
	if (!wants_workaround(errnum))
		return errnum;
	other = session_try(ipmi, suite, OPENSESSION);
	if (other == 0)
		ipmi->workaround = OPENSESSION;
	return other;
}

static int session_negotiate(struct ipmi *ipmi)
{
	const struct settings *s = ipmi->call->settings;
	const char *cipher = settings_get(s, "cipher");
	bool plus = settings_flag(s, "lanplus"), said = settings_given(s, "lanplus");
	const int suites[] = { cipher ? (int)strtol(cipher, NULL, 10) : 17, 3 };
	int errnum = IPMI_ERR_IPMI_2_0_UNAVAILABLE;

	ipmi->version_15 = said && !plus && !cipher;
	for (size_t i = 0; i < (cipher ? 1 : 2) && !ipmi->version_15; i++) {
		errnum = suite_try(ipmi, suites[i]);
		ipmi->suite = suites[i];
		if (!wants_other_suite(errnum))
			break;
	}
	if (ipmi->version_15 || (errnum == IPMI_ERR_IPMI_2_0_UNAVAILABLE && !said)) {
		ipmi->version_15 = true;
		errnum = session_try(ipmi, -1, 0);
	}
	return errnum;
}

int ipmi_open(struct ipmi *ipmi)
{
	int errnum, r;

	if (ipmi->ctx)
		return 0;
	if (ipmi->known)
		errnum = session_try(ipmi, ipmi->version_15 ? -1 : ipmi->suite, ipmi->workaround);
	else
		errnum = session_negotiate(ipmi);
	ipmi->known = ipmi->known || errnum == 0;
	r = error_of(errnum);
	if (r == -EAGAIN)
		ipmi->call->retry_ms = BUSY_MS;
	return r; /* session_try() has set the reason */
}

/* ---- commands ----------------------------------------------------------------------------------
 */

static int command_failed(struct ipmi *ipmi, fiid_obj_t answer, const char *what)
{
	uint64_t code = 0;
	int errnum = ipmi_ctx_errnum(ipmi->ctx), error = error_of(errnum);
	char buffer[160];

	snprintf(buffer, sizeof(buffer), "%s", ipmi_ctx_errormsg(ipmi->ctx));
	if (errnum == IPMI_ERR_BAD_COMPLETION_CODE &&
		fiid_obj_get(answer, "comp_code", &code) == 1) {
		snprintf(buffer, sizeof(buffer), "completion code 0x%02x%s", (unsigned)code,
			code == IPMI_COMP_CODE_REQUEST_PARAMETER_NOT_SUPPORTED
				? " (not in the present state)"
				: "");
		error = -EPERM;
	}
	if (error == -ETIMEDOUT || error == -EPROTO || error == -ECONNREFUSED)
		session_drop(ipmi);
	if (error == -EAGAIN)
		ipmi->call->retry_ms = BUSY_MS;
	return call_fail(ipmi->call, error, "%s: %s", what, buffer);
}

int ipmi_power(struct ipmi *ipmi, enum power *ret_power)
{
	static const char what[] = "get chassis status";
	uint64_t start = deadline_now_ns(), on = 0;
	fiid_obj_t answer;
	int r = ipmi_open(ipmi);

	if (r < 0)
		return r;
	answer = fiid_obj_create(tmpl_cmd_get_chassis_status_rs);
	if (ipmi_cmd_get_chassis_status(ipmi->ctx, answer) < 0)
		r = command_failed(ipmi, answer, what);
	else if (fiid_obj_get(answer, "current_power_state.power_is_on", &on) != 1)
		r = call_fail(ipmi->call, -EPROTO, "%s: no power state in the answer", what);
	fiid_obj_destroy(answer);
	call_evidence(ipmi->call, &(struct evidence_step){ .step = "get",
					  .asked = what,
					  .answered = r < 0 ? ipmi->call->reason : "ok",
					  .read = r < 0 ? NULL
						  : on  ? "power_is_on=1"
							: "power_is_on=0",
					  .start_ns = start });
	if (r < 0)
		return r;
	*ret_power = on ? POWER_ON : POWER_OFF;
	return 0;
}

int ipmi_control(struct ipmi *ipmi, unsigned char control)
{
	static const char *const names[] = { "power down", "power up", "power cycle", "hard reset",
		"diagnostic interrupt", "soft shutdown" };
	const char *name = control < 6 ? names[control] : "chassis control";
	uint64_t start = deadline_now_ns();
	fiid_obj_t answer;
	int r = ipmi_open(ipmi);

	if (r < 0)
		return r;
	answer = fiid_obj_create(tmpl_cmd_chassis_control_rs);
	if (ipmi_cmd_chassis_control(ipmi->ctx, control, answer) < 0)
		r = command_failed(ipmi, answer, name);
	fiid_obj_destroy(answer);
	call_evidence(ipmi->call, &(struct evidence_step){ .step = "set",
					  .asked = name,
					  .answered = r < 0 ? ipmi->call->reason : "accepted",
					  .start_ns = start });
	return r;
}

/* ---- identity ----------------------------------------------------------------------------------
 */

static char *uuid_text(const unsigned char *g, const unsigned char *order)
{
	char *text = own_alloc(37);
	size_t at = 0;

	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		at += (size_t)sprintf(text + at, "%02x", g[order[i]]);
	}
	return text;
}

static int guid_get(struct ipmi *ipmi, unsigned char *to)
{
	fiid_obj_t answer = fiid_obj_create(tmpl_cmd_get_system_guid_rs);
	int r = 0;

	if (ipmi_cmd_get_system_guid(ipmi->ctx, answer) < 0)
		r = command_failed(ipmi, answer, "get system GUID");
	else if (fiid_obj_get_data(answer, "guid", to, 16) != 16)
		r = call_fail(ipmi->call, -EPROTO, "get system GUID: a short answer");
	fiid_obj_destroy(answer);
	return r;
}

/* IPMI sends the least significant byte first; SMBIOS turns round the first three fields only; some
 * controllers send the bytes as they are printed. */
static const unsigned char reversed[] = { 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 };
static const unsigned char smbios[] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
static const unsigned char printed[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

int ipmi_guid(struct ipmi *ipmi, char **ret_uuid)
{
	unsigned char guid[16];
	int r = guid_get(ipmi, guid);

	if (r == 0)
		*ret_uuid = uuid_text(guid, smbios);
	return r;
}

int ipmi_check_guid(struct ipmi *ipmi, const char *uuid)
{
	const unsigned char *const orders[] = { smbios, reversed, printed };
	unsigned char guid[16];
	owned(free) char *text = NULL;
	int r = guid_get(ipmi, guid);

	if (r < 0)
		return r;
	for (size_t i = 0; i < 3; i++) {
		free(text);
		text = uuid_text(guid, orders[i]);
		if (strcasecmp(text, uuid) == 0) {
			call_evidence(ipmi->call,
				&(struct evidence_step){ .step = "identity", .read = text });
			return 0;
		}
	}
	free(text);
	text = uuid_text(guid, smbios);
	return call_fail(ipmi->call, -ESTALE, "another computer than recorded: uuid %s", text);
}
