/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include <criterion/criterion.h>

#include "base/xml.h"
#include "core/ledger.h"

static struct ledger ledger;
static int calls;

static void init(void)
{
	ledger_init(&ledger);
	calls = 0;
}

static json_t *result(const char *op, int interval_ms, int rc, const char *status, int target)
{
	calls++;
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:i, s:i, s:s, s:i}",
		"resource", "web", "class", "ocf", "provider", "heartbeat", "agent", "nginx", "op",
		op, "id", "3.1:7", "interval_ms", interval_ms, "rc", rc, "status", status,
		"target_rc", target, "call_id", calls, "digest", "d1", "t_rc_change", 1000 + calls);
}

static bool took(json_t *r)
{
	bool news = ledger_take(&ledger, r);

	json_decref(r);
	return news;
}

static enum ledger_role role(void)
{
	return ledger_standing(&ledger, "web").role;
}

static void order(const char *op, const char *id)
{
	json_t *o = json_pack("{s:s, s:{s:s, s:s, s:i, s:i}}", "id", id, "action", "op", op,
		"resource", "web", "interval_ms", 0, "target_rc", 0);

	ledger_order(&ledger, o, 99);
	json_decref(o);
}

static char *cib(void)
{
	owned(element_tree) struct element_tree *tree = element_tree_new();
	struct element *state = element_add(tree, NULL, "node_state");
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	element_set(tree, state, "id", "1");
	ledger_cib(&ledger, "n1", tree, state);
	xml_print(tree->root, out);
	fclose(out);
	return text;
}

Test(ledger, results_tell_what_runs, .init = init)
{
	cr_assert_eq(role(), LEDGER_UNKNOWN);
	cr_assert(ledger_may_run(&ledger, "web"));
	took(result("monitor", 0, 7, "done", 7));
	cr_assert_eq(role(), LEDGER_STOPPED);
	cr_assert_not(ledger_may_run(&ledger, "web"));
	took(result("start", 0, 0, "done", 0));
	took(result("promote", 0, 0, "done", 0));
	cr_assert_eq(role(), LEDGER_PROMOTED);
	took(result("monitor", 10000, 8, "done", 8));
	cr_assert_not(ledger_standing(&ledger, "web").failed);
	took(result("demote", 0, 0, "done", 0));
	cr_assert_eq(role(), LEDGER_STARTED);
	took(result("stop", 0, 1, "done", 0));
	cr_assert(ledger_standing(&ledger, "web").stop_failed);
	cr_assert(ledger_may_run(&ledger, "web"));
	took(result("stop", 0, 0, "done", 0));
	cr_assert_eq(role(), LEDGER_STOPPED);
}

Test(ledger, a_probe_that_cannot_run_says_that_it_does_not, .init = init)
{
	took(result("monitor", 0, 5, "not-installed", 7));
	cr_assert(ledger_standing(&ledger, "web").impossible);
	cr_assert_not(ledger_may_run(&ledger, "web"));
}

/* S2: unknown is never off. */
Test(ledger, an_order_that_is_out_may_have_been_carried_out, .init = init)
{
	json_t *refused;

	took(result("monitor", 0, 7, "done", 7));
	order("start", "3.2:1");
	cr_assert(ledger_may_run(&ledger, "web"));
	cr_assert(strstr(cib(), "op-status=\"-1\""));
	cr_assert(strstr(cib(), "operation=\"start\""));
	refused = json_pack("{s:s, s:s, s:s, s:s, s:i, s:b}", "resource", "web", "op", "start",
		"id", "3.2:1", "status", "cancelled", "rc", 193, "refused", true);
	took(refused);
	cr_assert_not(ledger_may_run(&ledger, "web"));
}

Test(ledger, an_answer_told_again_changes_nothing, .init = init)
{
	json_t *start = result("start", 0, 0, "done", 0);

	took(json_incref(start));
	took(result("stop", 0, 0, "done", 0));
	took(result("start", 0, 1, "done", 0));
	cr_assert_not(took(start));
	cr_assert(ledger_standing(&ledger, "web").failed);
}

Test(ledger, history_is_kept_as_pacemaker_keeps_it, .init = init)
{
	owned(free) char *text = NULL;

	took(result("start", 0, 0, "done", 0));
	took(result("monitor", 10000, 0, "done", 0));
	took(result("monitor", 10000, 7, "done", 0));
	text = cib();
	cr_assert(strstr(text, "<lrm_resource id=\"web\" type=\"nginx\" class=\"ocf\" "
			       "provider=\"heartbeat\">"));
	cr_assert(strstr(text, "id=\"web_last_0\" operation_key=\"web_start_0\""));
	cr_assert(strstr(text, "id=\"web_monitor_10000\""));
	cr_assert(strstr(text, "id=\"web_last_failure_0\" operation_key=\"web_monitor_10000\""));
	cr_assert(strstr(text, "transition-key=\"7:1:0:7069636b-6574-4000-8000-000000000000\""));
	cr_assert(strstr(text, "transition-magic=\"0:7;7:1:0:"));
	cr_assert(strstr(text, "op-digest=\"d1\""));
	took(result("stop", 0, 0, "done", 0));
	free(text);
	text = cib();
	cr_assert_null(strstr(text, "id=\"web_monitor_10000\""));
	cr_assert(strstr(text, "id=\"web_last_failure_0\""));
	ledger_forgive(&ledger, "web", "start", 0);
	ledger_forgive(&ledger, "web", NULL, 0);
	free(text);
	text = cib();
	cr_assert_null(strstr(text, "last_failure"));
}

Test(ledger, what_is_renewed_has_another_digest, .init = init)
{
	owned(free) char *text = NULL;

	took(result("start", 0, 0, "done", 0));
	ledger_renew(&ledger, "web");
	text = cib();
	cr_assert(strstr(text, "op-digest=\"renewed\""));
	cr_assert_eq(role(), LEDGER_STARTED);
	ledger_forget(&ledger, "web");
	cr_assert_eq(role(), LEDGER_UNKNOWN);
}
