// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/value.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/model/when.h"

static const struct value_colours usual = { .red = -VALUE_INFINITY };

static int bounded(long long n)
{
	return n >= VALUE_INFINITY    ? VALUE_INFINITY
	       : n <= -VALUE_INFINITY ? -VALUE_INFINITY
				      : (int)n;
}

int value_score(const char *text, const struct value_colours *colours)
{
	if (!text || !*text)
		return 0;
	if (!colours)
		colours = &usual;
	if (!isalpha((unsigned char)*text) && !isalpha((unsigned char)text[1]))
		return bounded(value_number(text, 0));
	if (!strcasecmp(text, "-INFINITY"))
		return -VALUE_INFINITY;
	if (!strcasecmp(text, "INFINITY") || !strcasecmp(text, "+INFINITY"))
		return VALUE_INFINITY;
	if (!strcasecmp(text, "red"))
		return colours->red;
	if (!strcasecmp(text, "yellow"))
		return colours->yellow;
	if (!strcasecmp(text, "green"))
		return colours->green;
	return bounded(value_number(text, 0));
}

bool value_is_score(const char *text)
{
	long long n;

	if (!text)
		return false;
	if (!strcasecmp(text + (*text == '-' || *text == '+'), "INFINITY"))
		return true;
	if (!strcasecmp(text, "red") || !strcasecmp(text, "yellow") || !strcasecmp(text, "green"))
		return true;
	return value_integer(text, &n) != -EINVAL && strspn(text, " +-0123456789") == strlen(text);
}

int value_bool(const char *text, bool *ret)
{
	static const char *const yes[] = { "true", "on", "yes", "y", "1" };
	static const char *const no[] = { "false", "off", "no", "n", "0" };

	if (!text)
		return -EINVAL;
	for (unsigned i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		if (!strcasecmp(text, yes[i]) || !strcasecmp(text, no[i])) {
			*ret = !strcasecmp(text, yes[i]);
			return 0;
		}
	}
	return -EINVAL;
}

bool value_true(const char *text, bool otherwise)
{
	(void)value_bool(text, &otherwise);
	return otherwise;
}

/* So many decimal digits fit. */
#define DIGITS_MAX 18

const char *value_digits(const char *text, long long *ret)
{
	const char *at = text;
	long long n = 0;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (at - text == DIGITS_MAX)
			return NULL;
		n = 10 * n + (*at - '0');
	}
	if (at == text)
		return NULL;
	*ret = n;
	return at;
}

int value_integer(const char *text, long long *ret)
{
	long long n;
	char *end;

	if (!text)
		return -EINVAL;
	/* Nearly all are a few digits, and there are millions of them. */
	if (value_digits(text, ret))
		return 0;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text)
		return -EINVAL;
	*ret = n;
	return errno == ERANGE ? -ERANGE : 0;
}

long long value_number(const char *text, long long otherwise)
{
	(void)value_integer(text, &otherwise);
	return otherwise;
}

/* Per unit: how many of it, multiplied and divided, make milliseconds. */
static const struct {
	const char *name;
	unsigned multiply, divide;
} units[] = {
	{ "", 1000, 1 },
	{ "s", 1000, 1 },
	{ "sec", 1000, 1 },
	{ "ms", 1, 1 },
	{ "msec", 1, 1 },
	{ "us", 1, 1000 },
	{ "usec", 1, 1000 },
	{ "m", 60000, 1 },
	{ "min", 60000, 1 },
	{ "h", 3600000, 1 },
	{ "hr", 3600000, 1 },
};

int value_ms(const char *text, uint64_t *ret)
{
	unsigned long long n;
	size_t len;
	char *end;

	if (!text)
		return -EINVAL;
	while (isspace((unsigned char)*text))
		text++;
	if (*text == 'P') {
		struct when_duration d;

		if (when_duration_parse(text, &d))
			return -EINVAL;
		*ret = (uint64_t)when_duration_seconds(&d) * 1000;
		return 0;
	}
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	while (isspace((unsigned char)*end))
		end++;
	for (len = strlen(end); len && isspace((unsigned char)end[len - 1]); len--)
		;
	for (unsigned i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strlen(units[i].name) != len || strncasecmp(end, units[i].name, len))
			continue;
		if (errno || n > (unsigned long long)INT64_MAX / units[i].multiply)
			*ret = INT64_MAX;
		else
			*ret = n * units[i].multiply / units[i].divide;
		return 0;
	}
	return -EINVAL;
}

uint64_t value_interval(const char *text)
{
	uint64_t ms = 0;

	(void)value_ms(text, &ms);
	return ms;
}

int value_version_compare(const char *a, const char *b)
{
	if (!a || !b)
		return !!a - !!b;
	while (*a || *b) {
		char *end_a, *end_b;
		unsigned long x = strtoul(a, &end_a, 10), y = strtoul(b, &end_b, 10);

		if (x != y)
			return x < y ? -1 : 1;
		a = end_a;
		b = end_b;
		/* What is no number parts two numbers, whatever it is. */
		while (*a && !isdigit((unsigned char)*a))
			a++;
		while (*b && !isdigit((unsigned char)*b))
			b++;
	}
	return 0;
}

bool value_is_secret(const char *name)
{
	static const char *const secrets[] = { "password", "passwd", "secret", "snmp_auth", "token",
		"auth_key", "priv_key", "private_key", "passphrase", "apikey", "api_key" };

	for (size_t i = 0; name && i < sizeof(secrets) / sizeof(*secrets); i++)
		if (strstr(name, secrets[i]))
			return !strstr(name, "_file") && !strstr(name, "_script");
	return false;
}
