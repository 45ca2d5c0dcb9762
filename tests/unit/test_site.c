/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include <criterion/criterion.h>

#include "core/model/site.h"

static const char GOOD[] =
	"cluster: {name: lab}\n"
	"nodes:\n"
	"  n1: {id: 1, addresses: [10.0.0.1]}\n"
	"  n2: {id: 2, addresses: [10.0.0.2]}\n"
	"fencing:\n"
	"  devices: {b1: {agent: fence_picket_redfish, targets: [n1], params: {ip: x, retries: "
	"3}}}\n"
	"  topology: {n1: [[b1]]}\n"
	"resources:\n"
	"  web: {type: 'ocf:heartbeat:nginx', operations: {monitor: {interval: 10s}}}\n"
	"  vip: {type: 'ocf:heartbeat:IPaddr2'}\n"
	"  site: {group: [web, vip], meta: {migration-threshold: 3}}\n"
	"constraints:\n"
	"  - {location: site, node: n1, score: 50}\n";

static int parse(const char *text, struct problems *p, struct site **ret)
{
	owned(document) struct document *d = NULL;

	if (document_parse(text, strlen(text), "a.yaml", p, &d))
		return -EINVAL;
	return site_new(d->root, d, p, ret);
}

Test(site, good_one)
{
	owned(site) struct site *s = NULL;
	struct problems p = { 0 };

	cr_assert_eq(parse(GOOD, &p, &s), 0, "%s", p.n ? p.items[0].text : "");
	cr_assert_eq(s->n_resources, 3);
	cr_assert_str_eq(site_meta(site_resource(s, "site"), "migration-threshold"), "3");
	cr_assert_null(site_meta(site_resource(s, "vip"), "migration-threshold"));
	cr_assert_eq(site_top(s, site_resource(s, "vip")), site_resource(s, "site"));
	cr_assert(site_inside(s, site_resource(s, "vip"), "site"));
	cr_assert_not(site_inside(s, site_resource(s, "site"), "vip"));
	cr_assert_str_eq(site_resource(s, "web")->provider, "heartbeat");
	cr_assert_eq(json_array_size(site_level(s, "n1", 0)), 1);
	cr_assert_null(site_level(s, "n1", 1));
	problems_done(&p);
}

static void refused(const char *from, const char *to, const char *where, const char *what)
{
	owned(free) char *text = NULL;
	struct site *s = (void *)0x1;
	struct problems p = { 0 };
	const char *at = strstr(GOOD, from);

	cr_assert(at, "%s", from);
	text = own_printf("%.*s%s%s", (int)(at - GOOD), GOOD, to, at + strlen(from));
	cr_assert_eq(parse(text, &p, &s), -EINVAL, "%s → %s", from, to);
	cr_assert_eq(s, (void *)0x1);
	cr_assert_str_eq(p.items[0].where, where, "%s %s", p.items[0].where, p.items[0].text);
	cr_assert(strstr(p.items[0].text, what), "%s", p.items[0].text);
	problems_done(&p);
}

Test(site, what_is_wrong_is_named_and_placed)
{
	refused("group: [web, vip]", "group: [web, vap]", "a.yaml:11:23", "no primitive 'vap'");
	refused("targets: [n1]", "targets: [n9]", "a.yaml:6:13", "no node 'n9'");
	refused("retries: 3", "retries: ", "a.yaml:6:78", "parameter 'retries' must be");
	refused("retries: 3", "retries: [3]", "a.yaml:6:78", "parameter 'retries' must be");
	refused("retries: 3", "retries: \"3\\n4\"", "a.yaml:6:78", "a line of text");
	refused("id: 2", "id: 1", "a.yaml:4:3", "n1's already");
	refused("score: 50", "score: much", "a.yaml:13:32", "a number, INFINITY");
	refused("interval: 10s", "interval: soon", "a.yaml:9:61", "a duration");
	refused("ocf:heartbeat:IPaddr2", "IPaddr2", "a.yaml:10:3", "none of ocf:");
	refused("constraints:", "constraint:", "a.yaml:12:1", "unknown key 'constraint'");
	refused("node: n1, score", "node: n7, score", "a.yaml:13:22", "no node 'n7'");
	refused("[[b1]]", "[[b2]]", "a.yaml:7:14", "no device 'b2'");
}

Test(site, scores_saturate_and_minus_infinity_wins)
{
	cr_assert_eq(site_score_add(SITE_INFINITY, -SITE_INFINITY), -SITE_INFINITY);
	cr_assert_eq(site_score_add(SITE_INFINITY, -5), SITE_INFINITY);
	cr_assert_eq(site_score_add(999999, 999999), SITE_INFINITY);
	cr_assert_eq(site_score_add(3, 4), 7);
}

Test(site, durations)
{
	uint64_t ms = 5;

	cr_assert_eq(site_duration("100ms", &ms), 0);
	cr_assert_eq(ms, 100);
	cr_assert_eq(site_duration("20", &ms), 0);
	cr_assert_eq(ms, 20000);
	cr_assert_eq(site_duration("10 apples", &ms), -EINVAL);
	cr_assert_eq(ms, 20000);
}
