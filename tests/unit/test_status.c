/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cib.h"

static const char *const no_fencing[] = { "stonith-enabled", "false", NULL };
static const char *const fencing[] = { "stonith-enabled", "true", NULL };

#define DEVICE "<primitive id='f' class='stonith' type='fence_x'/>"
#define has(text, part) cr_assert(strstr(text, part), "%s lacks %s", text, part)
#define lacks(text, part) cr_assert_not(strstr(text, part), "%s has %s", text, part)

static const char *running(struct cib *c, const char *resources, const char *status)
{
	*c = cib_new(no_fencing, resources, "", status);
	return cib_running(c);
}

Test(status, the_last_operation_tells_the_role)
{
	struct cib c;

	has(running(&c, CIB_DUMMY("a"),
		    CIB_UP("1", "n1", CIB_RECORD("a", CIB_OP("a", "start", "2", "0", "0")))),
		"a n1 Started");
	cib_done(&c);
	lacks(running(&c, CIB_DUMMY("a"),
		      CIB_UP("1", "n1", CIB_RECORD("a", CIB_OP("a", "stop", "2", "0", "0")))),
		"a n1");
	cib_done(&c);
}

Test(status, calls_are_replayed_in_their_order_not_in_that_of_the_text)
{
	struct cib c;

	lacks(running(&c, CIB_DUMMY("a"),
		      CIB_UP("1", "n1",
			      CIB_RECORD("a", CIB_OP("a1", "stop", "9", "0", "0")
						      CIB_OP("a2", "start", "3", "0", "0")))),
		"a n1");
	cib_done(&c);
}

Test(status, a_probe_may_find_something)
{
	struct cib c;

	has(running(&c, CIB_DUMMY("a"),
		    CIB_UP("1", "n1", CIB_RECORD("a", CIB_OP("a", "monitor", "2", "0", "7")))),
		"a n1 Started");
	cib_done(&c);
}

#define PROMOTABLE                                                                                 \
	"<clone id='m'><meta_attributes id='mm'><nvpair id='mp' name='promotable' value='true'/>"  \
	"</meta_attributes>" CIB_DUMMY("a") "</clone>"

Test(status, instances_of_a_clone_have_roles)
{
	struct cib c;
	const char *said = running(&c, PROMOTABLE,
		CIB_UP("1", "n1", CIB_RECORD("a", CIB_OP("a", "promote", "2", "0", "0")))
			CIB_UP("2", "n2", CIB_RECORD("a", CIB_OP("a", "start", "2", "0", "0"))));

	has(said, "a n1 Promoted");
	has(said, "a n2 Unpromoted");
	cib_done(&c);
}

Test(status, what_is_configured_no_more_is_stopped)
{
	struct cib c = cib_new(no_fencing, "", "",
		CIB_UP("1", "n1", CIB_RECORD("old", CIB_OP("old", "start", "2", "0", "0"))));

	has(cib_actions(&c), "stop_0 old on n1\n");
	cib_done(&c);
}

Test(status, a_failed_stop_fences_and_without_fencing_blocks)
{
	const char *failed = CIB_UP("1", "n1", CIB_RECORD("a", CIB_OP("a", "stop", "2", "1", "0")))
		CIB_UP("2", "n2", "");
	struct cib c = cib_new(fencing, CIB_DUMMY("a") DEVICE, "", failed);

	has(cib_actions(&c), "fence(reboot) n1\n");
	cib_done(&c);
	c = cib_new(no_fencing, CIB_DUMMY("a"), "", failed);
	lacks(cib_actions(&c), "start_0 a on n2\n");
	cib_done(&c);
}

#define FAILED_MONITOR                                                                             \
	CIB_UP("1", "n1",                                                                          \
		CIB_RECORD("a", CIB_OP("a", "start", "2", "0",                                     \
					"0") "<lrm_rsc_op id='a_last_failure_0' "                  \
					     "operation_key='a_monitor_10000' "                    \
					     "operation='monitor' interval='10000' call-id='3' "   \
					     "rc-code='7' "                                        \
					     "op-status='0' last-rc-change='1699999000' "          \
					     "transition-key='1:1:0:" CIB_UUID "'/>"))             \
	CIB_UP("2", "n2", "")

static const char *failing(struct cib *c, const char *on_fail)
{
	char *resource = own_printf("<primitive id='a' class='ocf' provider='heartbeat' "
				    "type='Dummy'><operations><op id='op' name='monitor' "
				    "interval='10s' on-fail='%s'/></operations></primitive>" DEVICE,
		on_fail);

	*c = cib_new(fencing, resource, "", FAILED_MONITOR);
	free(resource);
	return cib_actions(c);
}

