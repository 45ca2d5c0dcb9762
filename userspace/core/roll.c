/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include <picket/limits.h>

#include "base/member.h"
#include "base/own.h"
#include "core/roll.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

static uint32_t mask(json_t *object, const char *key)
{
	return (uint32_t)json_integer_value(json_object_get(object, key));
}

static const char *key_of(unsigned index, char buf[16])
{
	snprintf(buf, 16, "%u", index);
	return buf;
}

uint64_t roll_serial(json_t *roll)
{
	return (uint64_t)json_integer_value(json_object_get(roll, "serial"));
}

bool roll_quorum(json_t *roll, struct quorum *ret)
{
	if (!mask(roll, "now"))
		return false;
	*ret = (struct quorum){ mask(roll, "now"), mask(roll, "next") };
	return true;
}

uint32_t roll_wanted(json_t *roll)
{
	return mask(roll, "wanted");
}

json_t *roll_member(json_t *roll, unsigned index)
{
	char key[16];

	return json_object_get(json_object_get(roll, "list"), key_of(index, key));
}

uint32_t roll_members(json_t *roll)
{
	uint32_t all = 0;

	for (unsigned i = 0; i < PICKET_CONTROLLERS_MAX; i++)
		if (roll_member(roll, i))
			all |= 1u << i;
	return all;
}

int roll_index(json_t *roll, const char *name)
{
	for (unsigned i = 0; name && i < PICKET_CONTROLLERS_MAX; i++)
		if (!strcmp(member_text(roll_member(roll, i), "name"), name))
			return (int)i;
	return -1;
}

unsigned roll_index_of_id(uint64_t id)
{
	return (unsigned)((id - 1) % ROLL_IDS);
}

/* ---- what the log says ----------------------------------------------------------------------- */

static void remember_ids(json_t *roll)
{
	json_t *used = json_object_get(roll, "used"), *member;
	const char *key;

	json_object_foreach (json_object_get(roll, "list"), key, member)
		json_object_set(used, key, json_object_get(member, "id"));
}

static bool apply_controllers(json_t **roll, uint64_t index, json_t *entry)
{
	json_t *list = json_object_get(entry, "list"), *used = json_object_get(*roll, "used"), *r;

	if (!json_is_object(list) || !mask(entry, "now") || !mask(entry, "wanted"))
		return false;
	r = json_pack("{s:I, s:i, s:i, s:i, s:O, s:o}", "serial", (json_int_t)index, "wanted",
		(int)mask(entry, "wanted"), "now", (int)mask(entry, "now"), "next",
		(int)mask(*roll, "next"), "list", list, "used",
		used ? json_deep_copy(used) : json_object());
	remember_ids(r);
	json_decref(*roll);
	*roll = r;
	return true;
}

static bool apply_voters(json_t *roll, uint64_t index, json_t *entry)
{
	uint32_t now = mask(entry, "now"), next = mask(entry, "next");
	char key[16];

	if (!roll || !now || (now | next) & ~roll_members(roll))
		return false;
	json_object_set_new(roll, "serial", json_integer((json_int_t)index));
	json_object_set_new(roll, "now", json_integer(now));
	json_object_set_new(roll, "next", json_integer(next));
	for (unsigned i = 0; !next && i < PICKET_CONTROLLERS_MAX; i++)
		if (!((now | roll_wanted(roll)) & 1u << i))
			json_object_del(json_object_get(roll, "list"), key_of(i, key));
	return true;
}

/* A majority is lost for good: whoever asks this one is told so, with a newer serial. */
static bool apply_recovered(json_t *roll, uint64_t index, json_t *entry)
{
	int alone = roll_index(roll, member_text(entry, "controller"));
	json_t *list;
	char key[16];

	if (alone < 0)
		return false;
	list = json_object();
	json_object_set(list, key_of((unsigned)alone, key), roll_member(roll, (unsigned)alone));
	json_object_set_new(roll, "serial", json_integer((json_int_t)index));
	json_object_set_new(roll, "list", list);
	json_object_set_new(roll, "now", json_integer(1 << alone));
	json_object_set_new(roll, "wanted", json_integer(1 << alone));
	json_object_set_new(roll, "next", json_integer(0));
	return true;
}

