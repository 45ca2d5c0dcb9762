/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "edge/console.h"

/* The files of userspace/ui, one CONSOLE_FILE(number, name, path) each. */
#include "console.gen.h"

const char console_policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "
	"'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#define CONSOLE_FILE(number, name, path)                                                           \
	asm(".section .rodata\n"                                                                   \
	    ".balign 16\n"                                                                         \
	    ".hidden console_" #number "\n"                                                        \
	    ".global console_" #number "\n"                                                        \
	    "console_" #number ": .incbin \"" path "\"\n"                                          \
	    ".hidden console_end_" #number "\n"                                                    \
	    ".global console_end_" #number "\n"                                                    \
	    "console_end_" #number ": .byte 0\n"                                                   \
	    ".previous\n");                                                                        \
	extern const char console_##number[], console_end_##number[];
CONSOLE_FILES
#undef CONSOLE_FILE

static const char *type_of(const char *name)
{
	static const struct {
		const char *end, *type;
	} rows[] = { { ".html", "text/html; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" }, { ".css", "text/css; charset=utf-8" },
		{ ".svg", "image/svg+xml" }, { ".json", "application/json" } };
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].end, dot))
			return rows[i].type;
	return "application/octet-stream";
}

/* FNV-1a: another build's file has another tag. */
static void tag_of(struct console_file *f)
{
	unsigned long long h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < f->len; i++)
		h = (h ^ (unsigned char)f->data[i]) * 0x100000001b3ULL;
	snprintf(f->etag, sizeof(f->etag), "%016llx", h);
}

const struct console_file *console_file(const char *path)
{
#define CONSOLE_FILE(number, file, from) { file, NULL, console_##number, 0, "" },
	static struct console_file files[] = { CONSOLE_FILES };
#undef CONSOLE_FILE
#define CONSOLE_FILE(number, file, from) console_end_##number,
	static const char *const ends[] = { CONSOLE_FILES };
#undef CONSOLE_FILE
	const char *name = !strcmp(path, "/")          ? "index.html"
			   : !strncmp(path, "/ui/", 4) ? path + 4
						       : "";

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct console_file *f = &files[i];

		if (strcmp(f->name, name))
			continue;
		if (!f->type) {
			f->type = type_of(name);
			f->len = (size_t)(ends[i] - f->data);
			tag_of(f);
		}
		return f;
	}
	return NULL;
}