Test(status, a_failure_asks_for_what_on_fail_says)
{
	struct cib c;
	const char *said = failing(&c, "restart");

	has(said, "stop_0 a on n1\n");
	has(said, "start_0 a on n1\n");
	cib_done(&c);
	said = failing(&c, "stop");
	has(said, "stop_0 a on n1\n");
	lacks(said, "start_0 a on");
	cib_done(&c);
	has(failing(&c, "fence"), "fence(reboot) n1\n");
	cib_done(&c);
	said = failing(&c, "ignore");
	lacks(said, "stop_0 a");
	cib_done(&c);
	said = failing(&c, "block");
	lacks(said, "stop_0 a");
	cib_done(&c);
	said = failing(&c, "standby");
	has(said, "start_0 a on n2\n");
	cib_done(&c);
}

Test(status, a_change_of_parameters_restarts)
{
	/* The digest of no parameters at all. */
	const char *record = CIB_UP("1", "n1",
		CIB_RECORD("a", "<lrm_rsc_op id='a_last_0' operation='start' interval='0' "
				"call-id='2' rc-code='0' op-status='0' "
				"op-digest='f2317cad3d54cec5d7d7aa7d0bf35cf8' "
				"transition-key='1:1:0:" CIB_UUID "'/>")) CIB_UP("2", "n2", "");
	struct cib c = cib_new(no_fencing, CIB_DUMMY("a"), "", record);

	lacks(cib_actions(&c), "stop_0 a");
	cib_done(&c);
	c = cib_new(no_fencing,
		"<primitive id='a' class='ocf' provider='heartbeat' type='Dummy'>"
		"<instance_attributes id='i'><nvpair id='s' name='state' value='x'/>"
		"</instance_attributes></primitive>",
		"", record);
	has(cib_actions(&c), "stop_0 a on n1\n");
	cib_done(&c);
}

/* The resource has a recurring operation, to which its names are compared. */
Test(status, a_record_that_names_no_operation_says_nothing)
{
	struct cib c = cib_new(no_fencing,
		"<primitive id='a' class='ocf' provider='heartbeat' type='Dummy'><operations>"
		"<op id='m' name='monitor' interval='10s'/></operations></primitive>",
		"",
		CIB_UP("1", "n1",
			CIB_RECORD("a", CIB_OP("a", "start", "2", "0",
						"0") "<lrm_rsc_op id='a_last_failure_0' "
						     "interval='10000' call-id='8' "
						     "rc-code='7' op-status='0'/>"))
			CIB_UP("2", "n2", ""));

	lacks(cib_actions(&c), "stop_0 a");
	has(cib_actions(&c), "monitor_10000 a on n1\n");
	cib_done(&c);
}

Test(status, a_clone_of_nothing_has_no_instances)
{
	struct cib c = cib_new(no_fencing, "<clone id='x'><primitivd id='a'/></clone>", "",
		CIB_UP("1", "n1", CIB_RECORD("x:", CIB_OP("x", "start", "2", "0", "0")))
			CIB_UP("2", "n2", ""));

	lacks(cib_actions(&c), "start_0");
	cib_done(&c);
}

#define STATE(id, name, attributes, rest)                                                          \
	"<node_state id='" id "' uname='" name "' in_ccm='true' crmd='online' join='member' "      \
	"expected='member'><transient_attributes id='" id "'><instance_attributes id='t" id        \
	"'>" attributes "</instance_attributes></transient_attributes>" rest "</node_state>"

Test(status, transient_attributes_move_things_away)
{
	struct cib c = cib_new(no_fencing, CIB_DUMMY("a"), "",
		STATE("1", "n1", "<nvpair id='sb' name='standby' value='on'/>", "")
			CIB_UP("2", "n2", ""));

	has(cib_actions(&c), "start_0 a on n2\n");
	cib_done(&c);
	c = cib_new(no_fencing, CIB_DUMMY("a"), "",
		STATE("1", "n1", "<nvpair id='sd' name='shutdown' value='1699999999'/>", "")
			CIB_UP("2", "n2", ""));
	has(cib_actions(&c), "do_shutdown on n1\n");
	cib_done(&c);
}

Test(status, fail_counts_ban_until_they_are_too_old)
{
	static const char limited[] =
		"<primitive id='a' class='ocf' provider='heartbeat' type='Dummy'>"
		"<meta_attributes id='m'><nvpair id='mt' name='migration-threshold' value='1'/>"
		"<nvpair id='ft' name='failure-timeout' value='%s'/></meta_attributes></primitive>";
	const char *status = STATE("1", "n1",
		"<nvpair id='fc' name='fail-count-a#monitor_10000' value='1'/>"
		"<nvpair id='lf' name='last-failure-a#monitor_10000' value='1699999000'/>",
		"<lrm id='1'><lrm_resources>" CIB_RECORD(
			"a", CIB_OP("a", "stop", "2", "0", "0")) "</lrm_resources></lrm>")
		CIB_UP("2", "n2", "");
	owned(free) char *young = own_printf(limited, "2000s"), *old = own_printf(limited, "500s");
	struct cib c = cib_new(no_fencing, young, "", status);

	has(cib_actions(&c), "start_0 a on n2\n");
	cr_assert_eq(engine_recheck(c.engine), 1699999000 + 2000 + 1);
	cib_done(&c);
	c = cib_new(no_fencing, old, "", status);
	has(cib_actions(&c), "start_0 a on n1\n");
	cib_done(&c);
}
