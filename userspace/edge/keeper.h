/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeper: a node's lease and what stands behind it, as the controllers tell. */
#ifndef EDGE_KEEPER_H
#define EDGE_KEEPER_H

#include <stdbool.h>

#include <jansson.h>
#include <uv.h>

#include <picket/event.h>
#include <picket/lease.h>
#include <picket/limits.h>

struct agentcfg;
struct deadman;
struct lease;
struct link_client;
struct log;
struct worker;

struct keeper {
	/* the owner's */
	uv_loop_t *loop;
	struct log *log;
	struct agentcfg *config;
	struct worker *worker;
	struct link_client *link;
	struct deadman *deadman;
	enum picket_verdict verdict;
	void (*on_event)(void *ctx, const struct picket_event *event);
	void (*warn)(void *ctx, const char *text);
	void *ctx;
	/* ours */
	struct lease *lease;                     /* NULL: none yet */
	uint32_t epochs[PICKET_CONTROLLERS_MAX]; /* of the heartbeat keys; 0: not welcomed */
	uint64_t serial;                         /* of the controllers that we know; 0: the file's */
	uint32_t voters, voters_next;
};

const char *keeper_name(const struct keeper *keeper, unsigned controller); /* never NULL */
bool keeper_welcomed(const struct keeper *keeper);                          /* by anybody */
/* A lease that outlived our restart is taken up. */
int keeper_begin(struct keeper *keeper);
/* What the welcome said may be news to the kernel as well. -errno: this agent can go no further. */
int keeper_welcome(struct keeper *keeper, unsigned controller, json_t *welcome, uint64_t known_term);
/* {key_epoch}: that controller's heartbeat key gives way to the next. */
void keeper_rekey(struct keeper *keeper, unsigned controller, json_t *message);
/* {serial, voters, voters_next, list}: who the controllers are, and who of them votes. True: it was
 * news, and is in force; what an older list says changes nothing. */
bool keeper_controllers(struct keeper *keeper, json_t *message);
/* What is to be kept of that for the next start, and taken in then; cluster: whose it is. */
json_t *keeper_state(const struct keeper *keeper, json_t *list, uint64_t cluster);
void keeper_restore(struct keeper *keeper, json_t *state, uint64_t cluster);

#endif
