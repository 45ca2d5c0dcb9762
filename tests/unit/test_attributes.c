/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include <criterion/criterion.h>

#include "core/attributes.h"
#include "core/replica.h"

#define MS 1000000ULL

struct fixture {
	struct attributes *desk;
	json_t *all;
	uint64_t index;
	char said[512]; /* who was answered */
};

static struct fixture start(void)
{
	return (struct fixture){ attributes_new(), json_object(), 10, "" };
}

static void end(struct fixture *f)
{
	attributes_free(f->desk);
	json_decref(f->all);
}

static json_t *write_of(const char *id, const char *store, const char *node, const char *name,
	const char *value, int dampen_ms)
{
	json_t *m = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?}", "type", "attribute", "id", id,
		"store", store, "node", node, "name", name, "value", value);

	if (!value)
		json_object_set_new(m, "value", json_null());
	if (dampen_ms)
		json_object_set_new(m, "dampen_ms", json_integer(dampen_ms));
	return m;
}

static void on_accepted(void *ctx, const char *node, json_t *message)
{
	struct fixture *f = ctx;
	size_t n = strlen(f->said);

	snprintf(f->said + n, sizeof(f->said) - n, "%s:%s@%lld ", node,
		json_string_value(json_object_get(message, "id")),
		(long long)json_integer_value(json_object_get(message, "serial")));
}

static void commit(struct fixture *f, json_t *entry)
{
	f->index++;
	attributes_put(f->all, entry);
	attributes_accepted(f->desk, entry, f->index, on_accepted, f);
	json_decref(entry);
}

/* Says it as n1; the entry, or NULL; what was answered at once goes to f->said. */
static json_t *ask(struct fixture *f, json_t *m, uint64_t now_ns)
{
	json_t *entry, *answer;

	f->said[0] = '\0';
	attributes_ask(f->desk, f->all, f->index, "n1", m, now_ns, &entry, &answer);
	json_decref(m);
	if (answer)
		snprintf(f->said, sizeof(f->said), "%s",
			json_string_value(json_object_get(answer, "type")));
	json_decref(answer);
	return entry;
}

static const char *value(struct fixture *f, const char *store, const char *node, const char *name)
{
	const char *v = attributes_get(f->all, store, node, NULL, name);

	return v ? v : "-";
}

Test(attributes, is_kept_once_committed_and_its_writer_is_answered)
{
	struct fixture f = start();
	json_t *entry = ask(&f, write_of("a1", "transient", "n2", "score", "5", 0), 0);

	cr_assert_not_null(entry);
	cr_assert_str_empty(f.said);
	cr_assert_str_eq(value(&f, "transient", "n2", "score"), "-");
	commit(&f, entry);
	cr_assert_str_eq(value(&f, "transient", "n2", "score"), "5");
	cr_assert_str_eq(f.said, "n1:a1@11 ");
	end(&f);
}

Test(attributes, the_same_again_is_accepted_and_not_logged)
{
	struct fixture f = start();

	commit(&f, ask(&f, write_of("a1", "transient", "n1", "x", "5", 0), 0));
	cr_assert_null(ask(&f, write_of("a2", "transient", "n1", "x", "5", 0), 0));
	cr_assert_str_eq(f.said, "accepted");
	cr_assert_null(ask(&f, write_of("a3", "transient", "n1", "gone", NULL, 0), 0));
	cr_assert_str_eq(f.said, "accepted");
	end(&f);
}

Test(attributes, the_same_as_before_is_logged_when_another_value_is_on_its_way)
{
	struct fixture f = start();
	json_t *two, *one;

	commit(&f, ask(&f, write_of("a1", "transient", "n1", "x", "1", 0), 0));
	two = ask(&f, write_of("a2", "transient", "n1", "x", "2", 0), 0);
	one = ask(&f, write_of("a3", "transient", "n1", "x", "1", 0), 0);
	cr_assert_not_null(two);
	cr_assert_not_null(one);
	commit(&f, two);
	commit(&f, one);
	cr_assert_str_eq(value(&f, "transient", "n1", "x"), "1");
	cr_assert_null(ask(&f, write_of("a4", "transient", "n1", "x", "1", 0), 0));
	end(&f);
}

Test(attributes, deleting)
{
	struct fixture f = start();
	json_t *entry;

	commit(&f, ask(&f, write_of("a1", "permanent", "n1", "x", "1", 0), 0));
	entry = ask(&f, write_of("a2", "permanent", "n1", "x", NULL, 0), 0);
	cr_assert_not_null(entry);
	commit(&f, entry);
	cr_assert_str_eq(value(&f, "permanent", "n1", "x"), "-");
	end(&f);
}

Test(attributes, what_cannot_be_kept_is_denied)
{
	static const char *const bad[][3] = { { "nowhere", "n1", "x" }, { "transient", "", "x" },
		{ "transient", "n1", "" }, { "transient", "n1", "a\nb" },
		{ "transient", "n\n1", "x" } };
	struct fixture f = start();

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cr_assert_null(ask(&f, write_of("a", bad[i][0], bad[i][1], bad[i][2], "1", 0), 0));
		cr_assert_str_eq(f.said, "denied", "case %zu", i);
	}
	commit(&f, ask(&f, write_of("a", "property", "", "x", "1", 0), 0));
	cr_assert_str_eq(value(&f, "property", "", "x"), "1");
	end(&f);
}

