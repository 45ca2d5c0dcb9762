/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pdu web kind: how one kind of unit names, shows and switches its outlets; inside of pdu_web. */
#ifndef FENCE_PDU_WEB_KIND_H
#define FENCE_PDU_WEB_KIND_H

#include <jansson.h>

#include "base/own.h"
#include "call.h"
#include "redfish.h"

struct pdu_web;

struct web_outlet {
	char id[32], label[64];
	char *path;
	bool labelled;
};

/* One kind of unit. All return 0 or what call_fail() returned. */
struct web_kind {
	const char *name, *title;
	int (*find)(struct pdu_web *web); /* fills outlets: id and path, and label if it is there */
	int (*label)(struct pdu_web *web, struct web_outlet *outlet); /* NULL: find() did it */
	int (*state)(struct pdu_web *web, struct web_outlet *outlet, enum power *ret_power,
		char *read, size_t size);
	int (*turn)(struct pdu_web *web, struct web_outlet *outlet, enum power wanted);
};

struct pdu_web {
	struct call *call;
	const struct web_kind *kind;
	struct http *http;
	struct redfish *redfish;
	char *base;
	struct web_outlet *outlets;
	size_t n, cap;
};

/* NULL: none of that name. */
const struct web_kind *web_kind_find(const char *name);

/* NULL: there are too many. */
struct web_outlet *web_outlet_add(struct pdu_web *web, const char *id, const char *path);
void web_outlet_label(struct web_outlet *outlet, const char *label);

/* set: does the question switch something? *ret_text is the answer's body. */
int web_question(struct pdu_web *web, const char *method, const char *path, const char *body,
	bool set, char **ret_text);
int web_question_json(struct pdu_web *web, const char *method, const char *path, const char *body,
	bool set, json_t **ret);

#endif
