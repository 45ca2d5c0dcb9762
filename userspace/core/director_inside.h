/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the director: what its files share. */
#ifndef CORE_DIRECTOR_INSIDE_H
#define CORE_DIRECTOR_INSIDE_H

#include "core/attributes.h"
#include "core/decision.h"
#include "core/director.h"
#include "core/director_death.h"
#include "core/director_rehearse.h"
#include "core/director_trust.h"
#include "core/director_voters.h"
#include "core/grant.h"
#include "core/journal.h"
#include "core/membership.h"
#include "core/proof.h"
#include "core/storm.h"
#include "core/timeline.h"
#include "core/timing.h"
#include "core/topology.h"
#include "core/transition.h"

#define MS 1000000ULL
struct director_node {
	const char *name;   /* the site's */
	uint32_t id, epoch; /* epoch: of its heartbeat key */
	size_t n_links;
	bool connected, synced, welcomed; /* welcomed: it knows that key */
	char *boot_id;                    /* of the present connection */
	json_t *self;                     /* what the agent says of its own end */
	/* expired: its verdict has fallen (0: none that we know); rolls: serials taken in, told */
	uint64_t hello_incarnation, expired, roll, roll_told;
	bool heard;               /* by a majority of the controllers */
	uint64_t silent_ns;       /* since when it is not; 0: it is, or never was */
	uint64_t lost_at_ns;      /* then it counts as lost; 0: not suspected */
	uint64_t met_ns, hung_ns; /* configured since; its agent hangs since (0: it does not) */
	bool suspected, closed, blocking, admitting, observed; /* observed: its loss was told */
	struct ledger ledger; /* what its agent told of its operations */
	struct director_fence fence;
	struct timeline timeline;
};

struct director {
	struct director_config config;
	char *name, *controllers[PICKET_CONTROLLERS_MAX];
	char *node, *boot_id; /* of our own host; node NULL: it is no node */
	struct cluster *cluster;
	bool leader, ready, storming, dirty;
	struct director_log log;
	struct director_trust trust;
	/* nonce: in our first entry of this leadership */
	uint64_t nonce, term, leader_since_ns, now_ns, epoch_ms;
	uint64_t hold_ns; /* nothing is proposed before */
	struct grant grant;
	struct membership members;
	uint64_t peer_life[PICKET_CONTROLLERS_MAX];
	struct site *site;
	struct timing timing;
	struct director_node *nodes; /* in the order of site->nodes */
	size_t n_nodes;
	struct storm storm;
	struct transition *transition;
	unsigned transitions;
	uint64_t recheck_s; /* since 1970, when time alone may change the plan; 0: never */
	uint64_t attention_ns, attended_ns; /* what can be promoted: looked at again, and last */
	json_t *attention, *why; /* what then, by name, "": all; of the last plan, if asked for */
	uint64_t breath_ns;      /* no plan before: an order was refused or not answered */
	uint64_t overtake_ns;    /* no plan beside what is still out before: the last did not fit */
	char *observed;          /* what was told last of what would be done */
	json_t *hellos;          /* node → the hello of its present connection */
	json_t *faults;          /* texts of what is broken between nodes and controllers */
	uint64_t faults_ns;      /* when they may have changed; 0: looked at */
	struct journal journal;
	struct attributes *attributes;
	uint64_t told; /* the serial that nodes were told last */
	json_t *world; /* what agents may ask about, as it was told */
	uint64_t asked, fence_ids, n_commits, n_fences, n_fence_failures, n_losses, n_failovers;
	struct timeline_times times;
	struct director_waiting *waiting; /* requests answered when their entry is applied */
	struct director_rehearse rehearse;
	struct actions *out;
};

/* director.c */
void director_note(struct director *d, const char *kind, const char *node, const char *resource,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
void director_note_more(
	struct director *d, const char *kind, const char *node, const char *text, json_t *more);
void director_propose(struct director *d, json_t *entry);
struct director_node *director_node(struct director *d, const char *name);
struct director_node *director_node_id(struct director *d, uint32_t id);
int director_configure(
	struct director *d, const char *text, const char *name, struct problems *problems);
#define MUSEUM(d, rule) ((d)->config.museum && (d)->config.museum->rule)

/* director_node.c: a node's life: heard, lost, blocked, back again */
void director_link(struct director *d, const struct event *event);
void director_beat(struct director *d, const struct picket_event *beat);
void director_committed(struct director *d, json_t *entry);
void director_greet(struct director *d);
void director_watch(struct director *d); /* what time alone brings about */
void director_send(struct director *d, struct director_node *n, json_t *message);
uint64_t director_lease_ms(struct director *d, struct director_node *n); /* T of its incarnation */
uint64_t director_wait_ns(struct director *d, struct director_node *n);  /* and its W */
void director_admit(struct director *d, struct director_node *n);
void director_block(struct director *d, struct director_node *n, const char *why);
void director_weigh(struct director *d, struct director_node *n, bool silent);
const char *director_state(struct director *d, struct director_node *n);
bool director_usable(struct director *d, struct director_node *n);

/* director_fence.c: a node's death: how it is brought about and proven */
void director_fenced(struct director *d, const struct event *event);
void director_fence_watch(struct director *d, struct director_node *n);
void director_fence_rest(struct director *d, struct director_node *n);
void director_fence_committed(struct director *d, struct director_node *n, json_t *entry);
void director_fence_reset(struct director *d, struct director_node *n);
void director_fence_done(struct director_node *n);
char *director_todo(struct director *d, struct director_node *n);

/* director_peer.c: the controllers among themselves */
void director_peer(struct director *d, const struct event *event);
void director_peer_note(struct director *d, json_t *event); /* to the others' journals */
void director_peer_beat(struct director *d, const struct picket_event *beat, bool heard);
void director_peer_bar(struct director *d, struct director_node *n);
void director_peer_ready(struct director *d);
void director_peer_granting(struct director *d);
void director_peer_stalled(struct director *d, bool stalled);
void director_barred(struct director *d, const char *node, uint64_t incarnation);
void director_faults(struct director *d);

/* director_attribute.c: what agents write down, and may ask about */
void director_attribute_says(struct director *d, struct director_node *n, json_t *message);
void director_attribute_request(struct director *d, struct director_node *n, json_t *message);
void director_attribute_greet(struct director *d, struct director_node *n);
void director_attribute_committed(struct director *d, json_t *entry);
void director_attribute_again(struct director *d);
void director_attribute_lost(struct director *d);
void director_attribute_watch(struct director *d);
void director_attribute_world(struct director *d);
void director_ask(struct director *d, const struct event *event);
void director_answer(struct director *d, json_t *entry);
void director_give_up(struct director *d); /* no longer the leader: who waits is told so */
void director_ask_done(struct director *d);
json_t *director_status(struct director *d);
json_t *director_plan_json(struct director *d, const struct site *site);
char *director_metrics(struct director *d);
#include "core/director_plan.h"

#endif
