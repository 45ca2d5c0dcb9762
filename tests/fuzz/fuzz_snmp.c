/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever an SNMP agent says: no crash, and off only for an integer that means off. */
#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include "fuzz_world.h"

#define main agent_program
#include "../../fence-agents/fence_picket_pdu.c"
#undef main

static long last_number;
static bool last_is_number;
static char last_text[SNMP_TEXT_MAX];

/* In place of net-snmp's: the answer's bytes are the fuzzer's, and net-snmp's own to read. */
int snmp_sess_synch_response(void *session, netsnmp_pdu *request, netsnmp_pdu **ret)
{
	netsnmp_pdu *answer;
	const uint8_t *message;
	unsigned char bytes[1500];
	size_t size;

	last_is_number = false;
	last_text[0] = 0;
	*ret = NULL;
	if (!world_message(&message, &size)) {
		snmp_free_pdu(request);
		return STAT_TIMEOUT;
	}
	size = size < sizeof(bytes) ? size : sizeof(bytes);
	memcpy(bytes, message, size);
	answer = snmp_pdu_create(SNMP_MSG_RESPONSE);
	answer->errstat = answer->errindex = 0;
	if (size && bytes[0] == '=') { /* a number for what was asked, or for one below */
		long number = size > 1 ? (signed char)bytes[1] : 0;
		netsnmp_variable_list *asked = request->variables;
		oid name[MAX_OID_LEN];
		size_t length = asked->name_length;

		memcpy(name, asked->name, length * sizeof(oid));
		for (size_t i = 2; i < size && length < MAX_OID_LEN; i++)
			name[length++] = bytes[i];
		snmp_pdu_add_variable(answer, name, length, ASN_INTEGER, &number, sizeof(number));
	} else if (snmp_pdu_parse(answer, bytes, &size) < 0) {
		snmp_free_pdu(answer);
		snmp_free_pdu(request);
		return STAT_ERROR;
	}
	if (answer->variables && answer->variables->val.integer &&
		(answer->variables->type == ASN_INTEGER || answer->variables->type == ASN_GAUGE ||
			answer->variables->type == ASN_UINTEGER)) {
		last_is_number = true;
		last_number = *answer->variables->val.integer;
	}
	if (answer->variables && answer->variables->type == ASN_OCTET_STR)
		snprintf(last_text, sizeof(last_text), "%.*s", (int)answer->variables->val_len,
			(const char *)answer->variables->val.string);
	snmp_free_pdu(request);
	*ret = answer;
	return STAT_SUCCESS;
}

/* The last answer was a number that means off; or, of a unit that gives all in one text, the second
 * of them is 0. */
static bool said_off(const struct pdu *pdu)
{
	const char *second = strchr(last_text, ',');

	if (pdu->family.joined)
		return second && second[1] == '0' && (!second[2] || second[2] == ',');
	return last_is_number && pdu_family_power(&pdu->family, last_number) == POWER_OFF;
}

static int listed(void *ctx, const char *id, const char *alias, enum power power)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const texts[] = {
		"ip=127.0.0.1\nsnmp_version=2c\nplug=1\n",
		"ip=127.0.0.1\nsnmp_version=2c\nplug=web\nfamily=apc_rpdu2\n",
		"ip=127.0.0.1\nsnmp_version=1\nplug=1\nfamily=eaton_epdu\n",
		"ip=127.0.0.1\nsnmp_version=2c\nplug=2:1\nplug_names=x\nfamily=sentry4\n",
		"ip=127.0.0.1\nsnmp_version=2c\nplug=2\nfamily=lindy\n",
	};
	struct call call;
	struct pdu *pdu;

	if (!size)
		return 0;
	world_begin(&call, agent.name, agent.groups, agent.params, agent.presets,
		texts[data[0] % 5], data + 1, size - 1);
	if (world_off(&call, agent.device) && !said_off(call.device))
		abort();
	pdu = call.device;
	if (pdu && pdu->snmp && pdu->family.state) {
		agent.device->list(&call, listed, NULL);
		agent.device->rehearse(&call);
	}
	agent.device->close(&call);
	world_end(&call);
	return 0;
}