bool roll_apply(json_t **roll, uint64_t index, json_t *entry)
{
	const char *what = member_text(entry, "do");

	if (!strcmp(what, "recovered"))
		return apply_recovered(*roll, index, entry);
	if ((uint64_t)json_integer_value(json_object_get(entry, "base")) != roll_serial(*roll))
		return false;
	if (!strcmp(what, "controllers"))
		return apply_controllers(roll, index, entry);
	return !strcmp(what, "voters") && apply_voters(*roll, index, entry);
}

json_t *roll_of_files(json_t *list)
{
	json_t *roll = json_pack("{s:I, s:i, s:{}, s:{}}", "serial", (json_int_t)0, "next", 0,
		       "list", "used"),
	       *member;
	uint32_t all = 0;
	char key[16];
	size_t i;

	json_array_foreach (list, i, member) {
		if (!json_is_object(member))
			continue;
		json_object_set(json_object_get(roll, "list"), key_of((unsigned)i, key), member);
		all |= 1u << i;
	}
	json_object_set_new(roll, "now", json_integer(all));
	json_object_set_new(roll, "wanted", json_integer(all));
	remember_ids(roll);
	return roll;
}

/* ---- what somebody wants ----------------------------------------------------------------------
 */

static bool name_good(const char *name)
{
	return *name && strlen(name) < PICKET_NAME_MAX && strspn(name, LETTERS) == strlen(name);
}

/* The addresses, and the two doors at the first of them unless it is said otherwise. */
static char *member_new(json_t *roll, unsigned index, json_t *wish, json_t **ret)
{
	json_t *addresses = json_object_get(wish, "addresses"), *address;
	json_int_t last = 0;
	const char *first = json_string_value(json_array_get(addresses, 0));
	owned(free) char *link = NULL, *raft = NULL;
	char key[16];
	size_t i;

	if (!name_good(member_text(wish, "name")))
		return own_printf("name: '%s' is none: letters, digits, '.', '_', '-'",
			member_text(wish, "name"));
	if (!first || json_array_size(addresses) > PICKET_LINKS_MAX)
		return own_printf("%s: addresses: a list with its address on each heartbeat link "
				  "is wanted, 1 to %d",
			member_text(wish, "name"), PICKET_LINKS_MAX);
	json_array_foreach (addresses, i, address)
		if (!json_is_string(address) ||
			json_string_length(address) !=
				strspn(json_string_value(address), "0123456789abcdefABCDEF.:"))
			return own_printf("%s: addresses: number %zu is not an IP address",
				member_text(wish, "name"), i + 1);
	link = own_printf(strchr(first, ':') ? "[%s]:%d" : "%s:%d", first, PICKET_PORT_LINK);
	raft = own_printf(strchr(first, ':') ? "[%s]:%d" : "%s:%d", first, PICKET_PORT_RAFT);
	last = json_integer_value(
		json_object_get(json_object_get(roll, "used"), key_of(index, key)));
	*ret = json_pack("{s:I, s:s, s:s, s:s, s:O}", "id", last ? last + ROLL_IDS : index + 1,
		"name", member_text(wish, "name"), "link",
		*member_text(wish, "link") ? member_text(wish, "link") : link, "raft",
		*member_text(wish, "raft") ? member_text(wish, "raft") : raft, "addresses",
		addresses);
	return NULL;
}

