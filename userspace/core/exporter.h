/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exporter: the status under the metric names of ha_cluster_exporter, for dashboards that exist. */
#ifndef CORE_EXPORTER_H
#define CORE_EXPORTER_H

#include <jansson.h>

/* Prometheus exposition format 0.0.4; free(). */
char *exporter_ha_cluster(json_t *status);

#endif
