/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the director: what its files share. */
#ifndef CORE_DIRECTOR_INSIDE_H
#define CORE_DIRECTOR_INSIDE_H

#include "core/cluster.h"
#include "core/director.h"
#include "core/policy/policy.h"
#include "core/timing.h"

#define DIRECTOR_EVENTS_MAX 4096 /* kept for people */
#define MS 1000000ULL
/* A host that boots loads what takes over for it: storage, network, hypervisor. */
#define DIRECTOR_REST_NS (2000 * MS)

enum fence_phase {
	FENCE_NONE,
	FENCE_INTENT,  /* proposed, not committed */
	FENCE_RUNNING, /* the order is out */
	FENCE_LISTEN,  /* off was read; is the node silent? */
	FENCE_PROVEN,  /* the proof is proposed */
	FENCE_PAUSE,   /* failed: again at `until_ns` */
	FENCE_REST, /* proven; switched on again at `until_ns`, when the others have taken over */
	FENCE_ON,   /* being switched on again */
};

struct director_node {
	const char *name; /* the site's */
	uint32_t id;
	size_t n_links;
	bool connected, synced;
	char *boot_id; /* of the present connection */
	uint64_t hello_incarnation;
	bool heard[PICKET_LINKS_MAX];
	uint64_t last_ns[PICKET_LINKS_MAX];
	uint64_t heard_incarnation;
	uint32_t epoch;
	uint64_t silent_ns;  /* since when nothing of it is heard; 0: it is */
	uint64_t lost_at_ns; /* then it counts as lost; 0: not suspected */
	bool suspected, closed, blocking, admitting;
	json_t *cells; /* resource → {state, digest, recurring} */
	enum fence_phase fence;
	size_t level, device; /* of the topology: where the next try stands */
	uint64_t fence_id, until_ns, off_ns, t0_ns;
	json_t *proof;
	char *fence_why; /* why the last try failed */
	bool lying;      /* its BMC said off, and it was heard afterwards */
	char *block_why;
};

/* What the kernel reported of a node: it may come before the node is configured. */
struct director_ear {
	uint32_t node;
	bool heard[PICKET_LINKS_MAX];
	uint64_t last_ns[PICKET_LINKS_MAX];
};

struct director {
	struct director_config config;
	char *name;
	struct cluster *cluster;
	bool leader, ready;
	uint64_t nonce; /* in our first entry of this leadership */
	uint64_t term, leader_since_ns, now_ns, epoch_ms;
	struct site *site;
	struct timing timing;
	struct director_node *nodes; /* in the order of site->nodes */
	size_t n_nodes;
	struct director_ear *ears;
	size_t n_ears, cap_ears;
	/* the transition under way */
	struct plan *plan;
	struct step_state *steps;
	bool dirty, draining;
	unsigned transition;
	json_t *why;
	json_t *hellos; /* node → the hello of its present connection */
	/* people */
	json_t *events; /* array, oldest first */
	uint64_t cursor;
	uint64_t fence_ids;
	struct waiting {
		void *token;
		json_t *entry;
		struct waiting *next;
	} * waiting; /* requests that are answered when their entry is applied */
	struct actions *out;
};

enum step_phase { STEP_WAITING, STEP_OUT, STEP_DONE, STEP_FAILED };

struct step_state {
	enum step_phase phase;
	uint64_t until_ns;
};

/* director.c */
void director_note(struct director *d, const char *kind, const char *node, const char *resource,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
void director_propose(struct director *d, json_t *entry);
struct director_node *director_node(struct director *d, const char *name);
struct director_ear *director_ear(struct director *d, uint32_t node);
int director_configure(
	struct director *d, const char *text, const char *name, struct problems *problems);

/* director_node.c: a node's life: heard, lost, blocked, proven dead, back again */
void director_link(struct director *d, const struct event *event);
void director_beat(struct director *d, const struct picket_event *beat);
void director_fenced(struct director *d, const struct event *event);
void director_committed(struct director *d, json_t *entry);
void director_greet(struct director *d);
void director_watch(struct director *d); /* what time alone brings about */
void director_send(struct director *d, struct director_node *n, json_t *message);
void director_admit(struct director *d, struct director_node *n);
void director_block(struct director *d, struct director_node *n, const char *why);
const char *director_state(struct director *d, struct director_node *n);
char *director_todo(struct director *d, struct director_node *n);
bool director_usable(struct director *d, struct director_node *n);

/* director_plan.c: the transition */
void director_result(struct director *d, struct director_node *n, json_t *result, bool history);
void director_drive(struct director *d);
struct view *director_view(struct director *d);
void director_plan_forget(struct director *d, const char *node);
void director_plan_drop(struct director *d);

/* director_api.c */
void director_ask(struct director *d, const struct event *event);
void director_answer(struct director *d, json_t *entry);
void director_give_up(struct director *d); /* no longer the leader: who waits is told so */

#endif
