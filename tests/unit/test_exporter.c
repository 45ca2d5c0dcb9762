/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "base/own.h"
#include "core/exporter.h"

Test(exporter, says_what_is_where_and_how_leases_and_links_are)
{
	json_t *status = json_loads(
		"{\"controller\": \"c1\", \"resources\": [{\"name\": \"db\", \"promotable\": true, "
		"\"on\": [{\"node\": \"n1\", \"state\": \"promoted\"}, {\"node\": \"n2\", "
		"\"state\": \"promoted\"}, {\"node\": \"n3\", \"state\": \"unpromoted\"}], "
		"\"failures\": {\"n2\": 2}}, {\"name\": \"web\", \"promotable\": false, \"on\": "
		"[]}]}",
		0, NULL);
	json_t *leases = json_loads("{\"leases\": [{\"node\": \"n1\", \"ends_in_ms\": 2950.5}, "
				    "{\"node\": \"n2\"}]}",
		0, NULL);
	json_t *links = json_loads(
		"{\"nodes\": [{\"name\": \"n1\", \"links\": [{\"by\": {\"c1\": {\"age_ms\": 12.5, "
		"\"beats\": 77}, \"c2\": {}}}, {\"by\": {\"c1\": {\"state\": \"silent\"}}}]}]}",
		0, NULL);
	owned(free) char *text = exporter_status(status, leases, links, "1.2");

	cr_assert(status && leases && links);
	cr_assert(strstr(text, "picket_build_info{controller=\"c1\",version=\"1.2\"} 1\n"));
	cr_assert(strstr(text, "picket_primaries{resource=\"db\"} 2\n"));
	cr_assert_not(strstr(text, "picket_primaries{resource=\"web\"}"));
	cr_assert(strstr(
		text, "picket_resource_role{resource=\"db\",node=\"n3\",role=\"unpromoted\"} 1\n"));
	cr_assert(strstr(text, "picket_resource_failures{resource=\"db\",node=\"n2\"} 2\n"));
	cr_assert(strstr(text, "picket_lease_remaining_seconds{node=\"n1\"} 2.950500\n"));
	cr_assert_not(strstr(text, "picket_lease_remaining_seconds{node=\"n2\"}"));
	cr_assert(strstr(text, "picket_heartbeat_age_seconds{node=\"n1\",link=\"0\"} 0.0125\n"));
	cr_assert(strstr(text, "picket_heartbeats_total{node=\"n1\",link=\"0\"} 77\n"));
	cr_assert_not(strstr(text, "link=\"1\""));
	json_decref(status);
	json_decref(leases);
	json_decref(links);
}

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
