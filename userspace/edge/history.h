/* SPDX-License-Identifier: GPL-2.0-or-later */
/* History: JSON documents on disk, one file each, replaced whole, synced in the background. */
#ifndef EDGE_HISTORY_H
#define EDGE_HISTORY_H

#include <jansson.h>
#include <uv.h>

#define HISTORY_FILE_MAX (4 << 20) /* bytes of one document */
#define HISTORY_FILES_MAX 8192

struct history;

/* A name is a file's name without its ".json". */
struct history_handler {
	/* A document that is there at the start. Borrowed. */
	void (*on_document)(void *ctx, const char *name, json_t *document);
	/* One that cannot be read was moved aside, or one could not be written. */
	void (*on_problem)(void *ctx, const char *sentence);
};

/* Makes the folder if need be (0700), reads what is there, in no order. On failure *why is a
 * sentence; the caller frees it. */
int history_open(uv_loop_t *loop, const char *dir, const struct history_handler *handler, void *ctx,
	struct history **ret, char **why);

/* The document takes the place of the one before, at once and atomically: should this process be
 * killed now, the next one finds it. Safe against a power cut it is a little later. NULL: removes
 * it. Borrowed. */
void history_put(struct history *history, const char *name, json_t *document);

/* Moves a document aside that its reader could not use: "NAME.damaged". */
void history_aside(struct history *history, const char *name);

/* Waits for the disk, then lets go. */
void history_free(struct history *history);

#endif
