/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snmp: questions to one SNMP agent (v1, v2c, v3), with answers that say what they are. */
#ifndef FENCE_SNMP_H
#define FENCE_SNMP_H

#include "call.h"

enum { SNMP_OID_MAX = 64, SNMP_TEXT_MAX = 64 };

struct snmp;

struct snmp_name {
	unsigned long ids[SNMP_OID_MAX];
	size_t n;
};

/* A value is a number or a text only if the agent really gave one: "no such instance" and the end
 * of the tree are SNMP_MISSING, everything else is SNMP_OTHER. */
enum snmp_type { SNMP_MISSING, SNMP_NUMBER, SNMP_TEXT, SNMP_OTHER };

struct snmp_value {
	struct snmp_name name;
	enum snmp_type type;
	long number;
	char text[SNMP_TEXT_MAX]; /* printable; longer ones are cut */
};

/* The library made ready; snmp_new() does it by itself. */
void snmp_warm(void);

/* From the call's settings; for v3 the agent is asked for its engine. */
int snmp_new(struct call *call, struct snmp **ret_snmp);
void snmp_free(struct snmp *snmp);

/* "1.3.6.1.4.1.318…", a leading dot or not. -EINVAL. */
int snmp_name_parse(const char *text, struct snmp_name *ret_name);
/* prefix + "1.2.3"; -EINVAL if that is no list of numbers, or too long. */
int snmp_name_append(struct snmp_name *name, const char *index);
bool snmp_name_below(const struct snmp_name *name, const struct snmp_name *prefix);
/* What follows the prefix, as "1.2.3". */
void snmp_name_index(
	const struct snmp_name *name, const struct snmp_name *prefix, char *to, size_t size);

/* -ETIMEDOUT; -EACCES: unknown user, wrong keys; -EPROTO. An instance that is not there is no error
 * but a value of type SNMP_MISSING, in v1 too. */
int snmp_get(struct snmp *snmp, const struct snmp_name *name, struct snmp_value *ret_value);
int snmp_next(struct snmp *snmp, const struct snmp_name *name, struct snmp_value *ret_value);
/* Writes an INTEGER. -EPERM: the agent refuses (no access, wrong value). */
int snmp_set(struct snmp *snmp, const struct snmp_name *name, long number);
/* Writes an OCTET STRING. */
int snmp_set_text(struct snmp *snmp, const struct snmp_name *name, const char *text);

#endif
