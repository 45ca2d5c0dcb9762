/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fencer: runs programs that speak the fence agent API, and believes only what they read back. */
#ifndef EDGE_FENCER_H
#define EDGE_FENCER_H

#include <stdint.h>

#include <jansson.h>
#include <uv.h>

struct fencer;

enum fencer_outcome {
	FENCER_OFF, /* off, and a status asked afterwards said off (exit status 2) */
	FENCER_ON,
	FENCER_FAILED, /* and everything that is not known: unknown is never success */
};

struct fencer_order {
	uint64_t id;
	const char *agent;    /* fence_picket_redfish: searched in the path */
	const char *target;   /* node name; also the plug when params have none */
	const char *op;       /* off or on */
	json_t *params;       /* object of texts; go through standard input, never argv (S15) */
	uint64_t deadline_ms; /* for off and its read-back, together */
};

struct fencer_result {
	uint64_t id;
	enum fencer_outcome outcome;
	const char *text;              /* one sentence for people */
	json_t *evidence;              /* array: {action, code, t_start_ns, t_end_ns, said} */
	uint64_t t_start_ns, t_end_ns; /* CLOCK_BOOTTIME */
};

/* path: folders, NULL-terminated, copied. */
int fencer_new(uv_loop_t *loop, const char *const *path,
	void (*on_result)(void *ctx, const struct fencer_result *result), void *ctx,
	struct fencer **ret);
/* Orders for different targets run side by side. Each gives one result, from the loop. */
void fencer_run(struct fencer *fencer, const struct fencer_order *order);
/* Ends what runs (SIGKILL to the agents); no results. */
void fencer_free(struct fencer *fencer);

#endif
