/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the director: what is seen, decided and carried out; see director_inside.h. */
#ifndef CORE_DIRECTOR_PLAN_H
#define CORE_DIRECTOR_PLAN_H

#include "core/decision.h"
#include "core/director_ticket.h"

struct director;
struct director_node;

/* director_observe.c: observe mode, where nothing is done */
bool director_observes(const struct director *d);
void director_observed(struct director *d, const struct plan *plan);
void director_observed_loss(struct director *d, const char *node, const char *why);

/* director_plan.c: the transition */
void director_result(struct director *d, struct director_node *n, json_t *result, bool history);
void director_drive(struct director *d);
void director_plan_forget(struct director *d, const char *node);
void director_plan_drop(struct director *d);
uint64_t director_recheck_ns(const struct director *d);  /* 0: never */
void director_attend(struct director *d, json_t *entry); /* an attribute has changed */
void director_errand(struct director *d, struct director_node *n, const char *op,
	const char *resource); /* of which nobody awaits the end */
/* director_picture.c: what is seen */
struct picture *director_picture(struct director *d, const struct site *site, bool copy);
struct ledger_standing director_standing(
	struct director *d, struct director_node *n, const char *resource);
const char *director_state_name(struct ledger_standing standing, const char *role);
const char *director_role_name(const char *role); /* in small letters */
const char *director_role(const struct site *site, const struct site_resource *resource,
	struct ledger_standing standing);
bool director_is_instance(const char *instance, const char *resource);
json_t *director_why(struct director *d); /* resource → why it is nowhere; borrowed */

/* director_whatif.c: {nodes, tickets, at_s}; a status, and a document or a title and detail */
unsigned director_whatif(struct director *d, json_t *wishes, json_t **ret);

#endif
