/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pdu family: where one make of power distribution units keeps its outlets, and in which numbers.
 */
#ifndef FENCE_PDU_FAMILY_H
#define FENCE_PDU_FAMILY_H

#include <stdbool.h>
#include <stddef.h>

#include "call.h"

enum { PDU_VALUES_MAX = 4 };

/* How to command an outlet: write `value` into column.index. Some have a column per command. */
struct pdu_command {
	const char *column;
	long value;
};

struct pdu_family {
	const char *name, *title;
	const char *state;                            /* column that is read */
	long on[PDU_VALUES_MAX], off[PDU_VALUES_MAX]; /* values that mean so, ended by -1 */
	long changing[PDU_VALUES_MAX]; /* on their way; every other value is unknown */
	struct pdu_command turn_on, turn_off;
	const char *label; /* column of names, or NULL */
	const char
		*before; /* of the outlet's number in the index, such as "1." for the first unit */
	long offset;     /* of the first outlet's index against its number 1 */
	bool joined;     /* as pdu_joined.h has it; state is what all of its objects are below */
};

/* In the order of preference, for units that answer in several trees; ended by a NULL name. */
const struct pdu_family *pdu_families(void);
const struct pdu_family *pdu_family_find(const char *name);

/* What a state value means. Only a value of the list is on or off. */
enum power pdu_family_power(const struct pdu_family *family, long value);

/* The index of outlet "3", "2:3" (unit 2) or "2.3" (as it is), or "" if the text is none. */
void pdu_family_index(const struct pdu_family *family, const char *plug, char *to, size_t size);

/* The plug's text for an index: the inverse, for lists. */
void pdu_family_plug(const struct pdu_family *family, const char *index, char *to, size_t size);

#endif
