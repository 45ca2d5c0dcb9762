/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/own.h"
#include "edge/authority.h"
#include "edge/identity.h"
#include "edge/renewal.h"

static char dir[] = "/tmp/picket-renewal-XXXXXX";
static char *ca, *host, *other;

static void issue(const char *name, const char *out, long seconds)
{
	static const char *const also[] = { "localhost" };
	struct authority_subject subject = { .name = name,
		.also = also,
		.n_also = 1,
		.roles = IDENTITY_NODE | IDENTITY_CONTROLLER,
		.seconds = seconds };
	owned(free) char *why = NULL;

	cr_assert(!authority_issue(ca, &subject, out, &why), "%s", why);
}

static void begin(void)
{
	owned(free) char *why = NULL;

	cr_assert(mkdtemp(dir));
	ca = own_printf("%s/ca", dir);
	host = own_printf("%s/host", dir);
	other = own_printf("%s/other", dir);
	cr_assert(!authority_create(ca, "t", &why), "%s", why);
	issue("n1", host, 60);
	issue("n2", other, 60);
}

static void end(void)
{
	owned(free) char *command = own_printf("rm -rf %s", dir);

	cr_assert_eq(system(command), 0);
	free(ca);
	free(host);
	free(other);
}

TestSuite(renewal, .init = begin, .fini = end);

static const char *text(json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

Test(renewal, the_next_says_what_the_last_did_for_as_long)
{
	owned(free) char *why = NULL, *certificate = NULL, *pem = NULL;
	struct identity *id;
	json_t *wish, *answer;
	long now = (long)time(NULL), before;

	cr_assert(!identity_load(host, &id, &why), "%s", why);
	before = identity_not_after(id);
	cr_assert(!renewal_due(id, now));
	cr_assert(renewal_due(id, before - 15));
	sleep(2); /* a certificate counts in seconds: the new one has to end later */
	wish = renewal_wish(host, &why);
	cr_assert(wish, "%s", why);
	cr_assert(!authority_renew(ca, text(wish, "certificate"), text(wish, "request"),
			  &certificate, &pem, &why),
		"%s", why);
	answer = json_pack("{s:s}", "certificate", certificate);
	cr_assert(!renewal_take(id, host, answer, &why), "%s", why);
	cr_assert_gt(identity_not_after(id), before);
	cr_assert_leq(identity_not_after(id), before + 10, "no longer than before");
	cr_assert(identity_named(id, "n1") && identity_named(id, "localhost"));
	cr_assert_eq(identity_roles(id), (unsigned)(IDENTITY_NODE | IDENTITY_CONTROLLER));
	json_decref(wish);
	json_decref(answer);
	identity_free(id);
}

Test(renewal, nobody_gets_a_certificate_of_another)
{
	owned(free) char *why = NULL, *certificate = NULL, *pem = NULL;
	json_t *ours = renewal_wish(host, &why), *theirs = renewal_wish(other, &why), *answer;
	struct identity *id;

	cr_assert(ours && theirs, "%s", why);
	/* A certificate is no secret; its key is. */
	cr_assert_eq(authority_renew(ca, text(theirs, "certificate"), text(ours, "request"),
			     &certificate, &pem, &why),
		-EACCES);
	free(give(why));
	cr_assert_eq(
		authority_renew(ca, "", text(ours, "request"), &certificate, &pem, &why), -EACCES);
	free(give(why));
	cr_assert(!identity_load(host, &id, &why), "%s", why);
	answer = json_pack("{s:s}", "certificate", text(theirs, "certificate"));
	cr_assert_eq(renewal_take(id, host, answer, &why), -EBADMSG);
	cr_assert(identity_named(id, "n1"));
	identity_free(id);
	json_decref(answer);
	json_decref(ours);
	json_decref(theirs);
}
