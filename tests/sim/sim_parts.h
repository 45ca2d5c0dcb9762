/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulator's parts: what each of its files does for the others. */
#ifndef TESTS_SIM_SIM_PARTS_H
#define TESTS_SIM_SIM_PARTS_H

#include "sim.h"

/* sim_time.c */
struct timer *sim_after(struct sim *s, uint64_t delay, void (*fire)(struct sim *, struct timer *));
bool sim_turn(struct sim *s, uint64_t until); /* false: nothing before until */
uint64_t sim_random(struct sim *s, uint64_t below);
bool sim_chance(struct sim *s, unsigned permille);
uint64_t sim_between(struct sim *s, uint64_t low, uint64_t high);
uint64_t sim_clock(const struct sim *s, int host);
/* True time that passes while the host's clock goes on by ns. */
uint64_t sim_true(const struct sim *s, int host, uint64_t ns);
void sim_say(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_violate(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* sim_wire.c */
bool wire_open(const struct sim *s, int from, int to, int link);
bool wire_path(const struct sim *s, int a, int b); /* both ways on one link */
void wire_packet(struct sim *s, int from, int to, int link, struct timer *t);
void wire_start(struct sim *s);
void wire_to_controller(struct sim *s, int node, int controller, json_t *message);
void wire_to_agent(struct sim *s, int controller, int node, json_t *message);
void wire_to_peer(struct sim *s, int from, int to, json_t *message);
void wire_close(struct sim *s, int node, int controller, bool seen); /* an agent's connection */
void wire_close_after(struct sim *s, int node, int controller); /* what was sent arrives first */
void wire_agent_gone(struct sim *s, int node, bool seen);
void wire_controller_gone(struct sim *s, int controller, bool seen);

/* sim_log.c */
void log_start(struct sim *s);
void log_propose(struct sim *s, int controller, uint64_t term, json_t *entry);
void log_depose(struct sim *s);                  /* the next election is due */
void log_stopped(struct sim *s, int controller); /* its process is gone */
void log_started(struct sim *s, int controller);
unsigned log_majority(const struct sim *s);

/* sim_controller.c */
void controller_start(struct sim *s, int c);
void controller_stop(struct sim *s, int c, bool seen);
void controller_host_gone(struct sim *s, int c);
bool controller_awake(const struct sim *s, int c);
void controller_event(struct sim *s, int c, struct event *event);
void controller_probe(struct sim *s, int c, int node, int link, uint64_t incarnation, uint64_t seq,
	uint64_t t_send, uint64_t true_send);
void controller_power_result(
	struct sim *s, int c, uint64_t gen, uint64_t id, enum event_proof proof, const char *text);
void controller_configure(struct sim *s);
void controller_ask(struct sim *s, int node); /* an operator wants something with that node */
void controller_online(struct sim *s);        /* nobody is to stand by any more */

/* sim_node.c */
void node_boot(struct sim *s, int h);
void node_power_off(struct sim *s, int h); /* the host, with all that runs on it */
void node_agent_start(struct sim *s, int h);
void node_agent_stop(struct sim *s, int h, bool seen);
void node_grant(struct sim *s, int h, int controller, uint64_t incarnation, uint64_t t_send,
	uint64_t true_send);
void node_hears(struct sim *s, int h, int controller, json_t *message);
json_t *node_hello(struct sim *s, int h);
bool node_awake(const struct sim *s, int h);

/* sim_check.c */
void check_active(struct sim *s, int h);                  /* S1, S12 */
void check_start(struct sim *s, int h, json_t *order);    /* S2, S6, S11, S12 */
void check_leases(struct sim *s);                         /* S3 */
void check_fence(struct sim *s, int c, const char *node); /* S4, S5 */
void check_commit(struct sim *s, json_t *entry);          /* nobody is proven dead alive */
void check_grant(struct sim *s, int c, int node, uint64_t incarnation); /* S11 */
bool check_converged(struct sim *s, char *why, size_t size);

/* sim_fault.c */
void fault_start(struct sim *s);
void fault_heal(struct sim *s);
void fault_promised(struct sim *s, int c);

int sim_host_of(const char *node); /* "n3" → 2 */
int sim_resource_of(const char *resource);
extern const char *const sim_resources[SIM_RESOURCES];

#endif
