/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/own.h"
#include "core/trust.h"
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

/* ---- one CA gives way to the next --------------------------------------------------------------
 */

static char *file_text(const char *folder, const char *name)
{
	owned(free) char *path = own_printf("%s/%s", folder, name);
	char *got = NULL;
	size_t len;

	return file_read(path, 1 << 20, &got, &len) ? NULL : got;
}

/* What ca.crt says after so many steps from old to next. */
static char *after(const char *old, const char *next, int steps)
{
	static const char *const names[] = { "both", "next", "settled" };
	json_t *state = NULL;
	char *got;

	for (int i = 0; i < steps; i++) {
		json_t *entry = json_pack("{s:s, s:s, s:s, s:s, s:s}", "do", "ca", "step", names[i],
			"now", old, "next", next, "pin", "p");

		cr_assert(trust_apply(&state, entry));
		json_decref(entry);
	}
	got = trust_text(state, trust_cluster(old));
	json_decref(state);
	return got;
}

static void trusts(struct identity *identity, const char *ca_text)
{
	owned(free) char *why = NULL, *path = own_printf("%s/ca.crt", ca);

	cr_assert_eq(identity_trust(identity, ca_text, &why), 0, "%s", why);
	cr_assert_eq(file_write(path, 0644, ca_text, strlen(ca_text)), 0);
}

static struct identity *loaded(const char *folder)
{
	struct identity *identity = NULL;
	owned(free) char *why = NULL;

	cr_assert_eq(identity_load(folder, &identity, &why), 0, "%s", why);
	return identity;
}

Test(renewal, a_host_goes_over_to_the_next_ca)
{
	owned(free) char *old = file_text(ca, "ca.crt"), *next = NULL, *again = NULL, *why = NULL;
	owned(free) char *certificate = NULL, *with = NULL, *both = NULL, *first = NULL,
			 *only = NULL;
	owned(free) char *key_before = file_text(ca, "ca.key"), *key_after = NULL;
	owned(free) char *kept = NULL;
	struct identity *identity = loaded(host), *left = loaded(other);
	uint64_t cluster = identity_cluster(host);
	json_t *wish, *answer;
	long now = time(NULL);

	cr_assert_eq(authority_next(ca, "t", &next, &why), 0, "%s", why);
	cr_assert_eq(authority_next(ca, "t", &again, &why), 0);
	cr_assert_str_eq(next, again, "it may be trusted by somebody by now");
	both = after(old, next, 1);
	first = after(old, next, 2);
	only = after(old, next, 3);
	trusts(identity, both);
	cr_assert_not(identity_behind(identity));
	cr_assert_not(renewal_due(identity, now), "the old one signs still");
	trusts(identity, first);
	cr_assert(identity_behind(identity));
	cr_assert(renewal_due(identity, now));
	wish = renewal_wish(host, &why);
	cr_assert_eq(authority_renew(ca, text(wish, "certificate"), text(wish, "request"),
			     &certificate, &with, &why),
		0, "%s", why);
	cr_assert_str_eq(with, first, "who joins now trusts both as well");
	answer = json_pack("{s:s}", "certificate", certificate);
	cr_assert_eq(renewal_take(identity, host, answer, &why), 0, "%s", why);
	cr_assert_not(identity_behind(identity));
	cr_assert_eq(authority_settle(ca, &why), 0);
	key_after = file_text(ca, "ca.key");
	cr_assert_str_neq(key_before, key_after);
	cr_assert_null(file_text(ca, "ca-next.key"));
	cr_assert_null(file_text(ca, "ca-next.crt"));
	trusts(identity, only);
	cr_assert_eq(identity_cluster(host), cluster, "heartbeats go on");
	cr_assert_eq(identity_trust(left, only, &why), -EBADMSG, "it would shut itself out");
	kept = file_text(other, "ca.crt");
	cr_assert_str_eq(kept, old);
	issue("n3", other, 60);
	cr_assert_eq(
		identity_cluster(other), cluster, "a host that comes later is of this cluster");
	json_decref(wish);
	json_decref(answer);
	identity_free(identity);
	identity_free(left);
}

Test(renewal, what_cannot_be_a_ca_is_told_why)
{
	owned(free) char *certificate = file_text(host, "node.crt"),
			 *good = file_text(ca, "ca.crt");
	owned(free) char *two = own_printf("%s%s", good, good);
	const struct {
		const char *pem, *says;
	} rows[] = { { "", "PEM" }, { certificate, "not a CA's" }, { two, "more than one" } };
	char pin[AUTHORITY_PIN + 1];
	char *why = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cr_assert_eq(authority_read(rows[i].pem, pin, &why), -EBADMSG);
		cr_assert(strstr(why, rows[i].says), "%s", why);
		free(why);
	}
	cr_assert_eq(authority_read(good, pin, &why), 0);
	cr_assert_eq(strlen(pin), AUTHORITY_PIN);
}
