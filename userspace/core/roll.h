/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Roll: who the controllers are, by index, who of them votes, and who is to: as the log decided. */
#ifndef CORE_ROLL_H
#define CORE_ROLL_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/quorum.h"

/*
 * {serial, wanted, now, next, list: {INDEX: {id, name, link, raft, addresses}}, used: {INDEX: id}}
 *
 * Set by two entries, each with the serial (the log's index) that it was decided upon; upon another
 * one it changes nothing:
 *  {do: controllers, base, list, now, wanted}  whom there is, and who is to vote
 *  {do: voters, base, now, next}               now and next count, both; next 0: now alone, and who
 *                                              is in neither is a controller no more
 * and by {do: recovered, controller}: it is the only one.
 * A voter's id in the log is never used again for another disk: index + 1 + ROLL_IDS * times.
 */
#define ROLL_IDS 16

/* *roll: NULL as long as only the files tell. True: it has changed. */
bool roll_apply(json_t **roll, uint64_t index, json_t *entry);
uint64_t roll_serial(json_t *roll); /* 0: there is none */
/* False: there is none, and *ret stays as it is. */
bool roll_quorum(json_t *roll, struct quorum *ret);
uint32_t roll_wanted(json_t *roll);
uint32_t roll_members(json_t *roll);
json_t *roll_member(json_t *roll, unsigned index); /* borrowed, or NULL */
int roll_index(json_t *roll, const char *name);    /* -1: nobody is called that */
unsigned roll_index_of_id(uint64_t id);

/* The entry that a wish {add: [{name, addresses, link?, raft?}], remove: [name]} comes to, upon this
 * roll. present: who is connected. NULL: *why says what is wrong, and what would be right. */
json_t *roll_wish(json_t *roll, json_t *wish, uint32_t present, char **why);
/* The roll that files describe: a list of {id, name, link, raft, addresses} by index. */
json_t *roll_of_files(json_t *list);

#endif
