/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the director: tickets, and what the policy sees; see director_inside.h. */
#ifndef CORE_DIRECTOR_TICKET_H
#define CORE_DIRECTOR_TICKET_H

#include <stdbool.h>

#include <jansson.h>

struct director;

json_t *director_tickets(struct director *d); /* {tickets: [...]} */
/* What is to be proposed; NULL: there is no such verb. */
json_t *director_ticket_entry(
	struct director *d, const char *ticket, const char *verb, const char *user);
bool director_ticket_known(const struct director *d, const char *ticket);
json_t *director_model(struct director *d); /* {cib: text}, secrets masked */

#endif
