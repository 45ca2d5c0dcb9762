/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exporter: the status as figures for Prometheus: under our names, and under those of
 * ha_cluster_exporter, for dashboards that exist. */
#ifndef CORE_EXPORTER_H
#define CORE_EXPORTER_H

#include <jansson.h>

/* Prometheus exposition format 0.0.4; free(). */
char *exporter_ha_cluster(json_t *status);

/* What is where, in which role, failed how often; leases and beats as this controller has them: the
 * answers of /v1/leases and /v1/links. */
char *exporter_status(json_t *status, json_t *leases, json_t *links, const char *version);

#endif
