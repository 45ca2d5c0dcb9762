/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "base/own.h"
#include "core/exporter.h"

Test(exporter, says_it_in_the_words_of_ha_cluster_exporter)
{
	json_t *status =
		json_loads("{\"revision\": 7, \"nodes\": [{\"name\": \"n1\", \"state\": "
			   "\"online\", \"incarnation\": 3}, {\"name\": \"n2\", \"state\": "
			   "\"lost\", \"standby\": true, \"incarnation\": 4}], "
			   "\"resources\": [{\"name\": \"web\", \"type\": \"nginx\", "
			   "\"group\": \"site\", \"on\": [{\"node\": \"n1\", \"state\": "
			   "\"started\"}], \"failures\": {\"n2\": 2}}]}",
			0, NULL);
	owned(free) char *text = exporter_ha_cluster(status);

	cr_assert(strstr(text, "ha_cluster_pacemaker_nodes{node=\"n1\",status=\"online\",type="
			       "\"member\"} 1\n"));
	cr_assert(strstr(text, "ha_cluster_pacemaker_nodes{node=\"n2\",status=\"unclean\",type="
			       "\"member\"} 1\n"));
	cr_assert(strstr(text, "resource=\"web\",role=\"started\",status=\"active\"} 1\n"));
	cr_assert(
		strstr(text, "ha_cluster_pacemaker_fail_count{node=\"n2\",resource=\"web\"} 2\n"));
	cr_assert(strstr(text, "ha_cluster_corosync_quorate 1\n"));
	json_decref(status);
}