static char *add_one(json_t *roll, json_t *list, json_t *wish, uint32_t *wanted)
{
	uint32_t taken = roll_members(roll) | *wanted;
	json_t *member = NULL;
	unsigned index = 0;
	char key[16], *why;
	int known = roll_index(roll, member_text(wish, "name"));

	if (known >= 0 && roll_wanted(roll) & 1u << known)
		return own_printf("%s is a controller already", member_text(wish, "name"));
	if (known >= 0)
		return own_printf("%s is on its way out: wait until it is gone, then add it anew",
			member_text(wish, "name"));
	while (index < PICKET_CONTROLLERS_MAX && taken & 1u << index)
		index++;
	if (index == PICKET_CONTROLLERS_MAX)
		return own_printf("there are %d places for controllers, and all are taken: remove "
				  "one first",
			PICKET_CONTROLLERS_MAX);
	why = member_new(roll, index, wish, &member);
	if (why)
		return why;
	json_object_set_new(list, key_of(index, key), member);
	*wanted |= 1u << index;
	return NULL;
}

static char *change(json_t *roll, json_t *list, json_t *wish, uint32_t *wanted)
{
	json_t *one;
	char *why;
	size_t i;

	json_array_foreach (json_object_get(wish, "remove"), i, one) {
		int index = roll_index(roll, json_string_value(one));

		if (index < 0 || !(*wanted & 1u << index))
			return own_printf("there is no controller '%s'",
				json_is_string(one) ? json_string_value(one) : "?");
		*wanted &= ~(1u << index);
	}
	json_array_foreach (json_object_get(wish, "add"), i, one) {
		why = add_one(roll, list, one, wanted);
		if (why)
			return why;
	}
	return NULL;
}

static char *number_wrong(uint32_t wanted)
{
	unsigned n = quorum_count(wanted);

	if (!n)
		return own_string("one controller at least must be left");
	if (n == 2)
		return own_string(
			"two controllers would be left, and the loss of either would stop both, "
			"for one of two is no majority. Either add a third as a witness (a small "
			"host that votes and runs no resources: picketd without an agent), or "
			"keep one only, and know that nothing is decided while it is away");
	if (n % 2 == 0)
		return own_printf("%u controllers survive no more losses than %u do: make it 1, 3, "
				  "5 or 7, with several --add and remove in one command",
			n, n - 1);
	return NULL;
}

/* Of those that are to vote, so many are here that they can decide. New ones need not be yet: they
 * count when they have come. */
static char *majority_wrong(json_t *roll, uint32_t wanted, uint32_t present)
{
	uint32_t stay = wanted & roll_members(roll), fresh = wanted & ~stay;

	if (quorum_enough(&(struct quorum){ .now = wanted }, (stay & present) | fresh))
		return NULL;
	return own_printf("of the controllers that would be left, %u of %u are connected: that is "
			  "no majority, and nothing could be decided any more. Bring others back "
			  "first, or replace those that are lost",
		quorum_count(wanted & present), quorum_count(wanted));
}

json_t *roll_wish(json_t *roll, json_t *wish, uint32_t present, char **why)
{
	uint32_t wanted = roll_wanted(roll), now = mask(roll, "now"), next = mask(roll, "next");
	json_t *list = json_deep_copy(json_object_get(roll, "list")), *entry = NULL;

	*why = change(roll, list, wish, &wanted);
	if (!*why && wanted == roll_wanted(roll))
		*why = own_string("nothing to do: add: [{name, addresses}] and remove: [name]");
	if (!*why && (roll_wanted(roll) != now || next) && wanted != now)
		*why = own_string("the voters change already: wait for the end of that, or undo "
				  "it (remove what was added)");
	if (!*why)
		*why = number_wrong(wanted);
	if (!*why)
		*why = majority_wrong(roll, wanted, present);
	if (!*why)
		entry = json_pack("{s:s, s:I, s:O, s:i, s:i}", "do", "controllers", "base",
			(json_int_t)roll_serial(roll), "list", list, "now", (int)now, "wanted",
			(int)wanted);
	json_decref(list);
	return entry;
}
