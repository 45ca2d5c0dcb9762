/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "pki.h"

static struct pki pki;

static void setup(void)
{
	pki_init(&pki);
}

static void teardown(void)
{
	pki_done(&pki);
}

static void refused(const char *dir, int want, const char *says)
{
	struct identity *identity = NULL;
	owned(free) char *why = NULL;

	cr_assert_eq(identity_load(dir, &identity, &why), want, "%s", why);
	cr_assert_null(identity);
	cr_assert_not_null(strstr(why, says), "%s", why);
}

Test(identity, says_its_names_and_roles, .init = setup, .fini = teardown)
{
	static const char *const also[] = { "c1", "c1.example" };
	struct authority_subject s = { .name = "n1",
		.also = also,
		.n_also = 2,
		.roles = IDENTITY_NODE | IDENTITY_CONTROLLER };
	owned(free) char *out = own_printf("%s/n1", pki.dir);
	struct identity *identity = NULL;
	char name[64], *why = NULL;

	cr_assert_eq(authority_issue(pki.dir, &s, out, &why), 0);
	cr_assert_eq(identity_load(out, &identity, &why), 0, "%s", why);
	cr_assert_eq(identity_name(identity, name, sizeof(name)), 0);
	cr_assert_str_eq(name, "n1");
	cr_assert_eq(identity_name(identity, name, 2), -ENAMETOOLONG);
	cr_assert(identity_named(identity, "c1.example"));
	cr_assert_not(identity_named(identity, "c1.exampl"));
	cr_assert_eq(identity_roles(identity), IDENTITY_NODE | IDENTITY_CONTROLLER);
	cr_assert_gt(identity_not_after(identity), time(NULL) + 364 * 86400);
	cr_assert_lt(identity_not_after(identity), time(NULL) + 366 * 86400);
	identity_free(identity);
}

Test(identity, each_broken_file_is_named, .init = setup, .fini = teardown)
{
	owned(free) char *a = own_printf("%s/a", pki.dir), *b = own_printf("%s/b", pki.dir);
	owned(free) char *key = own_printf("%s/node.key", a), *crt = own_printf("%s/node.crt", a);
	owned(free) char *ca = own_printf("%s/ca.crt", a), *bkey = own_printf("%s/node.key", b);
	owned(free) char *data = NULL, *good = NULL;
	struct pki other;
	size_t len;

	identity_free(pki_identity(&pki, "a", IDENTITY_NODE));
	identity_free(pki_identity(&pki, "b", IDENTITY_NODE));
	refused("/nonexistent", -ENOENT, "/nonexistent/ca.crt");
	cr_assert_eq(file_read(key, 1 << 20, &good, &len), 0);
	cr_assert_eq(chmod(key, 0644), 0);
	refused(a, -EPERM, "node.key: mode 0644");
	cr_assert_eq(file_read(bkey, 1 << 20, &data, &len), 0);
	cr_assert_eq(file_write(key, 0600, data, len), 0);
	refused(a, -EKEYREJECTED, "node.key: not the key");
	cr_assert_eq(file_write(key, 0600, "x", 1), 0);
	refused(a, -EBADMSG, "node.key: not a private key");
	cr_assert_eq(file_write(key, 0600, good, strlen(good)), 0);
	pki_init(&other);
	identity_free(pki_identity(&other, "c", IDENTITY_NODE));
	free(give(data));
	free(ca);
	ca = own_printf("%s/ca.crt", other.dir);
	cr_assert_eq(file_read(ca, 1 << 20, &data, &len), 0);
	free(ca);
	ca = own_printf("%s/ca.crt", a);
	cr_assert_eq(file_write(ca, 0644, data, len), 0);
	refused(a, -EBADMSG, "node.crt: does not hold against ca.crt");
	cr_assert_eq(file_write(ca, 0644, "", 0), 0);
	refused(a, -EBADMSG, "ca.crt: holds no certificate");
	cr_assert_eq(file_write(crt, 0644, "", 0), 0);
	refused(a, -EBADMSG, "ca.crt");
	pki_done(&other);
}

Test(identity, a_failed_reload_changes_nothing, .init = setup, .fini = teardown)
{
	struct identity *identity = pki_identity(&pki, "a", IDENTITY_NODE);
	owned(free) char *key = own_printf("%s/a/node.key", pki.dir), *why = NULL;
	SSL_CTX *before = identity_server(identity), *after;

	cr_assert_eq(file_write(key, 0600, "x", 1), 0);
	cr_assert_lt(identity_reload(identity, &why), 0);
	after = identity_server(identity);
	cr_assert_eq(before, after);
	SSL_CTX_free(before);
	SSL_CTX_free(after);
	identity_free(identity);
}

Test(identity, a_ca_is_made_once, .init = setup, .fini = teardown)
{
	struct authority_subject s = { .name = "a/b" };
	owned(free) char *why = NULL, *key = own_printf("%s/ca.key", pki.dir);
	struct stat st;

	cr_assert_eq(stat(key, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
	cr_assert_eq(authority_create(pki.dir, "again", &why), -EEXIST);
	free(give(why));
	cr_assert_eq(authority_issue(pki.dir, &s, pki.dir, &why), -EINVAL);
	free(give(why));
	s.name = "a";
	cr_assert_eq(authority_issue("/nonexistent", &s, pki.dir, &why), -ENOENT);
}
