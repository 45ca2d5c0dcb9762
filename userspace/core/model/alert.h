/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alert: whom to tell of which events: a program that is run, or a webhook that is called. */
#ifndef CORE_MODEL_ALERT_H
#define CORE_MODEL_ALERT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/document.h"

#define ALERT_MAX 32 /* alerts of a configuration */
#define ALERT_TIMEOUT_MS 30000
#define ALERT_RETRIES 5
#define ALERT_HEX 65    /* a signature with its NUL */
#define ALERT_ID_HEX 33 /* 128 bits with a NUL */

/* The section "alerts" of a configuration, root being the whole of it; document may be NULL. */
void alerts_check(json_t *root, const struct document *document, struct problems *problems);

/* alert: one value of the section. Does it want this event? A list that is not given wants all. */
bool alert_wants(json_t *alert, json_t *event);
unsigned alert_timeout_ms(json_t *alert);
unsigned alert_retries(json_t *alert);
/* Milliseconds to wait before the nth retry, n from 1: doubles from one second to one minute. */
unsigned alert_pause_ms(unsigned n);

/* What is told. id: the same for the same event, whoever tells it, as far as there is a way: a
 * node's death keeps its id over a change of leader. */
json_t *alert_message(const char *name, const char *cluster, const char *controller, json_t *event);
/* The kinds of event that there are, one after the other; NULL: no more. */
const char *alert_kind(size_t i);
/* The MESSAGE_ID of a kind in the journal; userspace/host/picket.catalog explains it. */
void alert_kind_id(const char *kind, char ret[ALERT_ID_HEX]);
/* HMAC-SHA256 over "TIME.BODY", lower-case hex; time: seconds since the epoch, as text. */
void alert_sign(const char *secret, const char *time, const char *body, char ret[ALERT_HEX]);

#endif
