/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "pdu_family.h"

#define E "1.3.6.1.4.1."

/*
 * Beware: what a unit shows and what it takes are different numbers in several families (rPDU2
 * shows 2 for on and takes 1). sysObjectID is not used: makers changed trees and kept it; the trees
 * themselves are asked.
 */
static const struct pdu_family families[] = {
	{ "apc_rpdu2", "APC rPDU2 (AP84xx, AP86xx, AP88xx, AP89xx)", E "318.1.1.26.9.2.3.1.5",
		{ 2, -1 }, { 1, -1 }, { -1 }, { E "318.1.1.26.9.2.4.1.5", 1 },
		{ E "318.1.1.26.9.2.4.1.5", 2 }, E "318.1.1.26.9.2.3.1.3", "", 0 },
	{ "apc_rpdu", "APC rPDU (AP78xx, AP79xx)", E "318.1.1.12.3.5.1.1.4", { 1, -1 }, { 2, -1 },
		{ -1 }, { E "318.1.1.12.3.3.1.1.4", 1 }, { E "318.1.1.12.3.3.1.1.4", 2 },
		E "318.1.1.12.3.5.1.1.2", "", 0 },
	{ "apc_msp", "APC MasterSwitch+", E "318.1.1.6.7.1.1.5", { 1, -1 }, { 2, -1 }, { -1 },
		{ E "318.1.1.6.5.1.1.5", 1 }, { E "318.1.1.6.5.1.1.5", 3 }, E "318.1.1.6.7.1.1.4",
		"1.1.", 0 },
	{ "apc_ms", "APC MasterSwitch", E "318.1.1.4.4.2.1.3", { 1, -1 }, { 2, -1 }, { -1 },
		{ E "318.1.1.4.4.2.1.3", 1 }, { E "318.1.1.4.4.2.1.3", 2 }, E "318.1.1.4.4.2.1.4",
		"", 0 },
	{ "eaton_epdu", "Eaton ePDU G2 to G4", E "534.6.6.7.6.6.1.2", { 1, -1 }, { 0, -1 },
		{ 2, 3, -1 }, { E "534.6.6.7.6.6.1.4", 0 }, { E "534.6.6.7.6.6.1.3", 0 },
		E "534.6.6.7.6.1.1.3", "0.", 0 },
	{ "eaton_managed", "Eaton Managed ePDU", E "534.6.6.6.1.2.2.1.3", { 1, -1 }, { 0, -1 },
		{ 2, -1 }, { E "534.6.6.6.1.2.2.1.3", 1 }, { E "534.6.6.6.1.2.2.1.3", 0 },
		E "534.6.6.6.1.2.2.1.1", "", -1 },
	{ "raritan_px2", "Raritan PX2 and PX3", E "13742.6.4.1.2.1.3", { 7, -1 }, { 8, -1 }, { -1 },
		{ E "13742.6.4.1.2.1.2", 1 }, { E "13742.6.4.1.2.1.2", 0 }, E "13742.6.3.5.3.1.3",
		"1.", 0 },
	{ "raritan_px1", "Raritan PX", E "13742.1.2.2.1.3", { 1, -1 }, { 0, -1 }, { 2, -1 },
		{ E "13742.1.2.2.1.3", 1 }, { E "13742.1.2.2.1.3", 0 }, E "13742.1.2.2.1.2", "",
		0 },
	{ "sentry4", "Server Technology Sentry4", E "1718.4.1.8.3.1.1", { 1, -1 }, { 0, -1 },
		{ -1 }, { E "1718.4.1.8.5.1.2", 1 }, { E "1718.4.1.8.5.1.2", 2 },
		E "1718.4.1.8.2.1.3", "1.1.", 0 },
	{ "sentry3", "Server Technology Sentry3", E "1718.3.2.3.1.5", { 1, -1 }, { 0, -1 }, { -1 },
		{ E "1718.3.2.3.1.11", 1 }, { E "1718.3.2.3.1.11", 2 }, E "1718.3.2.3.1.3", "1.1.",
		0 },
	{ "cyberpower", "CyberPower ePDU", E "3808.1.1.3.3.5.1.1.4", { 1, -1 }, { 2, -1 }, { -1 },
		{ E "3808.1.1.3.3.3.1.1.4", 1 }, { E "3808.1.1.3.3.3.1.1.4", 2 },
		E "3808.1.1.3.3.3.1.1.2", "", 0 },
	{ "vertiv_geist", "Vertiv Geist", E "21239.5.2.3.5.1.4", { 1, -1 }, { 2, -1 }, { 3, 4, -1 },
		{ E "21239.5.2.3.5.1.6", 2 }, { E "21239.5.2.3.5.1.6", 4 }, E "21239.5.2.3.5.1.3",
		"", 0 },
	{ "liebert_mpx", "Vertiv Liebert MPX", E "476.1.42.3.8.50.20.1.95", { 2, -1 }, { 1, -1 },
		{ -1 }, { E "476.1.42.3.8.50.20.1.100", 1 }, { E "476.1.42.3.8.50.20.1.100", 0 },
		E "476.1.42.3.8.50.20.1.10", "1.1.", 0 },
	{ "avocent", "Avocent PM PDU", E "10418.17.2.5.5.1.5", { 2, -1 }, { 1, -1 }, { 3, -1 },
		{ E "10418.17.2.5.5.1.6", 2 }, { E "10418.17.2.5.5.1.6", 3 },
		E "10418.17.2.5.5.1.4", "1.1.", 0 },
	{ "tripplite", "Tripp Lite", E "850.10.2.3.5.1.2", { 2, -1 }, { 1, -1 }, { -1 },
		{ E "850.10.2.3.5.1.4", 2 }, { E "850.10.2.3.5.1.4", 1 }, E "850.10.2.3.5.1.5",
		"1.", 0 },
	{ "tripplite_lx", "Tripp Lite LX", E "850.1.1.3.2.3.3.1.1.4", { 2, -1 }, { 1, -1 }, { -1 },
		{ E "850.1.1.3.2.3.3.1.1.6", 2 }, { E "850.1.1.3.2.3.3.1.1.6", 1 },
		E "850.1.1.3.2.3.3.1.1.2", "1.", 0 },
	{ "hpe_g2", "HPE G2", E "232.165.7.5.2.1.1", { 2, -1 }, { 1, -1 }, { 3, 4, -1 },
		{ E "232.165.7.5.2.1.3", 0 }, { E "232.165.7.5.2.1.2", 0 }, E "232.165.7.5.1.1.2",
		"0.", 0 },
	{ "ibm_ipdu", "IBM iPDU", E "2.6.223.8.2.2.1.11", { 1, -1 }, { 0, -1 }, { -1 },
		{ E "2.6.223.8.2.2.1.11", 1 }, { E "2.6.223.8.2.2.1.11", 0 }, E "2.6.223.8.2.2.1.2",
		"", 0 },
	{ "lindy", "Lindy IPower Switch", E "17420.1.2.9", { 1, -1 }, { 0, -1 }, { -1 },
		{ E "17420.1.2.9", 1 }, { E "17420.1.2.9", 0 }, E "17420.1.2.9", "1.", 0,
		.joined = true },
	{ NULL },
};

