/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pdu joined: units that tell the states of all their outlets in one text, and take them in one. */
#ifndef FENCE_PDU_JOINED_H
#define FENCE_PDU_JOINED_H

#include "pdu_family.h"
#include "snmp.h"

/* The nth number, from 1, of "1,0,1"; -ENOENT: there is none; -EPROTO: the text is no such list. */
int pdu_joined_number(const char *text, unsigned long n, long *ret_number);
/* The text with that number in its place; -ENOENT; -ENOSPC: longer than `to`. */
int pdu_joined_replace(const char *text, unsigned long n, long number, char *to, size_t size);

/* As snmp_get() of an outlet; index is "UNIT.OUTLET". What is not there is SNMP_MISSING. */
int pdu_joined_get(struct snmp *snmp, const struct pdu_family *family, const char *index,
	struct snmp_value *ret_value);
/* The name of an outlet; "" if it has none. */
int pdu_joined_label(struct snmp *snmp, const struct pdu_family *family, const char *index,
	char *to, size_t size);
/* Switches one outlet, by writing all of them as they were read and this one as it is wanted. On
 * one host one after the other, because of two at once the first would be undone. */
int pdu_joined_set(struct call *call, struct snmp *snmp, const struct pdu_family *family,
	const char *index, long number);

#endif
