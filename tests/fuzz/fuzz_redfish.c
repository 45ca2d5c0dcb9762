/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever a Redfish service says: no crash, and off only if the last answer says "Off". */
#include "fuzz_web.h"

#define main agent_program
#include "../../fence-agents/fence_picket_redfish.c"
#undef main

static bool says_off(const char *text)
{
	json_t *last = json_loads(text ? text : "", 0, NULL);
	const char *state = json_string_value(json_object_get(last, "PowerState"));
	bool off = state && strcmp(state, "Off") == 0;

	json_decref(last);
	return off;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct call call;

	world_begin(&call, agent.name, agent.groups, agent.params, agent.presets,
		"ip=192.0.2.1\nusername=u\npassword=p\n", data, size);
	if (world_off(&call, agent.device) && !says_off(web_last))
		abort();
	if (call.device)
		agent.device->rehearse(&call);
	agent.device->close(&call);
	world_end(&call);
	free(give(web_last));
	return 0;
}