const struct pdu_family *pdu_families(void)
{
	return families;
}

const struct pdu_family *pdu_family_find(const char *name)
{
	for (const struct pdu_family *f = families; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static bool listed(const long *list, long value)
{
	for (size_t i = 0; i < PDU_VALUES_MAX && list[i] != -1; i++)
		if (list[i] == value)
			return true;
	return false;
}

enum power pdu_family_power(const struct pdu_family *family, long value)
{
	if (listed(family->off, value))
		return POWER_OFF;
	if (listed(family->on, value))
		return POWER_ON;
	return listed(family->changing, value) ? POWER_CHANGING : POWER_UNKNOWN;
}

static size_t depth_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '.';
	return n;
}

void pdu_family_index(const struct pdu_family *family, const char *plug, char *to, size_t size)
{
	size_t digits = strspn(plug, "0123456789"), rest;
	const char *number;

	*to = 0;
	if (!digits || digits > 9 || strspn(plug, "0123456789.:") != strlen(plug))
		return;
	if (!plug[digits]) { /* the first unit's */
		snprintf(
			to, size, "%s%ld", family->before, strtol(plug, NULL, 10) + family->offset);
		return;
	}
	if (plug[digits] == '.') { /* an index as it is */
		if (!strchr(plug, ':') && depth_of(plug) == depth_of(family->before))
			snprintf(to, size, "%s", plug);
		return;
	}
	number = plug + digits + 1; /* unit:number, with the usual ones between them */
	rest = strspn(number, "0123456789");
	if (!rest || number[rest] || !*family->before)
		return;
	snprintf(to, size, "%.*s%s%s", (int)digits, plug, strchr(family->before, '.'), number);
}

void pdu_family_plug(const struct pdu_family *family, const char *index, char *to, size_t size)
{
	size_t n = strlen(family->before);

	if (strncmp(index, family->before, n) == 0 && !strchr(index + n, '.'))
		snprintf(to, size, "%ld", strtol(index + n, NULL, 10) - family->offset);
	else
		snprintf(to, size, "%s", index);
}
