/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <string.h>

#include "core/post.h"

struct post *post_new(struct record *record)
{
	struct post *post = own_new(struct post);

	post->record = record;
	post->tail = &post->queue;
	return post;
}

void post_job_free(struct post_job *job)
{
	if (job)
		operation_free(job->operation);
	free(job);
}

void post_free(struct post *post)
{
	if (!post)
		return;
	while (post->queue) {
		struct post_job *job = post->queue;

		post->queue = job->next;
		post_job_free(job);
	}
	for (size_t i = 0; i < post->n_monitors; i++)
		operation_free(post->monitors[i].operation);
	free(post->monitors);
	post_job_free(post->job);
	outcome_done(&post->outcome);
	record_free(post->record);
	free(post);
}

struct post_job *post_put(struct post *post, struct operation *operation, uint64_t now_ms)
{
	struct post_job *job = own_new(struct post_job);

	job->operation = operation;
	job->since_ms = now_ms;
	*post->tail = job;
	post->tail = &job->next;
	post->n_queue++;
	return job;
}

struct post_job *post_take(struct post *post, struct post_job **at)
{
	struct post_job *job = *at;

	*at = job->next;
	if (post->tail == &job->next)
		post->tail = at;
	job->next = NULL;
	post->n_queue--;
	return job;
}

struct post_monitor *post_monitor_find(struct post *post, uint64_t interval_ms)
{
	for (size_t i = 0; i < post->n_monitors; i++)
		if (post->monitors[i].operation->interval_ms == interval_ms)
			return &post->monitors[i];
	return NULL;
}

void post_monitor_remove(struct post *post, struct post_monitor *monitor)
{
	json_t *order;
	size_t i;

	json_array_foreach (post->record->recurring, i, order) {
		if (order == monitor->operation->order) {
			json_array_remove(post->record->recurring, i);
			break;
		}
	}
	operation_free(monitor->operation);
	*monitor = post->monitors[--post->n_monitors];
}

/* The order is parsed anew: every holder has an operation of its own. */
struct operation *post_operation(const struct operation *operation)
{
	owned(free) char *why = NULL;
	struct operation *copy = NULL;
	int rc = operation_parse(operation->order, &copy, &why);

	assert(!rc && copy);
	(void)rc;
	return copy;
}

void post_monitor_add(struct post *post, const struct operation *operation)
{
	struct post_monitor *old = post_monitor_find(post, operation->interval_ms);

	if (old)
		post_monitor_remove(post, old);
	own_grow(post->monitors, post->n_monitors, post->cap_monitors);
	post->monitors[post->n_monitors++] =
		(struct post_monitor){ .operation = post_operation(operation) };
	json_array_append(post->record->recurring, operation->order);
}

void post_monitor_due(struct post *post, uint64_t now_ms)
{
	for (size_t i = 0; i < post->n_monitors && !post->job && !post->queue; i++) {
		struct post_monitor *m = &post->monitors[i];

		if (!m->due_ms || m->due_ms > now_ms)
			continue;
		post_put(post, post_operation(m->operation), m->due_ms)->repeat = true;
		m->due_ms = 0;
	}
}

void post_recheck(struct post *post, uint64_t now_ms)
{
	for (size_t i = 0; i < post->n_monitors; i++)
		if (post->monitors[i].due_ms > now_ms)
			post->monitors[i].due_ms = now_ms;
}

static void earlier(uint64_t *due, uint64_t at)
{
	if (at && at != UINT64_MAX && (!*due || at < *due))
		*due = at;
}

uint64_t post_due(const struct post *post)
{
	uint64_t due = 0;

	for (size_t i = 0; i < post->n_monitors && !post->job && !post->queue; i++)
		earlier(&due, post->monitors[i].due_ms);
	if (post->job)
		earlier(&due, post->preempt_ms);
	if (post->phase == POST_PAUSE)
		earlier(&due, post->pause_ms);
	return due;
}

char *post_active_names(struct post *const *posts, size_t n)
{
	char *names = NULL;

	for (size_t i = 0; i < n; i++) {
		owned(free) char *before = names;

		if (record_active(posts[i]->record))
			names = own_printf("%s%s%s", before ? before : "", before ? ", " : "",
				posts[i]->record->resource);
		else
			before = NULL;
	}
	return names;
}
