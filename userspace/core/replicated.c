/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "core/replicated.h"

struct replicated *replicated_new(void)
{
	struct replicated *r = own_new(struct replicated);

	r->cluster = cluster_new();
	r->office = office_new();
	return r;
}

void replicated_free(struct replicated *r)
{
	if (!r)
		return;
	cluster_free(r->cluster);
	office_free(r->office);
	free(r);
}

void replicated_apply(
	struct replicated *r, uint64_t index, uint64_t term, const void *data, size_t len)
{
	json_t *entry = json_loadb(data, len, 0, NULL), *record;

	if (entry) {
		office_apply(r->office, index, entry, &record);
		cluster_apply(r->cluster, index, term, entry);
	}
	json_decref(entry);
}

/* The office lies in the cluster's own document: who knows no office reads past it. */
int replicated_snapshot(const struct replicated *r, void **ret_data, size_t *ret_len)
{
	owned(free) char *cluster = cluster_snapshot(r->cluster);
	json_t *all = cluster ? json_loads(cluster, 0, NULL) : NULL;
	char *text;

	json_object_set_new(all, "office", office_snapshot(r->office));
	text = all ? json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_decref(all);
	if (!text)
		return -ENOMEM;
	*ret_data = text;
	*ret_len = strlen(text);
	return 0;
}

int replicated_restore(struct replicated *r, const void *data, size_t len)
{
	json_t *all = json_loadb(data, len, 0, NULL), *office = json_object_get(all, "office");
	int rc = cluster_restore(r->cluster, data, len);

	if (!rc && office)
		rc = office_restore(r->office, office);
	else if (!rc)
		r->office->revision = cluster_revision(r->cluster);
	json_decref(all);
	return rc;
}
