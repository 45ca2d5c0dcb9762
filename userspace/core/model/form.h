/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Form: how an element of a CIB is written in picket's document: its keys, and what they may hold.
 */
#ifndef CORE_MODEL_FORM_H
#define CORE_MODEL_FORM_H

#include <jansson.h>

#include "base/element.h"

enum form_kind {
	FORM_END,
	FORM_TEXT,
	FORM_NUMBER,
	FORM_SCORE,    /* a number or [+-]INFINITY */
	FORM_FLAG,     /* true or false */
	FORM_TIME,     /* a length of time: 10s */
	FORM_MOMENT,   /* ISO 8601 */
	FORM_CHOICE,   /* one of choices */
	FORM_NODE,     /* the name of a node */
	FORM_RESOURCE, /* the name of a resource or a tag */
	FORM_PATTERN,  /* a regular expression */
	FORM_INSIDE,   /* more below it: whoever uses the form reads it */
};

struct form_key {
	const char *key;       /* in the document */
	const char *attribute; /* of the element; NULL: the same */
	enum form_kind kind;
	const char *choices; /* "start|stop" */
	bool needed;
};

/* The same rows serve reading, checking and writing. */
struct form {
	const char *element;
	const struct form_key *keys; /* up to FORM_END */
};

extern const struct form form_operation, form_rule, form_expression, form_date, form_agent,
	form_action, form_set, form_location, form_colocation, form_order, form_ticket,
	form_network, form_port, form_storage, form_container;

/* Each of a date_spec's and a duration's fields is a key. */
extern const struct form form_spec, form_duration;

const char *form_attribute(const struct form_key *key);
/* NULL: the value is good; else what is wanted in its place. Nodes and resources are not looked up.
 */
const char *form_wants(const struct form_key *key, const char *value);
/* Sets the attributes of e in the object, as far as the form knows them. True: nothing else was
 * there besides id. */
bool form_adopt(const struct form *form, const struct element *e, json_t *object);

#endif
