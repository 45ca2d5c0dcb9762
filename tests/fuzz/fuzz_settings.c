/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever comes on standard input: no crash; what is taken is what the table allows. */
#include <limits.h>

#include "fuzz_world.h"

static const char *const colours[] = { "red", "green", NULL };

/* Without _script and _file rows: a fuzzer runs no commands. */
static const struct param rows[] = {
	{ "secret", "old_secret", 's', PARAM_STRING, NULL, NULL, NULL, "", .secret = true },
	{ "count", NULL, 'c', PARAM_INTEGER, NULL, "3", NULL, "" },
	{ "wait", NULL, 'w', PARAM_SECOND, NULL, "5", NULL, "" },
	{ "lamp", NULL, 'l', PARAM_BOOLEAN, NULL, NULL, NULL, "" },
	{ "colour", NULL, 'k', PARAM_SELECT, NULL, "red", colours, "" },
	{ NULL },
};

static void judge(const struct settings *s)
{
	const char *colour = settings_get(s, "colour");
	long count = settings_number(s, "count");

	if (strcmp(colour, "red") != 0 && strcmp(colour, "green") != 0)
		abort();
	if (count < 0 || count > INT_MAX || settings_ms(s, "wait") > 1000000000U)
		abort();
	settings_flag(s, "lamp");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct params params;
	struct settings *s;
	char *problem = NULL;

	params_init(&params, PARAM_POWER | PARAM_PLUG | PARAM_TLS, rows, NULL);
	s = settings_new(&params);
	settings_take_text(s, (const char *)data, size, world_quiet, NULL);
	if (settings_finish(s, 1, &problem) == 0)
		judge(s);
	free(problem);
	settings_free(s);
	params_done(&params);
	return 0;
}
