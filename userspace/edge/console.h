/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Console: the web page that picketd serves: its files, as they were when it was built. */
#ifndef EDGE_CONSOLE_H
#define EDGE_CONSOLE_H

#include <stddef.h>

struct console_file {
	const char *name; /* "index.html" */
	const char *type;
	const char *data;
	size_t len;
	char etag[17];
};

/* path: "/", "/ui/NAME". NULL: there is no such file. */
const struct console_file *console_file(const char *path);
/* What a page of ours may do: load what is ours, and nothing else. */
extern const char console_policy[];

#endif
