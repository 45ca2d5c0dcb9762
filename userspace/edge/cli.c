/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>

#include "edge/cli.h"

int cli_fail(int code, const char *format, ...)
{
	va_list ap;

	fputs("picket: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

void cli_print(const struct cli *cli, json_t *document)
{
	json_dumpf(document, cli->out, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	fputc('\n', cli->out);
}
