/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "pdu_joined.h"

enum { AGAIN_MS = 20 };

static const char *nth(const char *text, unsigned long n)
{
	while (n > 1 && text) {
		text = strchr(text, ',');
		text = text ? text + 1 : NULL;
		n--;
	}
	return n && text && *text ? text : NULL;
}

int pdu_joined_number(const char *text, unsigned long n, long *ret_number)
{
	const char *at = nth(text, n);
	size_t digits = at ? strspn(at, "0123456789") : 0;

	/* A text that has anything else in it is not trusted in any place; one that fills its room
	 * may have been cut in the middle of this very number. */
	if (strspn(text, "0123456789,") != strlen(text) || strlen(text) >= SNMP_TEXT_MAX - 1)
		return -EPROTO;
	if (!at)
		return -ENOENT;
	if (!digits || digits > 9 || (digits > 1 && *at == '0')) /* no unit writes 00 for 0 */
		return -EPROTO;
	*ret_number = strtol(at, NULL, 10);
	return 0;
}

int pdu_joined_replace(const char *text, unsigned long n, long number, char *to, size_t size)
{
	const char *at = nth(text, n);
	int length;

	if (!at)
		return -ENOENT;
	length = snprintf(
		to, size, "%.*s%ld%s", (int)(at - text), text, number, at + strcspn(at, ","));
	return length < 0 || (size_t)length >= size ? -ENOSPC : 0;
}

/* "UNIT.OUTLET", and the object COLUMN.UNIT.what. */
static int place_of(const struct pdu_family *family, const char *index, const char *what,
	struct snmp_name *ret_name, unsigned long *ret_n)
{
	const char *dot = strchr(index, '.');
	owned(free) char *below =
		dot ? own_printf("%.*s.%s", (int)(dot - index), index, what) : NULL;

	if (!dot || strchr(dot + 1, '.') || snmp_name_parse(family->state, ret_name) < 0 ||
		snmp_name_append(ret_name, below) < 0)
		return -EINVAL;
	*ret_n = strtoul(dot + 1, NULL, 10);
	return 0;
}

int pdu_joined_get(struct snmp *snmp, const struct pdu_family *family, const char *index,
	struct snmp_value *ret_value)
{
	struct snmp_value value = { .type = SNMP_MISSING };
	struct snmp_name name;
	unsigned long n;
	int r = place_of(family, index, "13.0", &name, &n);

	if (r == 0)
		r = snmp_get(snmp, &name, &value);
	else
		r = 0; /* no place of an outlet: nothing is there */
	if (r < 0)
		return r;
	if (value.type == SNMP_TEXT) {
		r = pdu_joined_number(value.text, n, &value.number);
		value.type = r == 0 ? SNMP_NUMBER : r == -ENOENT ? SNMP_MISSING : SNMP_TEXT;
	} else if (value.type != SNMP_MISSING) {
		value.type = SNMP_OTHER; /* a number here is not this tree's */
	}
	*ret_value = value;
	return 0;
}

int pdu_joined_label(struct snmp *snmp, const struct pdu_family *family, const char *index,
	char *to, size_t size)
{
	const char *dot = strchr(index, '.');
	owned(free) char *what = own_printf("14.%s.0", dot ? dot + 1 : "");
	struct snmp_value value;
	struct snmp_name name;
	unsigned long n;
	int r = place_of(family, index, what, &name, &n);

	*to = 0;
	r = r < 0 ? r : snmp_get(snmp, &name, &value);
	if (r == 0 && value.type == SNMP_TEXT) /* what follows the comma is no name */
		snprintf(to, size, "%.*s", (int)strcspn(value.text, ","), value.text);
	return r;
}

/* One byte of a file stands for a unit. Without the file (nobody's but root's) it goes without. */
static int unit_lock(struct call *call, const char *index)
{
	owned(free) char *unit = own_printf(
		"%s %s %s", call_address(call), settings_get(call->settings, "ipport"), index);
	int fd = open("/run/picket-pdu.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct flock one = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	uint32_t hash = 2166136261U;

	*strrchr(unit, '.') = 0; /* not the outlet */
	for (const char *c = unit; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619U;
	one.l_start = hash;
	while (fd >= 0 && fcntl(fd, F_OFD_SETLK, &one) < 0 &&
		(errno == EAGAIN || errno == EACCES) && deadline_sleep(call->deadline, AGAIN_MS))
		;
	return fd;
}

int pdu_joined_set(struct call *call, struct snmp *snmp, const struct pdu_family *family,
	const char *index, long number)
{
	char text[SNMP_TEXT_MAX];
	struct snmp_value value;
	struct snmp_name name;
	unsigned long n;
	int r = place_of(family, index, "13.0", &name, &n);
	owned(fd) int lock = -1;

	if (r < 0)
		return call_fail(call, r, "outlet %s has no index", index);
	lock = unit_lock(call, index);
	r = snmp_get(snmp, &name, &value);
	if (r < 0)
		return r;
	if (value.type != SNMP_TEXT || pdu_joined_number(value.text, n, &value.number) < 0 ||
		pdu_joined_replace(value.text, n, number, text, sizeof(text)) < 0)
		return call_fail(call, -EPROTO, "the states of the outlets are not what they were");
	return snmp_set_text(snmp, &name, text);
}
