/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include <criterion/criterion.h>

#include "base/own.h"
#include "core/screen.h"

static char *show(const char *json, bool colour)
{
	json_error_t error;
	json_t *status = json_loads(json, 0, &error);
	char *text;

	cr_assert_not_null(status, "%s", error.text);
	text = screen_status(status, colour);
	json_decref(status);
	return text;
}

static const char well[] =
	"{\"controller\":\"c1\",\"cluster\":\"lab\",\"leader\":true,\"term\":3,\"revision\":5,"
	"\"nodes\":[{\"name\":\"n1\",\"state\":\"online\",\"incarnation\":12,\"connected\":true,"
	"\"links\":[{\"link\":0,\"state\":\"heard\"},{\"link\":1,\"state\":\"heard\"}]}],"
	"\"resources\":[{\"name\":\"vip\",\"type\":\"IPaddr2\",\"group\":\"site\",\"on\":[{"
	"\"node\":"
	"\"n1\",\"state\":\"started\"}],\"failures\":{}},{\"name\":\"web\",\"type\":\"nginx\","
	"\"group\":\"site\",\"on\":[{\"node\":\"n1\",\"state\":\"started\"}],\"failures\":{\"n1\":"
	"2}}],\"actions\":[]}";

static const char ill[] =
	"{\"controller\":\"c1\",\"cluster\":\"lab\",\"leader\":true,\"term\":3,\"revision\":5,"
	"\"nodes\":[{\"name\":\"n1\",\"state\":\"lost\",\"incarnation\":12,\"connected\":false,"
	"\"links\":[{\"link\":0,\"state\":\"silent\"}],\"why\":\"silent for 1 s; fencing failed: "
	"no "
	"route\",\"todo\":\"pull its plug, then: picket confirm n1\"},{\"name\":\"n2\",\"state\":"
	"\"online\",\"connected\":true,\"standby\":true,\"links\":[{\"link\":0,\"state\":\"heard\"}"
	",{"
	"\"link\":1,\"state\":\"silent\"}]}],\"resources\":[{\"name\":\"web\",\"type\":\"nginx\","
	"\"on\":[],\"why\":\"n1 may still run it\"}],\"actions\":[{\"op\":\"off\",\"node\":\"n1\","
	"\"running\":true},{\"op\":\"start\",\"resource\":\"web\",\"node\":\"n2\",\"running\":"
	"false}],\"faults\":[\"n2 could not be fenced\"]}";

Test(screen, all_is_well)
{
	owned(free) char *text = show(well, false);

	cr_assert_str_eq(text, "lab: 1 node, all is well\n"
			       "controller c1 leads, term 3, revision 5\n"
			       "\n"
			       "  node  state      incarnation link 0 link 1\n"
			       "  n1    online     12          heard  heard \n"
			       "\n"
			       "  resource    type     where\n"
			       "  site:\n"
			       "    vip       IPaddr2  started on n1\n"
			       "    web       nginx    started on n1; failed 2x on n1\n");
}

Test(screen, what_is_wrong_why_and_what_to_do)
{
	owned(free) char *text = show(ill, false);

	cr_assert_str_eq(text, "lab: n1 is lost and not proven dead; web is not running; n2 is "
			       "silent on one link\n"
			       "controller c1 leads, term 3, revision 5\n"
			       "\n"
			       "  node  state      incarnation link 0 link 1\n"
			       "  n1    lost       12          silent\n"
			       "        why: silent for 1 s; fencing failed: no route\n"
			       "        to do: pull its plug, then: picket confirm n1\n"
			       "  n2    online     -           heard  silent standby\n"
			       "\n"
			       "  resource    type   where\n"
			       "  web         nginx  stopped: n1 may still run it\n"
			       "\n"
			       "  now\n"
			       "  running: off on n1\n"
			       "  next: start of web on n2\n"
			       "\n"
			       "  broken\n"
			       "  n2 could not be fenced\n");
}

Test(screen, colours_only_when_asked)
{
	owned(free) char *plain = show(ill, false), *coloured = show(ill, true);

	cr_assert_null(strchr(plain, '\033'));
	cr_assert_not_null(strstr(coloured, "\033[31mlost     \033[0m"));
}

Test(screen, nothing_there_yet)
{
	owned(free) char *text = show("{\"controller\":\"c1\",\"leader\":true}", false);
	owned(free) char *other =
		show("{\"controller\":\"c1\",\"leader\":false,\"cluster\":\"x\"}", false);

	cr_assert_not_null(strstr(text, "no configuration yet"));
	cr_assert_not_null(strstr(other, "does not lead"));
}

Test(screen, an_event_is_a_line)
{
	json_t *event = json_pack("{s:I,s:s,s:s}", "time_ms", (json_int_t)1700000000123, "kind",
		"node-lost", "text", "n1 is lost: silence");
	owned(free) char *text = screen_event(event, 3600, false);

	cr_assert_str_eq(text, "23:13:20.123  node-lost          n1 is lost: silence");
	json_decref(event);
}