Test(attributes, of_an_incarnation_that_is_over_only_the_permanent_ones_stay)
{
	struct fixture f = start();

	commit(&f, ask(&f, write_of("a1", "transient", "n1", "t", "1", 0), 0));
	commit(&f, ask(&f, write_of("a2", "private", "n1", "p", "1", 0), 0));
	commit(&f, ask(&f, write_of("a3", "permanent", "n1", "f", "1", 0), 0));
	commit(&f, ask(&f, write_of("a4", "transient", "n2", "t", "2", 0), 0));
	cr_assert(attributes_leave(f.all, "n1"));
	cr_assert_not(attributes_leave(f.all, "n1"));
	cr_assert_str_eq(value(&f, "transient", "n1", "t"), "-");
	cr_assert_str_eq(value(&f, "private", "n1", "p"), "-");
	cr_assert_str_eq(value(&f, "permanent", "n1", "f"), "1");
	cr_assert_str_eq(value(&f, "transient", "n2", "t"), "2");
	end(&f);
}

Test(attributes, sets_and_stores_do_not_mix)
{
	struct fixture f = start();
	json_t *m = write_of("a1", "property", "", "master", "n1", 0);

	json_object_set_new(m, "set", json_string("repl"));
	commit(&f, ask(&f, m, 0));
	cr_assert_str_eq(attributes_get(f.all, "property", "", "repl", "master"), "n1");
	cr_assert_null(attributes_get(f.all, "property", "", NULL, "master"));
	cr_assert_null(attributes_get(f.all, "permanent", "", "repl", "master"));
	end(&f);
}

Test(attributes, dampened_the_last_of_several_counts_and_all_are_answered)
{
	struct fixture f = start();
	json_t *entry;

	cr_assert_null(ask(&f, write_of("a1", "transient", "n1", "ping", "100", 500), 0));
	cr_assert_str_empty(f.said);
	cr_assert_eq(attributes_wake_ns(f.desk), 500 * MS);
	cr_assert_null(ask(&f, write_of("a2", "transient", "n1", "ping", "0", 500), 400 * MS));
	cr_assert_eq(attributes_wake_ns(f.desk), 500 * MS, "the wait does not begin anew");
	cr_assert_null(attributes_due(f.desk, 499 * MS));
	entry = attributes_due(f.desk, 500 * MS);
	cr_assert_not_null(entry);
	cr_assert_null(attributes_due(f.desk, 500 * MS));
	cr_assert_eq(attributes_wake_ns(f.desk), UINT64_MAX);
	f.said[0] = '\0';
	commit(&f, entry);
	cr_assert_str_eq(value(&f, "transient", "n1", "ping"), "0");
	cr_assert_str_eq(f.said, "n1:a1@11 n1:a2@11 ");
	end(&f);
}

Test(attributes, who_does_not_wait_takes_the_waiting_along)
{
	struct fixture f = start();
	json_t *entry;

	cr_assert_null(ask(&f, write_of("a1", "transient", "n1", "x", "1", 500), 0));
	entry = ask(&f, write_of("a2", "transient", "n1", "x", "2", 0), 100 * MS);
	cr_assert_not_null(entry);
	cr_assert_eq(attributes_wake_ns(f.desk), UINT64_MAX);
	commit(&f, entry);
	cr_assert_str_eq(value(&f, "transient", "n1", "x"), "2");
	cr_assert_str_eq(f.said, "n1:a1@11 n1:a2@11 ");
	end(&f);
}

Test(attributes, a_desk_that_is_forgotten_has_nothing_on_its_way)
{
	struct fixture f = start();
	json_t *lost = ask(&f, write_of("a1", "transient", "n1", "x", "1", 0), 0);

	cr_assert_null(ask(&f, write_of("a2", "transient", "n1", "y", "1", 500), 0));
	attributes_forget(f.desk);
	cr_assert_eq(attributes_wake_ns(f.desk), UINT64_MAX);
	cr_assert_null(ask(&f, write_of("a3", "transient", "n1", "x", NULL, 0), 0));
	cr_assert_str_eq(f.said, "accepted", "nothing is there, and nothing comes");
	json_decref(lost);
	end(&f);
}

/* What the leader tells is what a node's replica understands. */
Test(attributes, a_replica_follows)
{
	struct replica *replica = replica_new("n2", "n2-1");
	struct fixture f = start();
	json_t *entry, *m, *question, *answer;

	commit(&f, ask(&f, write_of("a1", "transient", "n1", "x", "1", 0), 0));
	m = attributes_replica(f.all, f.index);
	replica_take(replica, m);
	json_decref(m);
	question = json_pack("{s:s, s:s, s:s, s:s}", "ask", "attribute", "store", "transient",
		"node", "n1", "name", "x");
	answer = replica_answer(replica, question);
	cr_assert_str_eq(json_string_value(json_object_get(answer, "value")), "1");
	json_decref(answer);

	entry = ask(&f, write_of("a2", "transient", "n1", "x", NULL, 0), 0);
	m = attributes_change(entry, f.index + 1);
	commit(&f, entry);
	replica_take(replica, m);
	json_decref(m);
	answer = replica_answer(replica, question);
	cr_assert(json_is_true(json_object_get(answer, "missing")));
	json_decref(answer);
	json_decref(question);
	replica_free(replica);
	end(&f);
}
