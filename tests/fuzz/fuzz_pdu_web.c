/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever a unit with a web server says: no crash, and off only if it shows the value of off. */
#include "fuzz_web.h"
#include "pdu_web.h"

#define main agent_program
#include "../../fence-agents/fence_picket_pdu.c"
#undef main

static const char *const texts[] = {
	"ip=192.0.2.1\nfamily=raritan_json\nplug=1\n",
	"ip=192.0.2.1\nfamily=netio_json\nplug=1\n",
	"ip=192.0.2.1\nfamily=redfish_outlets\nplug=1\n",
	"ip=192.0.2.1\nfamily=http_template\nplug=1\nhttp_status=GET /\nhttp_off=GET /\n",
};

static int listed(void *ctx, const char *id, const char *alias, enum power power)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const off[] = { "\"powerState\"", "\"State\"", "Off", "false" };
	struct call call;
	unsigned which;

	if (!size)
		return 0;
	which = data[0] & 3;
	world_begin(&call, agent.name, agent.groups, agent.params, agent.presets, texts[which],
		data + 1, size - 1);
	/* Escapes can write a name in more ways than one: those are not judged here. */
	if (world_off(&call, agent.device) && !strchr(web_last, '\\') &&
		!strstr(web_last, off[which]))
		abort();
	if (call.device && ((struct pdu *)call.device)->web) {
		agent.device->list(&call, listed, NULL);
		agent.device->rehearse(&call);
	}
	agent.device->close(&call);
	world_end(&call);
	free(give(web_last));
	return 0;
}
