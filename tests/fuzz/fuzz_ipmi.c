/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever an IPMI controller says: no crash, and off only if the bit of power is there, and clear.
 */
#include "fuzz_world.h"

#define main agent_program
#include "../../fence-agents/fence_picket_ipmi.c"
#undef main

static int last_errnum;
static bool last_off;

static int answer(fiid_obj_t obj)
{
	unsigned code = world_byte();
	const uint8_t *message;
	size_t size;

	last_off = false;
	if (!world_message(&message, &size) || code >= 0xe0) {
		last_errnum = (int)code - 0xe0 > 0 ? (int)code - 0xe0 : IPMI_ERR_SESSION_TIMEOUT;
		return -1;
	}
	fiid_obj_set_all(obj, message, (unsigned)(size < 64 ? size : 64));
	if (code >= 0xd0) {
		last_errnum = IPMI_ERR_BAD_COMPLETION_CODE;
		return -1;
	}
	return 0;
}

/* In place of libfreeipmi's. */
int ipmi_ctx_open_outofband_2_0(ipmi_ctx_t ctx, const char *hostname, const char *username,
	const char *password, const unsigned char *k_g, unsigned int k_g_len,
	uint8_t privilege_level, uint8_t cipher_suite_id, unsigned int session_timeout,
	unsigned int retransmission_timeout, unsigned int workaround_flags, unsigned int flags)
{
	unsigned code = world_byte();

	last_errnum = code >= 0x80 ? (int)code - 0x80 : 0;
	return last_errnum ? -1 : 0;
}

int ipmi_ctx_open_outofband(ipmi_ctx_t ctx, const char *hostname, const char *username,
	const char *password, uint8_t authentication_type, uint8_t privilege_level,
	unsigned int session_timeout, unsigned int retransmission_timeout,
	unsigned int workaround_flags, unsigned int flags)
{
	last_errnum = IPMI_ERR_CONNECTION_TIMEOUT;
	return -1;
}

int ipmi_ctx_errnum(ipmi_ctx_t ctx)
{
	return last_errnum;
}

int ipmi_cmd_get_chassis_status(ipmi_ctx_t ctx, fiid_obj_t obj)
{
	int r = answer(obj);
	uint64_t on;

	if (r == 0)
		last_off = fiid_obj_get(obj, "current_power_state.power_is_on", &on) == 1 && !on;
	return r;
}

int ipmi_cmd_chassis_control(ipmi_ctx_t ctx, uint8_t control, fiid_obj_t obj)
{
	return answer(obj);
}

int ipmi_cmd_get_system_guid(ipmi_ctx_t ctx, fiid_obj_t obj)
{
	return answer(obj);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const texts[] = { "ip=127.0.0.1\nusername=u\npassword=p\n",
		"ip=127.0.0.1\nusername=u\npassword=p\nsystem_uuid=00112233-4455-6677-8899-"
		"aabbccddeeff\n" };
	struct call call;

	if (!size)
		return 0;
	world_begin(&call, agent.name, agent.groups, agent.params, agent.presets,
		texts[data[0] & 1], data + 1, size - 1);
	if (world_off(&call, agent.device) && !last_off)
		abort();
	agent.device->rehearse(&call);
	agent.device->close(&call);
	world_end(&call);
	return 0;
}
