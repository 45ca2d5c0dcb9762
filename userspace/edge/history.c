/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "edge/history.h"

/* What a file shall hold. */
struct page {
	struct page *next;
	char *name, *text; /* text NULL: no such file */
	int error;
};

struct history {
	uv_loop_t *loop;
	char *dir;
	struct history_handler handler;
	void *ctx;
	uv_work_t work;
	struct page *waiting; /* the latest of each name */
	struct page *writing; /* the worker thread's, until it is done */
	/* history_free() waits for the thread without the loop. */
	uv_mutex_t mutex;
	uv_cond_t written;
	bool busy, closing;
};

static void page_free(struct page *page)
{
	free(page->name);
	free(page->text);
	free(page);
}

static char *path_of(const struct history *h, const char *name, const char *suffix)
{
	return own_printf("%s/%s%s", h->dir, name, suffix);
}

static void problem(struct history *h, char *sentence)
{
	h->handler.on_problem(h->ctx, sentence);
	free(sentence);
}

void history_aside(struct history *h, const char *name)
{
	owned(free) char *from = path_of(h, name, ".json"), *to = path_of(h, name, ".damaged");

	if (rename(from, to) && errno != ENOENT)
		problem(h, own_printf("%s: cannot be moved aside: %s", from, strerror(errno)));
}

static void read_one(struct history *h, const char *name)
{
	owned(free) char *path = path_of(h, name, ".json");
	owned(free) char *text = NULL;
	json_error_t error;
	json_t *document;
	size_t len;
	int r = file_read(path, HISTORY_FILE_MAX, &text, &len);

	if (r) {
		problem(h, own_printf("%s: %s; moved to %s.damaged", path, strerror(-r), name));
		history_aside(h, name);
		return;
	}
	document = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!document) {
		problem(h, own_printf("%s is damaged (line %d, column %d: %s); moved to %s.damaged", path,
				   error.line, error.column, error.text, name));
		history_aside(h, name);
		return;
	}
	h->handler.on_document(h->ctx, name, document);
	json_decref(document);
}

/* A name that ends with .json is ours; one that ends otherwise was never finished. */
static int read_all(struct history *h, char **why)
{
	DIR *dir = opendir(h->dir);
	struct dirent *entry;
	unsigned n = 0;

	if (!dir) {
		*why = own_printf("%s: %s", h->dir, strerror(errno));
		return -errno;
	}
	while ((entry = readdir(dir))) {
		owned(free) char *name = own_string(entry->d_name), *path = NULL;
		char *suffix = strstr(name, ".json");

		if (!suffix || name[0] == '.')
			continue;
		if (strcmp(suffix, ".json")) {
			path = path_of(h, name, "");
			unlink(path);
			continue;
		}
		*suffix = '\0';
		if (++n > HISTORY_FILES_MAX) {
			problem(h, own_printf("%s: more than %d files; the rest is ignored", h->dir,
					   HISTORY_FILES_MAX));
			break;
		}
		read_one(h, name);
	}
	closedir(dir);
	return 0;
}

int history_open(uv_loop_t *loop, const char *dir, const struct history_handler *handler, void *ctx,
	struct history **ret, char **why)
{
	struct history *h;
	int r = file_folder(dir, 0700);

	if (r || access(dir, W_OK)) {
		*why = own_printf("%s: %s", dir, strerror(r ? -r : errno));
		return r ? r : -errno;
	}
	h = own_new(struct history);
	h->loop = loop;
	h->dir = own_string(dir);
	h->handler = *handler;
	h->ctx = ctx;
	h->work.data = h;
	uv_mutex_init(&h->mutex);
	uv_cond_init(&h->written);
	*ret = h; /* on_document may already put */
	r = read_all(h, why);
	if (r) {
		history_free(h);
		*ret = NULL;
	}
	return r;
}

static void write_page(const struct history *h, struct page *page)
{
	owned(free) char *path = path_of(h, page->name, ".json");

	if (page->text)
		page->error = file_write(path, 0600, page->text, strlen(page->text));
	else if (unlink(path) && errno != ENOENT)
		page->error = -errno;
}

/* On a thread of the pool: a slow disk must not keep the loop from its work. */
static void on_work(uv_work_t *work)
{
	struct history *h = work->data;

	for (struct page *page = h->writing; page; page = page->next)
		write_page(h, page);
	uv_mutex_lock(&h->mutex);
	h->busy = false;
	uv_cond_signal(&h->written);
	uv_mutex_unlock(&h->mutex);
}

static void history_done(struct history *h)
{
	uv_cond_destroy(&h->written);
	uv_mutex_destroy(&h->mutex);
	free(h->dir);
	free(h);
}

static void pages_end(struct history *h)
{
	while (h->writing) {
		struct page *page = h->writing;

		h->writing = page->next;
		if (page->error)
			problem(h, own_printf("%s/%s.json cannot be written: %s", h->dir, page->name,
					   strerror(-page->error)));
		page_free(page);
	}
}

static void write_begin(struct history *h);

static void on_work_done(uv_work_t *work, int status)
{
	struct history *h = work->data;

	if (h->closing) {
		history_done(h);
		return;
	}
	pages_end(h);
	write_begin(h);
}

static void write_begin(struct history *h)
{
	if (h->writing || !h->waiting)
		return;
	h->writing = give(h->waiting);
	h->busy = true;
	if (uv_queue_work(h->loop, &h->work, on_work, on_work_done)) {
		on_work(&h->work); /* no thread to be had */
		pages_end(h);
	}
}

void history_put(struct history *h, const char *name, json_t *document)
{
	char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
	struct page **at = &h->waiting;

	while (*at && strcmp((*at)->name, name))
		at = &(*at)->next;
	if (*at) {
		free((*at)->text);
	} else {
		*at = own_new(struct page);
		(*at)->name = own_string(name);
	}
	(*at)->text = text;
	write_begin(h);
}

void history_free(struct history *h)
{
	bool pending;

	if (!h)
		return;
	uv_mutex_lock(&h->mutex);
	while (h->busy)
		uv_cond_wait(&h->written, &h->mutex);
	uv_mutex_unlock(&h->mutex);
	pending = h->writing != NULL; /* on_work_done() is still to come */
	pages_end(h);
	while (h->waiting) {
		struct page *page = h->waiting;

		h->waiting = page->next;
		write_page(h, page);
		page_free(page);
	}
	h->closing = true;
	if (!pending)
		history_done(h);
}
