/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "edge/history.h"

/* A file whose change the disk has yet to take. */
struct page {
	struct page *next;
	char *name;
	int error;
};

struct history {
	uv_loop_t *loop;
	char *dir;
	struct history_handler handler;
	void *ctx;
	uv_work_t work;
	struct page *waiting;
	struct page *syncing; /* the worker thread's, until it is done */
	/* history_free() waits for the thread without the loop. */
	uv_mutex_t mutex;
	uv_cond_t synced;
	bool busy, closing;
};

static void page_free(struct page *page)
{
	free(page->name);
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
		problem(h, own_printf("%s is damaged (line %d, column %d: %s); moved to %s.damaged",
				   path, error.line, error.column, error.text, name));
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
	uv_cond_init(&h->synced);
	*ret = h; /* on_document may already put */
	r = read_all(h, why);
	if (r) {
		history_free(h);
		*ret = NULL;
	}
	return r;
}

/* Another process of ours sees it from now on, should this one be killed. */
static int write_now(const struct history *h, const char *name, json_t *document)
{
	owned(free) char *path = path_of(h, name, ".json"), *beside = path_of(h, name, ".json.new");
	FILE *f;
	int r = 0;

	if (!document)
		return unlink(path) && errno != ENOENT ? -errno : 0;
	f = fopen(beside, "we");
	if (!f)
		return -errno;
	if (fchmod(fileno(f), 0600) || json_dumpf(document, f, JSON_COMPACT))
		r = errno ? -errno : -EIO;
	if (fclose(f) && !r)
		r = -errno;
	if (!r && rename(beside, path))
		r = -errno;
	if (r)
		unlink(beside);
	return r;
}

static void sync_page(const struct history *h, struct page *page)
{
	owned(free) char *path = path_of(h, page->name, ".json");
	owned(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 ? errno != ENOENT : fsync(fd) != 0)
		page->error = -errno;
}

static void sync_folder(const struct history *h)
{
	owned(fd) int fd = open(h->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && fsync(fd))
		errno = 0; /* the files' own errors were told */
}

/* On a thread of the pool: a slow disk must not keep the loop from its work. */
static void on_work(uv_work_t *work)
{
	struct history *h = work->data;

	for (struct page *page = h->syncing; page; page = page->next)
		sync_page(h, page);
	sync_folder(h);
	uv_mutex_lock(&h->mutex);
	h->busy = false;
	uv_cond_signal(&h->synced);
	uv_mutex_unlock(&h->mutex);
}

static void history_done(struct history *h)
{
	uv_cond_destroy(&h->synced);
	uv_mutex_destroy(&h->mutex);
	free(h->dir);
	free(h);
}

static void pages_end(struct history *h)
{
	while (h->syncing) {
		struct page *page = h->syncing;

		h->syncing = page->next;
		if (page->error)
			problem(h, own_printf("%s/%s.json is not safe on the disk: %s", h->dir,
					   page->name, strerror(-page->error)));
		page_free(page);
	}
}

static void sync_begin(struct history *h);

static void on_work_done(uv_work_t *work, int status)
{
	struct history *h = work->data;

	if (h->closing) {
		history_done(h);
		return;
	}
	pages_end(h);
	sync_begin(h);
}

static void sync_begin(struct history *h)
{
	if (h->syncing || !h->waiting)
		return;
	h->syncing = give(h->waiting);
	h->busy = true;
	if (uv_queue_work(h->loop, &h->work, on_work, on_work_done)) {
		on_work(&h->work); /* no thread to be had */
		pages_end(h);
	}
}

void history_put(struct history *h, const char *name, json_t *document)
{
	struct page **at = &h->waiting;
	int r = write_now(h, name, document);

	if (r) {
		problem(h,
			own_printf("%s/%s.json cannot be written: %s", h->dir, name, strerror(-r)));
		return;
	}
	while (*at && strcmp((*at)->name, name))
		at = &(*at)->next;
	if (!*at) {
		*at = own_new(struct page);
		(*at)->name = own_string(name);
	}
	sync_begin(h);
}

void history_free(struct history *h)
{
	bool pending;

	if (!h)
		return;
	uv_mutex_lock(&h->mutex);
	while (h->busy)
		uv_cond_wait(&h->synced, &h->mutex);
	uv_mutex_unlock(&h->mutex);
	pending = h->syncing != NULL; /* on_work_done() is still to come */
	pages_end(h);
	while (h->waiting) {
		struct page *page = h->waiting;

		h->waiting = page->next;
		sync_page(h, page);
		page_free(page);
	}
	h->closing = true;
	if (!pending)
		history_done(h);
}
